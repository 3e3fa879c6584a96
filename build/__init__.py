"""What `make` calls to check the Python it finds, to build the website and to check the result."""

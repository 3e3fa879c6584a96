"""Programs written by hand with Relay's Python API: each returns what is to be printed, or a tuple of such things."""

"""What runs a Relay module. `interpreter` computes it with the operators' NumPy references."""

"""How a picture was made, read from and written to its file."""

"""What `bootstrap.py` does, one noun a module. Standard library only: nothing is installed yet."""

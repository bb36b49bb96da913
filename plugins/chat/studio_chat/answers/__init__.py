"""What questions ask for, and whether passages carry an answer."""

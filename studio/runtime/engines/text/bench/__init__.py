"""What `studio bench text` runs in children of its own."""

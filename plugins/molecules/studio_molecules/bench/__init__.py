"""What ``studio bench`` can measure of the molecules plugin."""

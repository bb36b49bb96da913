"""What ``studio bench`` can measure of the music plugin."""

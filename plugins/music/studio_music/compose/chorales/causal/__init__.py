"""The chorale network that writes from the start to the end, and its file."""

"""From the words of a request to what a tune is held to."""

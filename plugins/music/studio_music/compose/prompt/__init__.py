"""From the words of a request to the constraints on a tune."""

"""Files of textual inversions."""

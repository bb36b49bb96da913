"""What was computed of texts and weights, kept in memory and on disk."""

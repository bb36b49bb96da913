"""The computing device: which one, who uses it, its memory log and last hour."""

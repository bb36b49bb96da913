"""The list of tracks beside the roll."""

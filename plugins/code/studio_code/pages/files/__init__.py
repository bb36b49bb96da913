"""The folder on the disk: reading, writing, listing, watching, git. Knows no widget."""

"""The folder's git repository: what has changed, the difference, what is staged, a commit."""

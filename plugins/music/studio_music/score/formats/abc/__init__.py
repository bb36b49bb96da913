"""ABC notation 2.1, read and written."""

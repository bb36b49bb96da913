"""The runtime as a child process: its start, its death, its restart."""

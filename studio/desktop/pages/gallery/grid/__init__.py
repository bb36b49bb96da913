"""The grid: where its cells are, what it has read, and the pictures on its cards."""

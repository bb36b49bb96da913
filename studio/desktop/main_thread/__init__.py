"""Care for the window's thread: calls to it, its garbage, its stalls."""

"""The network that comes along: its layers, its file, and how it draws."""

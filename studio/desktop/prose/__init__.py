"""Markdown that grows while it is written, drawn with plain text widgets. Fetches nothing."""

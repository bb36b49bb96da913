"""The window: shell, pages, forms, theme. Never torch; owns nothing that a room below should."""

"""The window: shell, pages, forms, theme. Never torch; keeps nothing that ``core`` should own."""

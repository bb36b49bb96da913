"""The window: shell, pages, forms, theme (PySide6). Never torch; keeps nothing ``core`` should own."""

"""The window: shell, pages, forms, theme (PySide6). Never imports torch, and keeps no state that ``core`` should own."""

"""Saved prompts and presets: edit, insert, import and export."""

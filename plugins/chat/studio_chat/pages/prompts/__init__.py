"""Saved prompts and presets: kept, edited, inserted, brought in and taken out."""

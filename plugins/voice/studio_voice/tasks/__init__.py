"""The tasks of this plugin."""

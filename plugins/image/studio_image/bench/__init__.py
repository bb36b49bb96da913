"""What the plugin costs and how well its starter weights draw, measured. No task uses it."""

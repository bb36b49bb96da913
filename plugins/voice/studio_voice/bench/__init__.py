"""What `studio bench` measures of this plugin."""

"""What runs in a plugin's own process, around its worker: with no right that the plugin lacks."""

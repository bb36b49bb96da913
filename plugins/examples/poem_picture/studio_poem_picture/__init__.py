"""An example: a poem and a picture of it, made with tasks of two other plugins."""

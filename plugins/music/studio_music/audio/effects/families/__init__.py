"""The recipes. Each is a function from a stage to samples, of a few lines."""

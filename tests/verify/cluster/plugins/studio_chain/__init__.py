"""A step that keeps a processor busy and gives the same on each machine."""

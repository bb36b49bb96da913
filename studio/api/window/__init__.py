"""API for the window half of a plugin: context, building blocks, library, work queue."""

"""A plugin of Offline Studio."""

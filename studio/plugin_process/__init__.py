"""A plugin in a process of its own: its messages, its start, and (``inside``) what runs there."""

"""An example of what a plugin may bring: a kind of its own, with viewer, icon and exporter."""

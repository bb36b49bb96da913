"""What shows an artifact: plugins, plots, animations, and what is left for all others."""

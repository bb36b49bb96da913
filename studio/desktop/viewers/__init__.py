"""Viewers of artifacts: from plugins, for plots, for animations, and a fallback."""

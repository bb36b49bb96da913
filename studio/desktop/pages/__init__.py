"""The studio's own pages: gallery, models, plugins, settings, and that of any bare task."""

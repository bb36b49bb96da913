"""Several results at once: collections, tags, the bar of a selection, and dragging."""

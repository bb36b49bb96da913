"""The gallery grid: cell layout, item model, and thumbnails."""

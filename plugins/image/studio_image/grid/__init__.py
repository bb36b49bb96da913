"""Many pictures at once: sheets of labelled cells, and films."""

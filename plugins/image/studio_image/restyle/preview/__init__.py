"""The first picture of a restyling, painted in one pass."""

"""Measures of samples, the same for every architecture: plain functions on arrays and texts."""

"""Molecules put together from parts that meet at attachment points."""

"""Makers that others call."""

"""Weights looked at in a small process before anything else opens them."""

"""Diffusion transformers: code specific to their kinds of weights."""

"""Inpainting: masks and fills."""

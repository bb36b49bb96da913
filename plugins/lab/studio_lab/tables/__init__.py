"""Augmentation and simulation of tables, and whether it was worth it."""

"""Classify the subjects of drawings."""

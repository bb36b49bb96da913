"""Measure a language model's bias towards groups of people: templates, figures, and a report."""

"""Study: a lesson in sections, its questions, answers checked, a score, what to repeat."""

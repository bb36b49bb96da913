"""Study: a lesson in sections, questions, checked answers, a score, repetition."""

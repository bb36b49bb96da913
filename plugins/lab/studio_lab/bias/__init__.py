"""What a language model says of groups of people: templates, figures, and a report."""

"""The conversation about code beside the editor."""

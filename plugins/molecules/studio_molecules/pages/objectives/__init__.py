"""The form of what the molecules should be like."""

"""Form for the objectives of the molecules."""

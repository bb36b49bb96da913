"""What can be verified of a piece and of its sound."""

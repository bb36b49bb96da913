"""What can be learned from: data sets of the user's own, and examples."""

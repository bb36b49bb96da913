"""What results are gathered by: collections and tags."""

"""Jobs from a request to a saved result: recipes, board, store."""

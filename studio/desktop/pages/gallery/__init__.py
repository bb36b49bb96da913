"""The Gallery: its page, the grid, the details beside it, the bin."""

"""The molecules in view, as a table, a grid of cards, and the browser around them."""

"""What work costs: joules of what was made, and grams of carbon dioxide for them."""

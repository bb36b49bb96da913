"""The cost of work: joules of results, and their grams of carbon dioxide."""

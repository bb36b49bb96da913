"""How well passages are found: questions on real documents, and a bench that asks them."""

"""Memory: short facts the user keeps, told to the model in new conversations."""

"""Memory: short facts saved by the user, sent to the model in new conversations."""

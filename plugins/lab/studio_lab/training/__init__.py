"""How networks learn: one trainer for all."""

"""Networks that generate: one architecture a module."""

"""Says what a drawing shows."""

"""What runs on the other machine: it holds a runtime for a studio that is elsewhere."""

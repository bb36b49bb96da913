"""The decoder: transformer blocks in floats and packed, on processor and card."""

"""The piano roll: notes by time and pitch, and what stands around them."""

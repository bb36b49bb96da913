"""MIDI of devices: what a keyboard plays, and what a synthesiser is told to play."""

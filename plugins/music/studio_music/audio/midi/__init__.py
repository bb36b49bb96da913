"""MIDI of devices: input from a keyboard, and output to a synthesiser."""

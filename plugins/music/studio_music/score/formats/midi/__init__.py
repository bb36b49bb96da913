"""Standard MIDI Files, read and written."""

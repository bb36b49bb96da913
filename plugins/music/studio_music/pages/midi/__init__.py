"""The row for MIDI devices."""

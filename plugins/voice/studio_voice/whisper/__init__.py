"""The network of Whisper, its input, and its decoding."""

"""The network of Whisper, what it hears, and how it writes."""

"""GGUF files and model folders, read with limits."""

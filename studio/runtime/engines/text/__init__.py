"""The text engine: language models from GGUF files and model folders. Runs no code of theirs."""

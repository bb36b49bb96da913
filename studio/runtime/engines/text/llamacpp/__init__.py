"""The optional engine: llama.cpp through cyllama."""

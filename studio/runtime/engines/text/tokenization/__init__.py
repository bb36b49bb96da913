"""Tokenizers and chat templates, and the isolated children that run them."""

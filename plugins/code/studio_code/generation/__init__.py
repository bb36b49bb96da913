"""Asking a language model for code and reading its answers. Runs nothing."""

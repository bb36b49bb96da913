"""Talking with a language model: the microphone, the answer, its voice."""

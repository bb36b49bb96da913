"""Kokoro: from the sounds of a sentence to a voice."""

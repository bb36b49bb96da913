"""Conversations as trees of messages, and search in them."""

"""Conversations that other programs exported: read within bounds, whole or not at all."""

"""Molecules: generate, predict, filter, improve a lead. A plugin of Offline Studio.

Knows the studio by ``studio.api`` only.
"""

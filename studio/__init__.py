"""Offline Studio: make things with generative models on your own machine. Imports nothing heavy."""

from __future__ import annotations

__version__ = "0.1.0"

"""Ids of tokens that stand in a prompt where a picture is. Knows no model."""

from __future__ import annotations

from collections.abc import Sequence

PICTURE = 1 << 24
"""The first of them; no vocabulary is as large. Which pictures they are, the decoder knows."""


def read_at_once(prompt: Sequence[int]) -> int:
    """Return how many tokens of a prompt are read in one step at least: up to its last picture."""
    return max((place + 1 for place, id in enumerate(prompt) if id >= PICTURE), default=0)

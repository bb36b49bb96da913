"""Parameters of ``music.compare``."""

from __future__ import annotations

from studio.api import Params


class Compare(Params, frozen=True):
    """Nothing: the two scores are handed in."""

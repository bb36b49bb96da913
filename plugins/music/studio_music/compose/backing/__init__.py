"""Backing: chords, bass and drums under a melody, by rules of harmony and patterns of our own.

Exactly as long as the melody; the same seed gives the same notes. Renders nothing.
"""

from __future__ import annotations

from studio_music.compose.backing.arrangement import arranging
from studio_music.compose.backing.genres import GENRES, genre_of

__all__ = ["GENRES", "arranging", "genre_of"]

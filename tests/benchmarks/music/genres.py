"""The bench ``music-genres``: whether pieces of a genre are told apart by what is heard of them.

Pieces are composed from the name of the genre alone. A nearest centroid learns some of each and
names the others, by tempo, rhythm, backbeat, register, chords and dissonance; never by instruments.
Then again without drums, tempo and loudness, and by the tune alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch

from benchmarks.music.figures import backbeat_of, chords_of, rhythm_of
from benchmarks.music.moods import composed
from studio.api import BenchContext, finished
from studio_music.compose.backing import GENRES
from studio_music.compose.tunes import weights as tunes
from studio_music.score.piece import Piece

LEARNED, NAMED = 6, 4
"""Pieces of each genre: those the centroids are made of, and others that are named."""

_ASKED: Final = {"bossa": "bossa nova", "suspense": "thriller"}
_TUNE: Final = "melody"


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return which part is named right, and who is taken for whom."""
    torch.set_num_threads(1)
    model = finished(tunes.loader().load(ctx.weights_path("music-tunes"), "cpu"))
    heard: dict[str, list[dict[str, float]]] = {}
    for genre in GENRES:
        ctx.say(f"composing {genre} pieces")
        pieces = (
            composed(model, _ASKED.get(genre, genre), seed) for seed in range(LEARNED + NAMED)
        )
        heard[genre] = [heard_of(piece) for piece in pieces]
    share, confused = told_apart(heard, LEARNED)
    less = without(heard, ("drums", "kick", "backbeat", "tempo"))
    tune = {genre: [_only(row, _TUNE) for row in rows] for genre, rows in heard.items()}
    return {
        "ratio": round(share, 3),
        "named": NAMED * len(GENRES),
        "confused": confused,
        "without drums and tempo": round(told_apart(less, LEARNED)[0], 3),
        "by the tune alone": round(told_apart(tune, LEARNED)[0], 3),
        "by chance": round(1 / len(GENRES), 3),
    }


def heard_of(piece: Piece) -> dict[str, float]:
    """Return what is heard of a piece but its instruments."""
    found = {"tempo": float(np.log2(piece.tempo)), "bar": float(piece.metre.beats % 3 == 0)}
    for role in (_TUNE, "chords", "bass", "drums"):
        found |= rhythm_of(piece, role)
    return found | backbeat_of(piece) | chords_of(piece)


def told_apart(
    heard: Mapping[str, Sequence[Mapping[str, float]]], learned: int
) -> tuple[float, dict[str, int]]:
    """Return which share the nearest centroid names right, and "taken → for": how often.

    Args:
        heard: Genre → figures of each of its pieces.
        learned: So many pieces of each make its centroid; the others are named.
    """
    genres = list(heard)
    figures = list(next(iter(heard.values()))[0])
    rows = np.array([[[row[f] for f in figures] for row in heard[genre]] for genre in genres])
    known = rows[:, :learned].reshape(-1, len(figures))
    rows = (rows - known.mean(axis=0)) / (known.std(axis=0) + 1e-9)
    centroids = rows[:, :learned].mean(axis=1)
    confused: dict[str, int] = {}
    right = 0
    for place, others in enumerate(rows[:, learned:]):
        for row in others:
            named = int(np.argmin(((centroids - row) ** 2).sum(axis=1)))
            right += named == place
            if named != place:
                taken = f"{genres[place]} → {genres[named]}"
                confused[taken] = confused.get(taken, 0) + 1
    return right / (rows.shape[0] * (rows.shape[1] - learned)), confused


def without(
    heard: Mapping[str, Sequence[Mapping[str, float]]], words: Sequence[str]
) -> dict[str, list[dict[str, float]]]:
    """Return the figures but those whose names begin with one of ``words``."""
    return {
        genre: [
            {name: value for name, value in row.items() if not name.startswith(tuple(words))}
            for row in rows
        ]
        for genre, rows in heard.items()
    }


def _only(row: Mapping[str, float], word: str) -> dict[str, float]:
    return {name: value for name, value in row.items() if name.startswith(word)}

"""Chords are named by what is sung."""

from __future__ import annotations

import pytest

from studio_music.score.piece import Key
from studio_music.score.theory.chord_names import named, symbols


@pytest.mark.parametrize(
    ("pitches", "name"),
    [
        ((72, 67, 64, 48), "C"),
        ((72, 67, 64, 52), "C/E"),
        ((77, 65, 62, 57), "Dm/A"),
        ((77, 71, 65, 55), "G7"),
        ((72, 69, 67, 64), "Am7/E"),
        ((72, 68, 65, 62), "Dm7b5"),
    ],
)
def test_a_chord_is_named_by_what_is_sung(pitches: tuple[int, ...], name: str) -> None:
    rows = [pitches] * 4 + [(72, 71, 70, 69)] * 4 + [pitches] * 4
    assert [(chord.tick, chord.symbol) for chord in symbols(rows, Key("C"))] == [(0, name)]


def test_two_notes_and_clusters_have_no_name() -> None:
    assert named(frozenset({0, 1, 2}), 0) is None
    assert symbols([(-1, -1, 64, 60)] * 4, Key("C")) == ()

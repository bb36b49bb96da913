"""The bench of sound measures what it says, on a piece of the size it says."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from benchmarks.music import sound
from studio_music.score import piece


def test_the_piece_has_the_size_that_figures_are_compared_at() -> None:
    made = piece.checked(sound.six_tracks())
    assert sum(len(track.notes) for track in made.tracks) == 1920
    assert len(made.tracks) == 6
    assert made.seconds(made.end) == 60


@pytest.mark.slow
def test_it_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound, "ROUNDS", 1)
    monkeypatch.setattr(sound, "PLAYED", 1.0)
    monkeypatch.setattr(sound.selection, "why_no_soundfont", lambda: "none is looked for")
    figures = sound.measure(SimpleNamespace(say=lambda text: None))
    assert next(iter(figures)) == "ratio"
    assert figures["ratio"] > 0
    assert figures["first_sound_ms"] > 0
    assert figures["soundfont"] == "not measured: none is looked for"

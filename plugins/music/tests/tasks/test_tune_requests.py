"""The shipped tune weights, over some of the requests of their card: all parse, and are met."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from studio.api import finished  # noqa: E402
from studio.testing.guards import THOROUGH  # noqa: E402
from studio_music.compose.backing import arranging  # noqa: E402
from studio_music.compose.prompt.request import TuneRequest  # noqa: E402
from studio_music.compose.tunes import weights  # noqa: E402
from studio_music.compose.tunes.composer import write  # noqa: E402
from studio_music.score.formats.midi import files  # noqa: E402
from studio_music.score.piece import TICKS, Key, Metre, Piece, checked  # noqa: E402
from studio_music.score.theory.chord_symbols import parsed  # noqa: E402
from studio_music.score.theory.key_detection import OLD_MODES, found_key  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.slow]

WEIGHTS = Path(__file__).parents[4] / "resources/weights/music-tunes.safetensors"
METRES = ((4, 4), (3, 4), (2, 4), (6, 8), (2, 2), (9, 8), (12, 8), (5, 4), (7, 8))
MOODS = ("any", "calm", "happy", "sad", "lively", "solemn")
KEYS = ("D minor", "G major", "Bb major", "F# minor", "C major", "A minor")


@pytest.fixture(scope="module")
def model() -> Any:
    return finished(weights.loader().load(WEIGHTS, "cpu"))


def requests(metre: tuple[int, int]) -> dict[int, TuneRequest]:
    """Three for a metre, by seed: two together have every mood, all every key; lengths in turn.

    Thorough, twelve: three metres together have every mood with every key.
    """
    found = {}
    for number, (mood, key) in enumerate(product(MOODS, KEYS)):
        turn = METRES.index(metre)
        if (MOODS.index(mood) + KEYS.index(key) + turn) % (3 if THOROUGH else 6):
            continue
        if not THOROUGH and MOODS.index(mood) // 3 != turn % 2:
            continue
        bars = (8, 4, 16, 5, 12)[number % 5]
        tempo = (60.0, 90.0, 132.0, 180.0)[number % 4]
        found[number] = TuneRequest(Key.parse(key), Metre(*metre), bars, tempo, mood)
    return found


@pytest.mark.parametrize("metre", METRES, ids=lambda metre: f"{metre[0]}/{metre[1]}")
def test_requests_are_met(model: Any, metre: tuple[int, int]) -> None:
    """All parse; metre, tempo and length are as asked, and the key too in all but one at most."""
    asked = requests(metre)
    pieces = [written(model, request, seed) for seed, request in asked.items()]
    again = [files.read(files.write(checked(piece))).piece for piece in pieces]
    assert again == pieces, "every one parses, and loses nothing"
    for request, piece in zip(asked.values(), pieces, strict=True):
        assert (piece.metre, piece.tempo) == (request.metre, request.tempo)
        assert piece.length == request.bars * request.metre.bar == piece.tracks[0].notes[-1].end
    missed = [
        request
        for request, piece in zip(asked.values(), pieces, strict=True)
        if found_key(piece.tracks[0].notes) != request.key
    ]
    assert len(missed) <= 1, missed


def written(model: Any, request: TuneRequest, seed: int) -> Piece:
    *_, piece = write(model, request, torch.Generator().manual_seed(seed))
    assert isinstance(piece, Piece)
    return piece


def test_a_lively_tune_has_more_notes_a_second_than_a_calm_one(model: Any) -> None:
    pace = {}
    for mood in ("calm", "lively"):
        notes = [
            len(written(model, TuneRequest(bars=8, tempo=100, mood=mood), seed).tracks[0].notes)
            for seed in range(4)
        ]
        pace[mood] = sum(notes)
    assert pace["lively"] > 1.25 * pace["calm"], "at the same tempo"


def test_motifs_return_but_no_tune_stands_still(model: Any) -> None:
    distinct = []
    for seed in range(2):
        notes = written(model, TuneRequest(bars=16), seed).tracks[0].notes
        assert len({note.pitch for note in notes}) >= 5
        bars = [tuple(n.pitch for n in notes if n.start // 1920 == bar) for bar in range(16)]
        distinct.append(len(set(bars)))
    assert min(distinct) >= 4
    assert sum(distinct) / len(distinct) <= 14


def test_bars_of_five_are_three_and_two_and_those_of_seven_two_and_a_dotted_one(model: Any) -> None:
    """Few notes of a tune sound over where the groups of a bar meet."""
    for metre, meets in ((Metre(5, 4), 3 * TICKS), (Metre(7, 8), 2 * TICKS)):
        asked = TuneRequest(metre=metre, bars=8)
        bars = [
            (note.start % metre.bar, note.start % metre.bar + note.length)
            for seed in range(3)
            for note in written(model, asked, seed).tracks[0].notes
        ]
        over = sum(start < meets < end for start, end in bars)
        assert over <= 0.05 * len(bars), (metre, over)


@pytest.mark.parametrize(("mode", "step"), [("lydian", 6), ("phrygian", 1), ("dorian", 9)])
def test_chords_stay_in_the_mode_of_the_tune(model: Any, mode: str, step: int) -> None:
    """They have its tones, among them the one that no key of the same tonic has."""
    key = Key("D", "major" if mode == "lydian" else "minor")
    scale = {(key.pitch_class + tone) % 12 for tone in OLD_MODES[mode]}
    inside, own = [], 0
    for seed in range(3):
        tune = written(model, TuneRequest(key=key, scale=mode, bars=8), seed)
        *_, piece = arranging(tune, "folk", np.random.default_rng(seed), old_mode=mode)
        chords = [harmony.tones for c in piece.chords if (harmony := parsed(c.symbol))]
        inside += [set(tones) <= scale for tones in chords]
        own += sum(((key.pitch_class + step) % 12) in tones for tones in chords)
    assert sum(inside) >= 0.95 * len(inside)
    assert own

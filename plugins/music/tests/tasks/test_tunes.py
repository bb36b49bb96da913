"""Writing tunes: what the grammar promises holds whatever the network proposes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from studio.api import BadInput, StudioError, finished  # noqa: E402
from studio_music.compose.prompt.request import TuneRequest  # noqa: E402
from studio_music.compose.tunes import composer, weights  # noqa: E402
from studio_music.compose.tunes.composer import MAX_BARS, write  # noqa: E402
from studio_music.compose.tunes.network import TuneNetwork  # noqa: E402
from studio_music.compose.tunes.vocabulary import ADDITIVE_METRES, METRES, Echo, density_class  # noqa: E402
from studio_music.score.piece import Key, Metre, Piece  # noqa: E402

pytestmark = pytest.mark.torch

HOT = 3.0
"""A temperature at which an untrained network proposes nearly anything."""


def untrained(kind: str = "gru") -> weights.Tunes:
    torch.manual_seed(5)
    return weights.Tunes(TuneNetwork(kind, 64, 1).eval(), {"4/4": (2, 6)})


def written(request: TuneRequest, seed: int = 1, kind: str = "gru") -> Piece:
    steps = list(write(untrained(kind), request, torch.Generator().manual_seed(seed)))
    piece = steps.pop()
    assert isinstance(piece, Piece)
    assert steps == sorted(steps)
    assert 0 < steps[0] <= steps[-1] == 1
    return piece


def metre_of(text: str) -> Metre:
    beats, unit = text.split("/")
    return Metre(int(beats), int(unit))


def requests() -> Iterator[TuneRequest]:
    for metre in (*METRES, *ADDITIVE_METRES):
        for bars, mode in ((1, "minor"), (2, "major"), (9, "minor"), (17, "major")):
            yield TuneRequest(Key("Eb", mode), metre_of(metre), bars, temperature=HOT)


@pytest.mark.parametrize("request_", list(requests()), ids=str)
def test_it_is_as_long_as_asked_and_ends_on_the_tonic(request_: TuneRequest) -> None:
    piece = written(request_)
    notes, bar = piece.tracks[0].notes, request_.metre.bar
    assert piece.length == notes[-1].end == request_.bars * bar
    assert notes[-1].pitch % 12 == request_.key.pitch_class
    assert all(note.start // bar == (note.end - 1) // bar for note in notes)
    assert all(a.end <= b.start for a, b in pairwise(notes))
    scale = {*request_.key.scale, (request_.key.pitch_class + 11) % 12}
    assert all(note.pitch % 12 in scale and 55 <= note.pitch <= 86 for note in notes)
    assert (piece.metre, piece.tempo, piece.key) == (
        request_.metre,
        request_.tempo,
        request_.key,
    )


@pytest.mark.parametrize("metre", ["4/4", "6/8"])
def test_triplets_are_whole(metre: str) -> None:
    for seed in range(6):
        notes = written(TuneRequest(metre=metre_of(metre), bars=8, temperature=HOT), seed).tracks[0]
        lengths = [note.length for note in notes.notes]
        assert any(length % 60 for length in lengths), "an untrained network writes some triplets"
        off = [note.start for note in notes.notes if note.start % 60]
        assert all(any(note.end >= start for note in notes.notes) for start in off)
        starts = {note.start for note in notes.notes}
        ends = {note.end for note in notes.notes}
        for note in notes.notes:
            if note.start % 60:
                assert note.start in ends, "what begins within a triplet goes on from it"
            if note.end % 60:
                assert note.end in starts


@pytest.mark.parametrize("kind", ["gru", "transformer"])
def test_the_same_seed_writes_the_same_notes_with_one_thread_or_two(kind: str) -> None:
    request = TuneRequest(bars=3)
    first = written(request, kind=kind)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1 if threads > 1 else 2)
        assert written(request, kind=kind) == first
    finally:
        torch.set_num_threads(threads)
    assert written(request, seed=2, kind=kind).tracks != first.tracks


def test_a_longer_tune_says_its_sections_again() -> None:
    piece = written(TuneRequest(bars=32, mood="calm", temperature=HOT))
    bars = [_bar(piece, number) for number in range(32)]
    assert bars[8:16] == bars[:8]
    assert bars[24:31] == bars[:7]
    assert bars[16:24] != bars[:8]


def _bar(piece: Piece, number: int) -> list[tuple[int, int, int]]:
    begin = number * piece.metre.bar
    return [
        (note.start - begin, note.pitch, note.length)
        for note in piece.tracks[0].notes
        if begin <= note.start < begin + piece.metre.bar
    ]


def test_a_plan_counts_down_to_its_end_and_repeats_only_what_is_new() -> None:
    for bars in range(1, MAX_BARS + 1):
        plan = composer.planned(TuneRequest(bars=bars))
        assert [bar.left for bar in plan] == list(range(bars, 0, -1))
        assert (plan[-1].source, plan[-1].section_left) == (None, 1)
        repeated = [plan[bar.source] for bar in plan if bar.source is not None]
        assert all(bar.source is None for bar in repeated)


def test_what_cannot_be_written_is_said() -> None:
    for request in (TuneRequest(metre=Metre(11, 8)), TuneRequest(bars=0), TuneRequest(bars=129)):
        with pytest.raises(BadInput, match=r"11/8|bars"):
            next(write(untrained(), request, torch.Generator()))


def test_an_echo_is_what_began_at_the_same_place_some_bars_ago() -> None:
    echo = Echo(bar=96)
    echo.add(0, 20, 5)
    echo.add(96, 21, 6)
    one, two = echo.at(192)[:2], echo.at(192)[2:4]
    assert (one, two) == ([21, 6], [20, 5])
    assert echo.at(193) == Echo(96).at(0)


def test_twice_as_many_notes_are_two_classes_denser() -> None:
    assert density_class(16, 96) - density_class(8, 96) == 2


def loaded(path: Path) -> Any:
    return finished(weights.loader().load(path, "cpu"))


def test_a_file_is_recognised_and_writes_the_same_again(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    network = untrained().network.half().float()
    shape = {"kind": "gru", "width": 64, "depth": 1}
    weights.save(path, network.state_dict(), shape, {"4/4": (2, 6)}, {"tunes": 3})
    facts = weights.loader().recognise(path)
    assert facts is not None
    assert (facts.capabilities, facts.facts) == (("tunes",), {"tunes": 3})
    assert weights.loader().measure(path).weights_bytes == 2 * path.stat().st_size
    again = loaded(path)
    assert again.densities == {"4/4": (2, 6)}
    request, rng = TuneRequest(bars=4), torch.Generator
    kept = weights.Tunes(network, {"4/4": (2, 6)})
    assert list(write(again, request, rng().manual_seed(3))) == list(
        write(kept, request, rng().manual_seed(3))
    )


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    shape = {"kind": "gru", "width": 32, "depth": 1}
    weights.save(path, untrained().network.state_dict(), shape, {}, {})
    with pytest.raises(StudioError, match=r"own\.safetensors cannot be used"):
        loaded(path)
    path.write_bytes(path.read_bytes()[:500])
    assert weights.loader().recognise(path) is None
    with pytest.raises(StudioError, match="header"):
        loaded(path)

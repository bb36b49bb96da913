"""The bench ``music-models``: how well the two networks know their music, and how fast they write.

Chorales: nats per token, the JSB split at sixteenths, beside published figures; the share of named
chords beside the data's. With STUDIO_BENCH_MUSIC_BASELINE (a chorale network as a file) the same
figures of that one; with STUDIO_BENCH_MUSIC_CORPUS (the folder with the training data,
``chorales.npz`` and ``tunes.npz``) the longest runs of notes that were there before.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.music import jsb, likelihood
from studio.api import BenchContext, finished
from studio_music.compose.chorales import weights as chorales
from studio_music.compose.chorales.causal_network import CausalNetwork
from studio_music.compose.chorales.masked_sampler import MaskedSampler
from studio_music.compose.chorales.network import ChoraleNetwork
from studio_music.compose.chorales.vocabulary import LOWEST, MASKED, PHASES, REST
from studio_music.compose.prompt.request import TuneRequest
from studio_music.compose.tunes import weights as tunes
from studio_music.compose.tunes.composer import write
from studio_music.compose.tunes.vocabulary import DURATIONS, METRES, UNITS
from studio_music.score.piece import Key, Metre, Piece

Run = Sequence[tuple[int, ...]]

_CHORDS: Final = (
    (0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8),
    (0, 4, 7, 10), (0, 4, 7, 11), (0, 3, 7, 10), (0, 3, 6, 10), (0, 3, 6, 9),
    (0, 4), (0, 3), (0, 4, 10),
)  # fmt: skip
"""Triads, sevenths, and those without a fifth."""
_NAMED: Final = frozenset(
    frozenset((step + root) % 12 for step in chord) for chord in _CHORDS for root in range(12)
)

PUBLISHED: Final = {
    "Transformer, absolute positions": 0.417,
    "Transformer, relative attention": 0.335,
    "source": "Huang et al., Music Transformer, 2019: validation pieces, by sixteenths",
}
DRAWS: Final = 4
EVERY: Final = 64
"""Every so many-th step is asked where pieces are spelled out from start to end."""

HARMONISED: Final = 10
WRITTEN: Final = 16
_BASELINE: Final = "STUDIO_BENCH_MUSIC_BASELINE"
_CORPUS: Final = "STUDIO_BENCH_MUSIC_CORPUS"

Grid = NDArray[np.int64]
T = TypeVar("T")


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the figures of both networks."""
    torch.set_num_threads(1)
    pieces = jsb.read()
    model = finished(chorales.loader().load(ctx.weights_path("music-chorales"), "cpu"))
    network = model.network
    found = _chorale_figures(ctx, network, pieces)
    causal: dict[str, Any] = found["start to end"]
    if model.causal:
        causal = _causal_figures(model.causal, pieces)
    return {
        "ratio": round(causal["valid"] / PUBLISHED["Transformer, absolute positions"], 2),
        "tokens": "one voice at one sixteenth, held notes repeated; nats; 4 tokens a step",
        "chorales": found,
        "chorales, from start to end": causal,
        "published": PUBLISHED,
        "baseline": _baseline(ctx, pieces),
        "harmony": _harmony(ctx, network, pieces["test"]),
        "tunes": _tune_figures(ctx),
    }


def _chorale_figures(
    ctx: BenchContext, network: ChoraleNetwork, pieces: dict[str, list[Grid]]
) -> dict[str, Any]:
    """Return nats per token, in any order and from start to end, on both parts of the split."""
    found: dict[str, Any] = {"any order": {}, "start to end": {}}
    rng = np.random.default_rng(0)
    for part, grids in pieces.items():
        ctx.say(f"{part} pieces, in any order")
        each = [likelihood.any_order(network, grid, DRAWS, rng) for grid in grids]
        found["any order"][part] = _weighted(each, [len(grid) for grid in grids])
        ctx.say(f"{part} pieces, from start to end")
        asked = [
            likelihood.start_to_end(network, grid, EVERY, int(rng.integers(EVERY)))
            for grid in grids
        ]
        found["start to end"][part] = round(sum(n for n, _ in asked) / sum(c for _, c in asked), 4)
        found["start to end"][f"{part} tokens asked"] = sum(c for _, c in asked)
    return found


def _causal_figures(network: CausalNetwork, pieces: dict[str, list[Grid]]) -> dict[str, float]:
    """Return nats per token of all tokens, of all four voices and of three under a soprano."""
    found = {}
    for told, name in ((False, "{}"), (True, "{}, under its soprano")):
        for part, grids in pieces.items():
            sums = [likelihood.causal(network, grid, told=told) for grid in grids]
            found[name.format(part)] = round(sum(n for n, _ in sums) / sum(c for _, c in sums), 4)
    return found


def _baseline(ctx: BenchContext, pieces: dict[str, list[Grid]]) -> Any:
    path = os.environ.get(_BASELINE)
    if not path:
        return (
            f"not measured: set {_BASELINE} to a chorale network, as plugins/music/training makes"
        )
    network = finished(chorales.loader().load(Path(path), "cpu")).network
    return {"network": network.kind, **_chorale_figures(ctx, network, pieces)}


def _harmony(ctx: BenchContext, network: ChoraleNetwork, pieces: list[Grid]) -> dict[str, Any]:
    """Return the share of named chords where the sopranos of test pieces are harmonised."""
    ctx.say(f"harmonising {HARMONISED} sopranos")
    whole = [grid for grid in pieces if (grid[:, 0] >= 0).all()][:HARMONISED]
    begun = time.process_time()
    made = [_harmonised(network, grid, seed) for seed, grid in enumerate(whole)]
    seconds = time.process_time() - begun
    cells = 3 * sum(len(grid) for grid in made)
    found = {
        "named chords on beats": round(float(np.mean([named_share(g) for g in made])), 3),
        "named chords on beats, Bach": round(float(np.mean([named_share(g) for g in whole])), 3),
        "tokens a second": round(cells / seconds),
    }
    corpus = _corpus("chorales.npz")
    if corpus is None:
        return {**found, "longest shared run": f"not measured: set {_CORPUS}"}
    known = [_beats(grid) for grid in _parted(corpus["grid"], corpus["length"])]
    runs = [longest_shared(_beats(grid), known) for grid in made]
    own = [longest_shared(_beats(grid), known) for grid in whole]
    return {**found, "longest shared run, beats of alto, tenor and bass": max(runs),
            "the same of Bach's own voices": max(own)}  # fmt: skip


def _harmonised(network: ChoraleNetwork, grid: Grid, seed: int) -> Grid:
    cells = np.where(grid < 0, REST, grid - LOWEST)
    cells[:, 1:] = MASKED
    rng = torch.Generator().manual_seed(seed)
    filling = MaskedSampler(network, cells, np.arange(len(cells)) % PHASES, 0.7, rng)
    for _ in filling.fill(passes=8):
        pass
    return np.where(filling.cells == REST, -1, filling.cells + LOWEST)


def _tune_figures(ctx: BenchContext) -> dict[str, Any]:
    """Return the speed of writing, and how long the longest run is that was there before."""
    ctx.say(f"writing {WRITTEN} tunes")
    model = finished(tunes.loader().load(ctx.weights_path("music-tunes"), "cpu"))
    begun = time.process_time()
    written = [_written(model, number) for number in range(WRITTEN)]
    seconds = (time.process_time() - begun) / WRITTEN
    count = sum(len(piece.tracks[0].notes) for piece in written)
    found = {
        "seconds a tune of 16 bars": round(seconds, 2),
        "notes a second": round(count / seconds / WRITTEN),
    }
    corpus = _corpus("tunes.npz")
    if corpus is None:
        return {**found, "longest shared run": f"not measured: set {_CORPUS}"}
    lengths = np.array(DURATIONS)[corpus["duration"]]
    sizes = corpus["heads"][:, 0]
    parts = zip(_parted(corpus["pitch"], sizes), _parted(lengths, sizes), strict=True)
    known = [intervals(pitch.tolist(), length.tolist()) for pitch, length in parts]
    runs = sorted(1 + longest_shared(_line(piece), known) for piece in written)
    return {**found, "longest shared run, notes": runs[-1], "its median": runs[len(runs) // 2]}


def _written(model: tunes.Tunes, number: int) -> Piece:
    metre = list(METRES)[number % 4]
    beats, unit = map(int, metre.split("/"))
    request = TuneRequest(
        key=Key("D", ("major", "minor")[number % 2]), metre=Metre(beats, unit), bars=16
    )
    piece = _last_yielded(write(model, request, torch.Generator().manual_seed(number)))
    assert isinstance(piece, Piece)
    return piece


def _line(piece: Piece) -> Run:
    notes = piece.tracks[0].notes
    ticks = 480 // UNITS
    return intervals([n.pitch for n in notes], [n.length // ticks for n in notes])


def _beats(grid: Grid) -> Run:
    """Return the lower three voices beat by beat, as intervals from the soprano, and its steps."""
    beats = grid[::4].astype(int)
    lower = beats[:, 1:] - beats[:, :1]
    return [tuple(row) for row in lower.tolist()]


def _corpus(name: str) -> dict[str, NDArray[Any]] | None:
    folder = os.environ.get(_CORPUS)
    return dict(np.load(Path(folder) / name)) if folder else None


def _parted(flat: NDArray[Any], lengths: NDArray[Any]) -> list[NDArray[Any]]:
    return np.split(flat, np.cumsum(lengths)[:-1])


def _weighted(values: list[float], weights: list[int]) -> float:
    return round(float(np.average(values, weights=weights)), 4)


def _last_yielded(steps: Iterator[T]) -> T:
    *_, last = steps
    return last


def named_share(grid: NDArray[np.int64], every: int = 4) -> float:
    """Return the share of every so many-th step whose sounding pitch classes make a named chord.

    Args:
        grid: (steps, voices) MIDI pitches, −1 for a rest; silent steps do not count.
    """
    beats = [frozenset((row[row >= 0] % 12).tolist()) for row in grid[::every]]
    sounding = [beat for beat in beats if beat]
    return sum(beat in _NAMED for beat in sounding) / max(len(sounding), 1)


def intervals(pitches: Sequence[int], lengths: Sequence[int]) -> list[tuple[int, ...]]:
    """Return (interval, length of the first note) for each pair of neighbours."""
    pairs = zip(pitches, pitches[1:], lengths, strict=False)
    return [(later - earlier, length) for earlier, later, length in pairs]


def longest_shared(written: Run, known: Iterable[Run]) -> int:
    """Return how many neighbours in a row of ``written`` are also in one of ``known``."""
    length = 0
    sources = [tuple(run) for run in known]
    while length < len(written):
        wanted = {tuple(written[n : n + length + 1]) for n in range(len(written) - length)}
        if not any(_holds(source, wanted, length + 1) for source in sources):
            break
        length += 1
    return length


def _holds(source: Run, wanted: set[tuple[tuple[int, ...], ...]], length: int) -> bool:
    return any(tuple(source[n : n + length]) in wanted for n in range(len(source) - length + 1))

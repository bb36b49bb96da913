"""The bench ``music-moods``: pieces asked for by mood, measured by what knows nothing of moods.

Ten pieces a mood, composed and arranged as ``music.compose`` does it from the word alone. Of
each: mode as a key finder hears it, mean pitch and notes a second of the tune, loudness as
velocity, dissonance: the share of sounding pairs that are seconds, sevenths or tritones, and
sharpness: that of the minor seconds, major sevenths and tritones among them.
Then what the moods state of each other, pair by pair; and loops and layers: the jump at the seam
as a share of the largest step around it, and how well the bars of the layers agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, pairwise
from typing import Any, Final

import numpy as np
import torch

from benchmarks.music.figures import figures_of
from studio.api import BenchContext, finished
from studio_music.audio.mix.render import render
from studio_music.compose.arc.layers import layered
from studio_music.compose.prompt.moods import MOODS
from studio_music.compose.prompt.parser import understand
from studio_music.compose.tunes import weights as tunes
from studio_music.compose.tunes.composer import write
from studio_music.schema import Compose
from studio_music.score.piece import Piece
from studio_music.score.theory.key_detection import durations, pitched_notes
from studio_music.tasks.composition import arranged

SEEDS: Final = 10
RATE: Final = 22_050

STATED: Final = (
    ("calm", "lively", "pace"), ("sad", "happy", "pace"), ("dark", "furious", "pace"),
    ("dreamy", "playful", "pace"), ("solemn", "heroic", "pace"), ("tender", "lively", "pace"),
    ("dreamy", "heroic", "loudness"), ("sad", "heroic", "loudness"),
    ("calm", "furious", "loudness"),
    ("mysterious", "lively", "loudness"), ("tender", "happy", "loudness"),
    ("dark", "calm", "pitch"), ("dark", "playful", "pitch"), ("sad", "dreamy", "pitch"),
    ("solemn", "playful", "pitch"), ("dark", "mysterious", "pitch"),
    ("happy", "tense", "dissonance"), ("happy", "dark", "dissonance"),
    ("calm", "tense", "dissonance"),
    ("calm", "furious", "dissonance"), ("heroic", "dark", "dissonance"),
    ("heroic", "dreamy", "dissonance"), ("happy", "tender", "dissonance"),
    ("calm", "tense", "sharpness"), ("dreamy", "tense", "sharpness"),
    ("tender", "dark", "sharpness"), ("happy", "furious", "sharpness"),
)  # fmt: skip
"""(less, more, of what) that the table of moods states."""


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the figures of each mood, and which of what is stated holds."""
    torch.set_num_threads(1)
    model = finished(tunes.loader().load(ctx.weights_path("music-tunes"), "cpu"))
    figures: dict[str, dict[str, float]] = {}
    modes, asked = 0, 0
    for mood in MOODS:
        if mood == "any":
            continue
        ctx.say(f"composing {mood} pieces")
        pieces = [composed(model, mood, seed) for seed in range(SEEDS)]
        each = [figures_of(piece) for piece in pieces]
        means = {name: float(np.mean([figure[name] for figure in each])) for name in each[0]}
        figures[mood] = {name: round(mean, 3) for name, mean in means.items()}
        wanted = MOODS[mood].mode
        asked += SEEDS * bool(wanted)
        modes += sum(figure["minor"] == (wanted == "minor") for figure in each) * bool(wanted)
    held = [
        f"{less} < {more} in {name}"
        for less, more, name in STATED
        if figures[less][name] < figures[more][name]
    ]
    ctx.say("rendering loops and layers")
    return {
        "ratio": round(len(held) / len(STATED), 3),
        "requests": SEEDS * len(figures),
        "mode as stated": f"{modes} of {asked}",
        "stated and so": f"{len(held)} of {len(STATED)}",
        "stated, but not so": [
            f"{less} < {more} in {name}"
            for less, more, name in STATED
            if f"{less} < {more} in {name}" not in held
        ],
        "moods": figures,
        "layers": layer_figures(composed(model, "heroic", 1)),
    }


def layer_figures(piece: Piece) -> dict[str, Any]:
    """Return how loops close and how the bars of layers agree."""
    found: dict[str, Any] = {}
    sounds, bars = {}, {}
    for strength, layer in layered(piece, 1):
        *_, samples = render(layer, RATE, "studio", loop=True)
        assert isinstance(samples, np.ndarray)
        sounds[strength.name], bars[strength.name] = samples, _bars(layer)
        ends = np.concatenate([samples[-RATE // 20 :], samples[: RATE // 20]])
        around = float(np.abs(np.diff(ends, axis=0)).max())
        step = float(np.abs(samples[0] - samples[-1]).max())
        found[f"{strength.name}: seam, of the largest step around"] = round(step / around, 3)
    lengths = {len(samples) for samples in sounds.values()}
    found["samples apart"] = max(lengths) - min(lengths)
    for one, other in combinations(bars, 2):
        same = [float(np.corrcoef(a, b)[0, 1]) for a, b in zip(bars[one], bars[other], strict=True)]
        off = [
            float(np.corrcoef(a, b)[0, 1])
            for a, b in zip(bars[one], bars[other][3:] + bars[other][:3], strict=True)
        ]
        found[f"{one} and {other}: pitch classes of a bar agree"] = round(float(np.mean(same)), 3)
        found[f"{one} and {other}: the same, three bars apart"] = round(float(np.mean(off)), 3)
    return found


def _bars(piece: Piece) -> list[list[int]]:
    """Return for each bar how long each pitch class sounds."""
    starts = [*piece.bar_starts(), piece.end]
    notes = pitched_notes(piece)
    return [
        durations([n for n in notes if first <= n.start < last]) for first, last in pairwise(starts)
    ]


def composed(model: tunes.Tunes, ask: str, seed: int) -> Piece:
    """Return the piece that ``music.compose`` would make of an ask, at its first attempt."""
    asked = understand(Compose.parse({"prompt": ask}), np.random.default_rng(seed))
    *_, tune = write(model, asked.request, torch.Generator().manual_seed(seed))
    assert isinstance(tune, Piece)
    steps = arranged(tune, asked, seed)
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            piece, _ = ended.value
            assert isinstance(piece, Piece)
            return piece

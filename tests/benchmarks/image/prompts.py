"""The bench ``image-prompts``: how often sixty prompts get what they ask for, or are told what not.

A prompt is right when it is drawn from the captions that stand for it, as often and in the colour
that it says, when each drawing is most like real pictures of its caption, and when what is missing
is told. Whether a drawing shows its caption is judged by VGG-16 features, not by the probe that the
task itself asks; that needs the pictures that ``training/data.py`` writes
(``STUDIO_STARTER_PICTURES``). All drawings are as they come first: the task draws again what the
probe does not find.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.image import accuracy
from benchmarks.image.nearest_pictures import NEAR, apart, described
from benchmarks.image.starter import DATA
from studio.api import BadInput, BenchContext, finished
from studio_image.probe.network import Probe
from studio_image.probe.weights import loader as probe_loader
from studio_image.starter import sampler
from studio_image.starter import weights as starter_weights
from studio_image.starter.prompt import Reading, Subject, understand
from studio_image.starter.related_styles import known_styles
from studio_image.starter.variety import guidance, mixed_style, reach
from studio_image.starter.weights import Starter
from studio_image.tasks.starter_generation import PROBED

STYLE, VARIETY = "3d", 0.5
"""What the form has at first."""
WAYS = ((0.0, False), (VARIETY, False), (1.0, False), (VARIETY, True))
"""Variety, and whether styles are mixed."""
_USUAL = WAYS[1]
NEAREST = 5
_HUES = {
    "red": 0, "orange": 28, "yellow": 50, "green": 120, "blue": 212, "purple": 275, "pink": 335,
}  # fmt: skip
_HUE_ROOM = 35
"""Degrees that a drawing's hue may differ from its colour word's."""


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Read and draw all prompts. ``ratio`` is the share that is right or honestly refused."""
    starter = finished(starter_weights.loader().load(ctx.weights_path("image-starter"), "cpu"))
    probe = finished(probe_loader().load(ctx.weights_path("image-probe"), "cpu"))
    judge = None
    if named := os.environ.get(DATA):
        real = accuracy.RealPictures(Path(named))
        judge = accuracy.Examiner(starter, real, ctx.weights_path("vgg16-features"))
    text = Path(__file__).with_name("prompts.toml").read_text("utf-8")
    rows: list[dict[str, str]] = []
    subjects: dict[str, Subject] = {}
    examiner = _Examiner(starter, probe, judge)
    for asked in tomllib.loads(text)["prompts"]:
        try:
            reading = understand(asked["prompt"], STYLE, starter)
        except BadInput:
            rows.append(_row(asked, "refused", [] if asked.get("refused") else ["refused"]))
            continue
        wrong = _misread(asked, reading)
        for subject in reading.subjects:
            subjects[subject.wording] = subject
            drawn, seen = examiner.look(subject, *_USUAL)
            if sum(seen) * 2 < len(seen):
                wrong.append(f"{subject.trained_caption} is not what it looks like")
            if (colour := asked.get("colour")) and not _has_colour(drawn, colour):
                wrong.append(f"not {colour}")
        rows.append(_row(asked, reading.drawn, wrong))
    for subject in subjects.values():
        for way in {*WAYS} - {_USUAL}:
            examiner.look(subject, *way)
    return {
        "ratio": sum(not row["wrong"] for row in rows) / len(rows),
        "prompts": len(rows),
        "judge": "VGG-16 features" if judge else f"the probe ({DATA} names no pictures)",
        "variety": [examiner.tallies[way].told(*way) for way in WAYS],
        "table": rows,
    }


@dataclass
class _Tally:
    """What was found in one of the ways.

    Attributes:
        by_probe, by_judge: Whether each drawing shows its caption.
        apart: How far each pair of variations is apart: as shown, and at best.
    """

    by_probe: list[bool] = field(default_factory=list)
    by_judge: list[bool] = field(default_factory=list)
    apart: list[tuple[float, float]] = field(default_factory=list)

    def told(self, variety: float, is_mixed: bool) -> dict[str, Any]:
        """Return it as figures."""
        shown, at_best = (np.array(each) for each in zip(*self.apart))
        return {
            "variety": variety,
            "mixed_styles": is_mixed,
            "drawings": len(self.by_probe),
            "found_by_probe": float(np.mean(self.by_probe)),
            "found_by_judge": float(np.mean(self.by_judge)) if self.by_judge else "not measured",
            "distance": float(shown.mean()),
            "look_the_same": float((shown < NEAR).mean()),
            "distance_but_for_place": float(at_best.mean()),
            "look_the_same_but_for_place": float((at_best < NEAR).mean()),
        }


@dataclass
class _Examiner:
    """Draws subjects as the task first does, and says what is found."""

    starter: Starter
    probe: Probe
    judge: accuracy.Examiner | None
    tallies: dict[tuple[float, bool], _Tally] = field(
        default_factory=lambda: {way: _Tally() for way in WAYS}
    )

    def look(self, subject: Subject, variety: float, is_mixed: bool) -> tuple[Tensor, list[bool]]:
        """Return drawings (4, 3, 64, 64) and whether each shows the subject; both are counted."""
        styles, tally = self._styles(subject, is_mixed), self.tallies[variety, is_mixed]
        drawing = sampler.Drawing(
            subject.caption,
            guidance=guidance(sampler.GUIDANCE, variety),
            styles=styles,
            reach=reach(variety),
        )
        *_, (_, drawn) = sampler.draw(self.starter, drawing, torch.Generator().manual_seed(11))
        seen = [subject.trained_caption in found for found in self.probe.recognise(drawn, PROBED)]
        tally.by_probe += seen
        if self.judge is not None:
            seen = _shown(self.judge, drawn, subject, styles)
            tally.by_judge += seen
        tally.apart += [apart(one, other) for one, other in combinations(drawn, 2)]
        return drawn, seen

    def _styles(self, subject: Subject, is_mixed: bool) -> tuple[str, ...]:
        known = known_styles(subject.caption, self.starter.trained)
        numbers = range(sampler.BATCH)
        return tuple(mixed_style(n, STYLE, known) if is_mixed else STYLE for n in numbers)


def _row(asked: Mapping[str, Any], drawn: str, wrong: list[str]) -> dict[str, str]:
    return {"prompt": asked["prompt"], "drawn from": drawn, "wrong": "; ".join(wrong)}


def _misread(asked: Mapping[str, Any], reading: Reading) -> list[str]:
    """Return what the reading gets wrong; nothing for a right one."""
    if asked.get("refused"):
        return ["should be refused"]
    wrong, known = [], [subject.trained_caption for subject in reading.subjects]
    things = [[each] if isinstance(each, str) else each for each in asked["things"]]
    wrong += [f"no {each[0]}" for each in things if not set(each) & set(known)]
    wrong += [f"{each} was not asked for" for each in known if not any(each in t for t in things)]
    if reading.subjects[0].copies != asked.get("copies", 1):
        wrong.append(f"{reading.subjects[0].copies} copies")
    untold = set(asked.get("left_out", ())) - set(reading.unknown)
    return wrong + [f"does not say that {word} is left out" for word in sorted(untold)]


def _shown(
    judge: accuracy.Examiner, drawn: Tensor, subject: Subject, styles: Sequence[str]
) -> list[bool]:
    """Return for each drawing whether real ones of its caption are among the nearest."""
    found, place = described(judge.features, drawn), judge.real.place
    ranks = [
        judge.gallery.ranks(row[None], [subject.trained_caption], style).ranks[0]
        for row, style in zip(found, styles)
        if (subject.trained_caption, style) in place  # not every set has every caption
    ]
    return [int(rank) < NEAREST for rank in ranks]


def _has_colour(drawn: Tensor, colour: str) -> bool:
    """Whether most of what has a hue has about this one."""
    rgb = drawn.mul(255).byte().permute(0, 2, 3, 1).reshape(-1, 3).numpy().astype(int)
    top, low = rgb.max(1), rgb.min(1)
    vivid = rgb[top - low > 60]
    if not len(vivid):
        return False
    red, green, blue = (vivid[:, at] / 255 for at in range(3))
    hue = np.degrees(np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue))
    off = np.abs((hue - _HUES[colour] + 180) % 360 - 180)
    return bool((off < _HUE_ROOM).mean() > 0.5)

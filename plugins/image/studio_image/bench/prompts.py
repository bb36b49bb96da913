"""The bench ``image-prompts``: how often sixty prompts get what they ask for, or are told what not.

A prompt is right when it is drawn from the captions that stand for it, as often and in the colour
that it says, when each drawing is most like real pictures of its caption, and when what is missing
is told. Whether a drawing shows its caption is judged by VGG-16 features, not by the probe that the
task itself asks; that needs the pictures that ``training/data.py`` writes
(``STUDIO_STARTER_PICTURES``).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from importlib import resources
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from studio.api import BadInput, BenchContext, finished
from studio_image.bench import accuracy
from studio_image.bench.nearest_pictures import described
from studio_image.bench.starter import DATA
from studio_image.probe.weights import loader as probe_loader
from studio_image.starter import sampler
from studio_image.starter import weights as starter_weights
from studio_image.starter.prompt import Reading, Subject, understand
from studio_image.starter.variety import is_mirrored, style_of
from studio_image.starter.weights import Starter
from studio_image.tasks.starter_generation import PROBED

STYLE, VARIETY = "3d", 0.5
"""What the form has at first."""
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
    text = resources.files("studio_image.bench").joinpath("prompts.toml").read_text("utf-8")
    rows, apart = [], list[float]()
    by_probe, by_judge = list[bool](), list[bool]()
    for asked in tomllib.loads(text)["prompts"]:
        try:
            reading = understand(asked["prompt"], STYLE, starter)
        except BadInput:
            rows.append(_row(asked, "refused", [] if asked.get("refused") else ["refused"]))
            continue
        wrong = _misread(asked, reading)
        for subject in reading.subjects:
            drawn = _drawn(starter, subject)
            apart += _distances(drawn, subject.known)
            seen = [subject.known in found for found in probe.found(drawn, PROBED)]
            by_probe += seen
            if judge is not None:
                seen = _shown(judge, drawn, subject)
                by_judge += seen
            if sum(seen) * 2 < len(seen):
                wrong.append(f"{subject.known} is not what it looks like")
            if (colour := asked.get("colour")) and not _has_colour(drawn, colour):
                wrong.append(f"not {colour}")
        rows.append(_row(asked, reading.drawn, wrong))
    right = sum(not row["wrong"] for row in rows)
    return {
        "ratio": right / len(rows),
        "prompts": len(rows),
        "judge": "VGG-16 features" if judge else f"the probe ({DATA} names no pictures)",
        "found_by_probe": float(np.mean(by_probe)),
        "found_by_judge": float(np.mean(by_judge)) if by_judge else "not measured",
        "distance_of_variations": float(np.mean(apart)),
        "look_the_same": float(np.mean([far < 0.1 for far in apart])),
        "table": rows,
    }


def _row(asked: Mapping[str, Any], drawn: str, wrong: list[str]) -> dict[str, str]:
    return {"prompt": asked["prompt"], "drawn from": drawn, "wrong": "; ".join(wrong)}


def _misread(asked: Mapping[str, Any], reading: Reading) -> list[str]:
    """Return what the reading gets wrong; nothing for a right one."""
    if asked.get("refused"):
        return ["should be refused"]
    wrong, known = [], [subject.known for subject in reading.subjects]
    things = [[each] if isinstance(each, str) else each for each in asked["things"]]
    wrong += [f"no {each[0]}" for each in things if not set(each) & set(known)]
    wrong += [f"{each} was not asked for" for each in known if not any(each in t for t in things)]
    if reading.subjects[0].copies != asked.get("copies", 1):
        wrong.append(f"{reading.subjects[0].copies} copies")
    untold = set(asked.get("left_out", ())) - set(reading.unknown)
    return wrong + [f"does not say that {word} is left out" for word in sorted(untold)]


def _drawn(starter: Starter, subject: Subject) -> Tensor:
    rng, styles = torch.Generator().manual_seed(11), tuple(_styles())
    *_, (_, made) = sampler.draw(starter, sampler.Drawing(subject.caption, styles=styles), rng)
    return made


def _styles() -> list[str]:
    return [style_of(number, STYLE, VARIETY) for number in range(sampler.BATCH)]


def _shown(judge: accuracy.Examiner, drawn: Tensor, subject: Subject) -> list[bool]:
    """Return for each drawing whether real ones of its caption are among the nearest."""
    found, place = described(judge.features, drawn), judge.real.place
    ranks = [
        judge.gallery.ranks(row[None], [subject.known], style).ranks[0]
        for row, style in zip(found, _styles())
        if (subject.known, style) in place  # not every set has every caption
    ]
    return [int(rank) < NEAREST for rank in ranks]


def _distances(drawn: Tensor, caption: str) -> list[float]:
    """Return how far each pair is apart: root mean square at 32 × 32 pixels in -1…1."""
    shown = [
        picture.flip(-1) if is_mirrored(number, caption, VARIETY) else picture
        for number, picture in enumerate(drawn)
    ]
    small = F.interpolate(torch.stack(shown) * 2 - 1, size=(32, 32), mode="area").flatten(1)
    pairs = combinations(range(len(small)), 2)
    return [float((small[a] - small[b]).square().mean().sqrt()) for a, b in pairs]


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

"""The bench ``image-starter``: four starter pictures against the float32 loop, and accuracy.

Accuracy needs the pictures that the weights learned from, which no installation carries:
``STUDIO_STARTER_PICTURES`` names the file that ``training/data.py`` writes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.image import accuracy
from studio.api import BenchContext, finished, median_times
from studio_image import picture_arrays
from studio_image.starter import sampler
from studio_image.starter import weights as starter_weights
from studio_image.starter.network import LATENT_CHANNELS, LATENT_SIDE, TOKENS
from studio_image.starter.prompt import understand
from studio_image.starter.weights import Starter
from studio_image.tasks.starter_generation import ENLARGER, FACTOR
from studio_image.upscale import enlargement
from studio_image.upscale import weights as upscale_weights

PROMPT, STYLE = "a red fox", "3d"
ROUNDS = 5
LIMIT_SECONDS = 1.0
"""For four pictures on two cores."""
PAIRS = 173
DATA = "STUDIO_STARTER_PICTURES"


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Time four pictures of 64 px as the studio draws them, with previews, and enlarged to 256 px.

    ``ratio`` is the time of the plain float32 loop with the same previews over ours.
    """
    starter = finished(starter_weights.loader().load(ctx.weights_path("image-starter"), "cpu"))
    enlarger = finished(upscale_weights.loader().load(ctx.weights_path(ENLARGER), "cpu"))
    caption = understand(PROMPT, STYLE, starter).subjects[0].caption
    rows = torch.tensor([caption.row()] * sampler.BATCH)

    def ours() -> Tensor:
        rng = torch.Generator().manual_seed(7)
        *_, (_, made) = sampler.draw(starter, sampler.Drawing(caption), rng)
        return made

    small = [picture_arrays.from_unit(made.permute(1, 2, 0).numpy()) for made in ours()]

    def enlarged() -> None:
        for picture in small:
            for _ in enlargement.enlarged(enlarger, picture, FACTOR):
                pass

    ctx.say(f"drawing four pictures {ROUNDS} times, each in three ways")
    drawn, reference, larger = median_times(ROUNDS, ours, lambda: plain(starter, rows), enlarged)
    return {
        "ratio": reference.clock / drawn.clock,
        "ratio_of_processor_time": reference.processor / drawn.processor,
        "seconds": drawn.clock,
        "reference_seconds": reference.clock,
        "limit_seconds": LIMIT_SECONDS,
        "seconds_enlarging_to_256": larger.clock,
        "rounds": ROUNDS,
        "threads": torch.get_num_threads(),
        **figures(ctx, starter),
    }


@torch.inference_mode()
def plain(starter: Starter, rows: Tensor) -> Tensor:
    """Return pictures (n, 3, 64, 64) for captions, by the textbook's loop in full precision."""
    n = len(rows)
    rng = torch.Generator().manual_seed(7)
    x = torch.randn((n, TOKENS, LATENT_CHANNELS), generator=rng)
    both, pose = torch.cat([rows, torch.zeros_like(rows)]), torch.zeros(2 * n, 3)
    made = x
    for step in range(sampler.STEPS):
        now = step / sampler.STEPS
        times = torch.full((2 * n,), now)
        towards, away = starter.generator(torch.cat([x, x]), times, both, pose).chunk(2)
        velocity = away + sampler.GUIDANCE * (towards - away)
        ahead = x + (1 - now) * velocity
        x = x + velocity / sampler.STEPS
        square = ahead.transpose(1, 2).reshape(-1, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE)
        made = (starter.decoder(square) + 1) / 2
    return made


def figures(ctx: BenchContext, starter: Starter) -> dict[str, Any]:
    """Return how often what was asked is drawn: a row of shares for each style and kind of pair."""
    named = os.environ.get(DATA)
    if not named:
        return {"accuracy": f"not measured: {DATA} names no file of training/data.py"}
    ctx.say("drawing trained and held-out pairs of every style; this takes some minutes")
    real = accuracy.RealPictures(Path(named))
    report = accuracy.measure(starter, real, ctx.weights_path("vgg16-features"), PAIRS)
    shown: dict[str, Any] = {"accuracy": "pairs, top-1, top-5, ceiling, copy from another style"}
    for row in report.rows:
        shares = [round(share, 3) for share in (row.top1, row.top5, row.ceiling, row.copy)]
        shown[f"{row.pairs}: {row.styles}"] = [row.count, *shares]
    shown["distance"] = "mean rms to the nearest trained picture, share below 0.1"
    for name, far in report.distances.items():
        shown[f"distance: {name}"] = [round(far.mean, 3), round(far.near, 3)]
    return shown

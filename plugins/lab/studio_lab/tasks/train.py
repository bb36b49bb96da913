"""Train a network, and say how good it is on what it has not seen."""

from __future__ import annotations

import io
import time
from collections.abc import Generator, Iterator

import numpy as np
import torch

from studio.api import Event, Kind, TaskContext
from studio.api.plot import Axis, Line, Plot
from studio_lab.datasets.examples import EXAMPLES
from studio_lab.networks.architecture import Network, parameters
from studio_lab.networks.architectures import ARCHITECTURES
from studio_lab.schema import Train
from studio_lab.training.batches import Batches
from studio_lab.training.randomness import generator
from studio_lab.training.trainer import Plan, Trainer

_SHEET = 16
_PREVIEW_SECONDS = 3.0
_TELL_SECONDS = 0.1


def train(ctx: TaskContext, params: Train) -> Iterator[Event]:
    """Train, show samples from the same noise while it learns, and measure at the end."""
    data = EXAMPLES[params.example]()
    architecture = ARCHITECTURES[params.architecture]
    seed = ctx.rng.seed
    with ctx.alone():
        network = architecture.build(data.shape, params.size)
    network.to(ctx.device)
    batches = Batches(data, ctx.device, seed, params.batch)
    trial = Trainer(
        network, batches, Plan(params.steps or 1000, params.rate or architecture.rate), seed
    )
    curve: list[float] = []
    told = shown = 0.0
    while trial.step < trial.plan.steps:
        trial.advance()
        curve.append(trial.losses["network"])
        now = time.monotonic()
        if now - told < _TELL_SECONDS:
            continue
        told = now
        preview: np.ndarray | None = None
        if now - shown > _PREVIEW_SECONDS:
            shown, preview = (
                now,
                sheet((yield from sampled(trial.average, _SHEET, seed)), data.shape.levels),
            )
        yield ctx.progress(trial.step, trial.plan.steps, f"loss {curve[-1]:.4f}", preview)
    bound = float(trial.bound("test").mean())
    plot = Plot(
        "Loss", x=Axis("step"), y=Axis("loss"), series=[Line(y=list(curve), name="training")]
    )
    yield ctx.artifact(Kind.PLOT, plot.encode(), suffix=Plot.SUFFIX, title=plot.title)
    made = yield from sampled(trial.average, _SHEET, seed)
    title = f"{architecture.title}: {data.title}"
    picture = png(sheet(made, data.shape.levels))
    yield ctx.artifact(Kind.IMAGE, picture, suffix=".png", title=title)
    yield ctx.result(
        architecture=params.architecture,
        steps=trial.step,
        parameters=parameters(network),
        measures={"bound": bound},
    )


def sampled(network: Network, count: int, seed: int) -> Generator[Event, None, np.ndarray]:
    """Return ``count`` rows from noise that is the same each time."""
    random = generator(str(next(network.parameters()).device), seed, "sheet")
    making = network.sample(count, random)
    while True:
        try:
            with torch.no_grad():
                next(making)
        except StopIteration as end:
            rows: np.ndarray = end.value.cpu().numpy()
            return rows
        yield None


def sheet(rows: np.ndarray, levels: int) -> np.ndarray:
    """Return pictures, (N, C, H, W) from -1 to 1, side by side as (H, W, 3) uint8."""
    count, channels, height, width = rows.shape
    across = round(count**0.5)
    grid = rows[: across * across].reshape(across, across, channels, height, width)
    joined = grid.transpose(0, 3, 1, 4, 2).reshape(across * height, across * width, channels)
    shown = np.round((joined + 1) / 2 * (levels - 1)) * (255 / (levels - 1))
    return np.repeat(shown, 3 // channels, axis=2).clip(0, 255).astype(np.uint8)


def png(picture: np.ndarray) -> bytes:
    """Return a picture as a file; small ones are enlarged without smoothing."""
    from PIL import Image

    image = Image.fromarray(picture)
    factor = max(1, 256 // max(image.size))
    image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()

"""The bench ``lab-switches``: what each switch of a training changes, beside the same without it.

Bounds are of test rows, means of a few seeds; seconds are the processor's, of one thread.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from benchmarks.lab.architectures import one_thread
from studio.api import BenchContext
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.source import load
from studio_lab.networks.architectures import ARCHITECTURES
from studio_lab.training.batches import Batches
from studio_lab.training.run import Run
from studio_lab.training.trainer import Plan, Trainer

STEPS: Final = 600
SEEDS: Final = (1, 2, 3)


@dataclass(frozen=True)
class Setting:
    """How one training differs from the plain one.

    Attributes:
        plan: Fields of its ``Plan``.
        dropout, augmentation: As the parameters of a training have them.
        half: Whether it computes in bfloat16.
    """

    plan: Mapping[str, Any] = field(default_factory=dict)
    dropout: float = 0.0
    augmentation: str = "none"
    half: bool = False


@dataclass(frozen=True)
class Switch:
    """Two trainings of one architecture on one example that differ in one thing."""

    name: str
    architecture: str
    example: str
    on: Setting
    off: Setting = Setting()


SWITCHES: Sequence[Switch] = (
    Switch("moving average", "vae", "digits", Setting(), Setting({"average": 0.0})),
    Switch("dropout 0.2", "normalising_flow", "wine", Setting(dropout=0.2)),
    Switch("weight decay 0.1", "normalising_flow", "wine", Setting({"decay": 0.1})),
    Switch("augmentation by shifts", "vae", "digits", Setting(augmentation="shift")),
    Switch(
        "early stopping", "normalising_flow", "wine", Setting(), Setting({"stops_early": False})
    ),
    Switch("bfloat16", "vae", "digits", Setting(half=True)),
)


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return bound and seconds with each switch and without it.

    ``ratio``: the share of switches that lower the bound or save time.
    """
    found: dict[str, Any] = {}
    worth = []
    with one_thread():
        for switch in SWITCHES:
            ctx.say(switch.name)
            data, _ = load("", switch.example, ARCHITECTURES[switch.architecture].takes, 32, 0)
            trials = [_trained(ctx.scratch, switch, data, seed) for seed in SEEDS]
            (bound, seconds), (bound_without, seconds_without) = np.mean(trials, 0).tolist()
            worth.append(bound < bound_without or seconds < 0.9 * seconds_without)
            found[switch.name] = {
                "of": f"{ARCHITECTURES[switch.architecture].title}, {data.title}",
                "bound": round(bound, 3),
                "bound without": round(bound_without, 3),
                "seconds": round(seconds, 2),
                "seconds without": round(seconds_without, 2),
            }
    return {"ratio": sum(worth) / len(worth), "steps": STEPS, "seeds": len(SEEDS), **found}


def _trained(
    folder: Path, switch: Switch, data: Dataset, seed: int
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return bound and seconds with the switch, and without it, of one seed."""
    return (
        _figures(folder, switch.architecture, data, switch.on, seed),
        _figures(folder, switch.architecture, data, switch.off, seed),
    )


def _figures(
    folder: Path, name: str, data: Dataset, how: Setting, seed: int
) -> tuple[float, float]:
    architecture = ARCHITECTURES[name]
    with torch.random.fork_rng():
        network = architecture.build(data.shape, "small", dropout=how.dropout)
    batches = Batches(data, "cpu", seed, architecture.batch, how.augmentation)
    trainer = Trainer(network, batches, Plan(architecture.rate, **how.plan), seed)
    trainer.progress.steps, trainer.progress.half = STEPS, how.half
    run = Run(trainer, folder, name, seconds=0, every=3600, clock=time.process_time)
    begun = time.process_time()
    while not trainer.is_over:
        run.compute()
    took = time.process_time() - begun
    trainer.take_best()
    return float(trainer.bound("test").mean()), took

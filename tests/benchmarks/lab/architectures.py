"""The bench ``lab``: every architecture on its example, for the same time, beside its bar.

The bar is what plain counting reaches on the same held-out rows: of text an n-gram model, by bits a
character. Of what has no likelihood it is the better of two plain generators, by KID.
STUDIO_BENCH_LAB_SECONDS is how long each may train (60 without it), of the processor's time and of
one thread, so that a busy machine changes little: threads that wait for each other count as work.
STUDIO_BENCH_LAB names some of them: ``vae,gan``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import torch

from benchmarks.lab.baselines import baseline
from studio.api import BenchContext, finished
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.source import load
from studio_lab.measures.assessment import Role
from studio_lab.networks.architecture import Network, parameters
from studio_lab.networks.architectures import ARCHITECTURES
from studio_lab.tasks.evaluation import MEASURED_KINDS, Evaluation, made_by
from studio_lab.training.batches import Batches
from studio_lab.training.run import Run
from studio_lab.training.trainer import Plan, Trainer

SECONDS: Final = 60.0
_SEED: Final = 1
_SAMPLES: Final = 200
_TEXTS: Final = 40
_SIZE: Final = "small"


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return a row for each architecture: its figure, its bar, and whether it reaches it.

    ``ratio`` is the share of those that do.
    """
    seconds = float(os.environ.get("STUDIO_BENCH_LAB_SECONDS", SECONDS))
    wanted = [name for name in os.environ.get("STUDIO_BENCH_LAB", "").split(",") if name]
    rows: list[dict[str, Any]] = []
    with one_thread():
        for name in wanted or ARCHITECTURES:
            ctx.say(f"{name}: {seconds:g} s")
            rows.append(row := _measured(ctx, name, seconds))
            ctx.say(f"{name}: {row['measure']} {row['reached']}, the bar is {row['bar']}")
    reached = sum(row["passed"] == "yes" for row in rows) / len(rows)
    return {"ratio": round(reached, 3), "seconds": seconds, "table": rows}


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute with one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _measured(ctx: BenchContext, name: str, seconds: float) -> dict[str, Any]:
    architecture = ARCHITECTURES[name]
    data, _ = load("", "auto", architecture.takes, 32, _SEED, tokens="auto")
    with torch.random.fork_rng():  # each from the same state, whichever others are measured
        network = architecture.build(data.shape, _SIZE)
    batches = Batches(data, "cpu", _SEED, architecture.batch)
    trainer = Trainer(network, batches, Plan(architecture.rate), _SEED)
    clock = time.process_time
    run = Run(trainer, ctx.scratch / name, name, seconds=seconds, every=3600, clock=clock)
    while not trainer.is_over:
        run.compute()
    trainer.take_best()
    sampled = {}
    if network.generates and data.shape.kind in MEASURED_KINDS:
        sampled = beside_plain(name, trainer.average, data)
    figure, value, bar_name, bar = _judged(trainer, data, sampled)
    is_less = figure != "accuracy"
    return {
        "architecture": name,
        "example": data.title,
        "measure": figure,
        "reached": round(value, 4),
        "bar": round(bar, 4),
        "bar is": bar_name,
        "passed": "yes" if (value < bar if is_less else value > bar) else "no",
        "steps": trainer.progress.step,
        "parameters": parameters(network),
        "wrong with samples": sampled.get("wrong", ""),
    }


def _judged(
    trainer: Trainer, data: Dataset, sampled: Mapping[str, Any]
) -> tuple[str, float, str, float]:
    network = trainer.average
    if not network.generates:
        counts = np.bincount(data.labels[data.split.test])
        return (
            "accuracy",
            _accuracy(trainer),
            "most frequent class",
            float(counts.max() / counts.sum()),
        )
    if network.has_bound and data.shape.kind != "text":
        name, bar = baseline(data)
        return "nats per dimension", float(trainer.bound("test").mean()), name, bar
    measure = sampled["measure"]
    return measure, sampled[measure], sampled["best plain"], sampled["best plain value"]


def _accuracy(trainer: Trainer) -> float:
    with torch.no_grad():
        right = [trainer.average.right(each) for each in trainer.batches.held_out("test")]
    return float(torch.cat(right).float().mean())


def beside_plain(name: str, network: Network, data: Dataset) -> dict[str, Any]:
    """Return what its samples are worth beside the best plain generator, and what is wrong."""
    count = _TEXTS if data.shape.kind == "text" else _SAMPLES
    made = finished(made_by(network, data, name, count, _SEED, lambda share: None))
    assert made is not None, "it has all the time it needs"
    measure, found = Evaluation(data, [made], _SEED)()
    own = next(each for each in found if each.role is Role.WEIGHTS)
    plain = [each for each in found if each.role is Role.BASELINE]
    best = min(plain, key=lambda each: each.values[measure].value)
    values = {key: round(value.value, 4) for key, value in own.values.items()}
    return {
        **values,
        "measure": measure,
        "best plain": best.name,
        "best plain value": round(best.values[measure].value, 4),
        "wrong": ", ".join(own.findings) or "nothing",
    }

"""The bench ``pool``: what a load, an unload and a load again cost, against reading the file."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.api.jobs import JobRequest
from studio.cli.terminal.job_progress import JobProgress
from studio.cli.terminal.studio_session import StudioSession
from studio.models import Weights
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import PoolEvent
from studio.protocol.weights_files import files_of
from studio.studio import Studio

ROUNDS = 3
ALTERNATIONS = 20
"""Loads of two sets in turns, after which memory must be what it was."""
PATIENCE = 300.0
BLOCK = 4 * 1024**2
JOBS: dict[str, tuple[str, dict[str, Any]]] = {
    "text": ("chat.reply", {"prompt": "Hello.", "max_tokens": 1, "temperature": 0, "seed": 1}),
    "smiles": ("molecules.generate", {"count": 1, "seed": 1}),
}
"""Capability → a short job that leases such weights."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this bench can be told."""
    parser.add_argument(
        "--weights", default="", help="pool: a language model (default: a small one)"
    )


def measure(session: StudioSession, arguments: argparse.Namespace) -> dict[str, Any]:
    """Load, unload and load again; then load two sets in turns, each time dropping the other.

    A load is all that the pool waits for: header, tokenizer, weights. ``ratios``: ``second_load``
    against the first of this home, whose packed forms are then on the disk; ``load_to_read``: the
    later loads against reading the file, ``restart_to_read``: the first load of another process;
    ``growth``: memory after the alternation against before.
    """
    catalogue = session.weights
    weights = (
        catalogue.get(arguments.weights)
        if arguments.weights
        else catalogue.default_for("text", "smollm2-135m-instruct")
    )
    with session.studio() as studio:
        bench = _Bench(studio)
        loads, drops = bench.loads_and_drops(weights)
        reads = [_read(weights.path) for _ in range(ROUNDS)]
        before, after = bench.alternate(weights, catalogue.default_for("smiles"))
        status = studio.runtime.status
    with session.studio() as studio:
        restart = _Bench(studio).load(weights, "text").seconds
    later, read = statistics.median(loads[1:]), statistics.median(reads)
    gigabytes = weights.bytes / 1e9
    return {
        "ratio": later / read,
        "ratios": {
            "second_load": later / loads[0],
            "load_to_read": later / read,
            "restart_to_read": restart / read,
            "growth": after / before,
        },
        "seconds_a_gigabyte": {
            "first": loads[0] / gigabytes,
            "second": later / gigabytes,
            "restart": restart / gigabytes,
            "read": read / gigabytes,
        },
        "unload_seconds": statistics.median(drops),
        "alternations": ALTERNATIONS,
        "memory_before": before,
        "memory_after": after,
        "weights": weights.id,
        "bytes": weights.bytes,
        "threads": status.threads if status else 0,
    }


class _Bench:
    """Jobs that lease weights, and what the pool tells meanwhile."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._follower = JobProgress(studio, show_progress=False, show_text=False)
        self._events: list[PoolEvent] = []
        studio.memory.on_entry(lambda entry: self._events.append(entry.event))

    def loads_and_drops(self, weights: Weights) -> tuple[list[float], list[float]]:
        """Return the seconds of each load and of each unload of ``weights``."""
        loads, drops = [], []
        for _ in range(1 + ROUNDS):
            loads.append(self.load(weights, "text").seconds)
            drops.append(self._drop(weights).seconds)
        return loads, drops

    def alternate(self, one: Weights, other: Weights) -> tuple[int, int]:
        """Load both in turns; return the bytes in use after the first rounds and at the end."""
        before = 0
        for number in range(ALTERNATIONS):
            for weights, capability in ((one, "text"), (other, "smiles")):
                self.load(weights, capability)
                self._drop(weights)
            if number == ALTERNATIONS // 4:  # what libraries keep for good is there by then
                before = self._memory()
        return before, self._memory()

    def load(self, weights: Weights, capability: str) -> PoolEvent:
        """Lease ``weights`` for a short job; return what the pool told of the load."""
        task, params = JOBS[capability]
        job = self._studio.submit(JobRequest(task, {**params, "weights": weights.id}, keep=False))
        self._follower.follow(job)
        if job.error:
            raise job.error
        return self._event("loaded", weights)

    def _drop(self, weights: Weights) -> PoolEvent:
        self._studio.models.unload(weights.id)
        return self._event("unloaded", weights)

    def _event(self, what: str, weights: Weights) -> PoolEvent:
        """Return the next event of this kind, waiting for it."""

        def found() -> Iterator[PoolEvent]:
            events = self._events
            return (each for each in events if (each.what, each.weights) == (what, weights.id))

        until = time.monotonic() + PATIENCE
        while (event := next(found(), None)) is None:
            self._studio.pump(0.1)
            if time.monotonic() > until:
                raise StudioError(
                    ErrorCode.INTERNAL, f"{weights.title} was not {what} in {PATIENCE:.0f} s."
                )
        self._events.clear()
        return event

    def _memory(self) -> int:
        """Return the bytes that the next heartbeat tells of."""
        heard: list[int] = []
        end = self._studio.on_status(lambda status: heard.append(status.memory_used))
        while len(heard) < 2:  # the first may have been on its way already
            self._studio.pump(0.1)
        end()
        return heard[-1]


def _read(path: Path) -> float:
    """Return the seconds that reading ``path`` takes, as it is in the system's cache."""
    before = time.perf_counter()
    for each in files_of(path):
        with each.open("rb") as file:
            while file.read(BLOCK):
                pass
    return time.perf_counter() - before

"""The bench ``lanes``: a chat beside pictures, and beside a training, against each alone."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import psutil

from studio.api.jobs import JobRequest
from studio.cli.terminal.studio_session import StudioSession
from studio.jobs.job import Job
from studio.models import Weights
from studio.protocol.errors import ErrorCode, StudioError
from studio.studio import Studio

ROUNDS = 3
TOKENS = 128
PROMPT = "Tell me a long story about a lighthouse."
PICTURE_SECONDS = 4.0
PICTURES = {"prompt": "a lighthouse", "count": 16, "steps": 150, "enlarge": False}
"""Far more steps than are measured; the job is stopped when enough was seen."""
TRAINING = {"architecture": "diffusion", "example": "digits", "minutes": 30, "measured": 0}
PATIENCE = 300.0


@dataclass
class _Seen:
    """What one way of working showed, over all rounds.

    Attributes:
        gaps: Seconds between two tokens.
        tokens: A second, by round.
        pictures: Steps a second, by round.
        processors: How many the runtime kept busy, by round.
    """

    gaps: list[float] = field(default_factory=list)
    tokens: list[float] = field(default_factory=list)
    pictures: list[float] = field(default_factory=list)
    processors: list[float] = field(default_factory=list)


def measure(session: StudioSession) -> dict[str, Any]:
    """Write and draw with the starter weights: each alone and both together, in turns.

    ``ratios``: ``pictures`` and ``chat``, together against alone; ``p95`` of the time between two
    tokens against the 25 ms that are promised while pictures are drawn; ``p95_training`` of the
    same beside a training, against chat alone; ``processor_time`` of the same tokens and steps,
    together against alone: far above 1 where threads step on each other.

    Raises:
        StudioError: A plugin or weights for it are missing, or a job failed.
    """
    writes = session.weights.default_for("text", "smollm2-135m-instruct")
    draws = session.weights.default_for("text-to-image", "image-starter")
    chat, picture, both, training = _Seen(), _Seen(), _Seen(), _Seen()
    with session.studio() as studio:
        bench = _Bench(studio, writes, draws)
        bench.warm_up()
        for _ in range(ROUNDS):
            bench.write(chat)
            bench.draw(picture)
            bench.write_and_draw(both)
            bench.write_beside_training(training)
        status = studio.runtime.status
    pictures = statistics.median(both.pictures) / statistics.median(picture.pictures)
    p95 = _percentile(both.gaps, 0.95)
    return {
        "ratio": pictures,
        "ratios": {
            "pictures": pictures,
            "chat": statistics.median(both.tokens) / statistics.median(chat.tokens),
            "p95": p95 / 0.025,
            "p95_training": _percentile(training.gaps, 0.95) / _percentile(chat.gaps, 0.95),
            "processor_time": statistics.median(both.processors)
            / (
                statistics.median(both.tokens) * _seconds_each(chat, chat.tokens)
                + statistics.median(both.pictures) * _seconds_each(picture, picture.pictures)
            ),
        },
        "chat_p95_ms": 1e3 * p95,
        "chat_p95_ms_training": 1e3 * _percentile(training.gaps, 0.95),
        "threads": status.threads if status else 0,
        "processors": psutil.cpu_count(),
        "load": psutil.getloadavg()[0],
        "weights": [writes.id, draws.id],
        "table": [
            _row("chat alone", chat),
            _row("pictures alone", picture),
            _row("both", both),
            _row("chat beside a training", training),
        ],
    }


class _Bench:
    """The two jobs, and a watch on the runtime."""

    def __init__(self, studio: Studio, writes: Weights, draws: Weights) -> None:
        self._studio = studio
        self._writes, self._draws = writes, draws

    def warm_up(self) -> None:
        """Load both models and make their first steps."""
        self._wait(self._chat(8), lambda job: not job.is_live)
        self._stop(self._started(self._pictures()))

    def write(self, seen: _Seen) -> None:
        """Write alone."""
        busy = self._busy()
        self._written(seen)
        seen.processors.append(busy())

    def draw(self, seen: _Seen) -> None:
        """Draw alone."""
        job = self._started(self._pictures())
        busy, before, done = self._busy(), time.perf_counter(), job.done
        self._wait(job, lambda job: time.perf_counter() - before > PICTURE_SECONDS)
        seen.pictures.append(_steps(job.done - done) / (time.perf_counter() - before))
        seen.processors.append(busy())
        self._stop(job)

    def write_and_draw(self, seen: _Seen) -> None:
        """Write while pictures are drawn; what is drawn counts from first to last token."""
        job = self._started(self._pictures())
        busy = self._busy()
        marks = self._written(seen, lambda: job.done)
        seen.processors.append(busy())
        (began, first), *_, (ended, last) = marks
        seen.pictures.append(_steps(last - first) / (ended - began))
        self._stop(job)

    def write_beside_training(self, seen: _Seen) -> None:
        """Write while a network learns."""
        job = self._submit("lab.train", {**TRAINING, "seed": 1})
        self._wait(job, lambda job: job.done > 0)
        busy = self._busy()
        self._written(seen)
        seen.processors.append(busy())
        self._stop(job)

    def _written(
        self, seen: _Seen, note: Callable[[], float] = lambda: 0.0
    ) -> list[tuple[float, float]]:
        """Write ``TOKENS``; return when each arrived and what ``note`` said then."""
        marks: list[tuple[float, float]] = []
        job = self._chat(TOKENS)
        job.on_text(lambda *_: marks.append((time.perf_counter(), note())))
        self._wait(job, lambda job: not job.is_live)
        times = [at for at, _ in marks]
        seen.gaps += [later - earlier for earlier, later in pairwise(times)]
        seen.tokens.append((job.tokens - 1) / (times[-1] - times[0]))
        return marks

    def _chat(self, tokens: int) -> Job:
        params = {"prompt": PROMPT, "temperature": 0, "max_tokens": tokens, "seed": 1}
        return self._submit("chat.reply", {**params, "weights": self._writes.id})

    def _pictures(self) -> Job:
        return self._submit("image.generate", {**PICTURES, "weights": self._draws.id, "seed": 1})

    def _submit(self, task: str, params: dict[str, Any]) -> Job:
        return self._studio.submit(JobRequest(task, params, keep=False))

    def _started(self, job: Job) -> Job:
        """Wait until a few steps were made."""
        self._wait(job, lambda job: job.started is not None and job.done > 0.1)
        return job

    def _stop(self, job: Job) -> None:
        job.cancel()
        self._wait(job, lambda job: not job.is_live)

    def _wait(self, job: Job, until: Callable[[Job], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not until(job):
            self._studio.pump(0.05)
            if job.error is not None:
                raise job.error
            if time.monotonic() > deadline:
                raise StudioError(
                    ErrorCode.INTERNAL, f"“{job.title}” took more than {PATIENCE:.0f} seconds."
                )

    def _busy(self) -> Callable[[], float]:
        """Return what tells how many processors the runtime has kept busy since now."""
        hello = self._studio.runtime.hello
        assert hello is not None
        runtime = psutil.Process(hello.pid)

        def used() -> float:
            times = runtime.cpu_times()
            return float(times.user + times.system)

        began, before = time.perf_counter(), used()
        return lambda: (used() - before) / (time.perf_counter() - began)


def _steps(pictures: float) -> float:
    """Return how many steps so much progress was: each takes all pictures of a batch on a little.

    The plugin counts pictures; it draws them four at a time.
    """
    return pictures * float(PICTURES["steps"]) / 4  # type: ignore[arg-type]


def _seconds_each(seen: _Seen, rates: list[float]) -> float:
    """Return the processor time of one token or step."""
    return statistics.median(seen.processors) / statistics.median(rates)


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _row(name: str, seen: _Seen) -> dict[str, Any]:
    row: dict[str, Any] = {"": name}
    row["image steps/s"] = statistics.median(seen.pictures) if seen.pictures else None
    row["chat tokens/s"] = statistics.median(seen.tokens) if seen.tokens else None
    row["p50 ms"] = 1e3 * _percentile(seen.gaps, 0.5) if seen.gaps else None
    row["p95 ms"] = 1e3 * _percentile(seen.gaps, 0.95) if seen.gaps else None
    row["processors busy"] = statistics.median(seen.processors)
    return row

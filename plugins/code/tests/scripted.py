"""Pretend parts for tests of the worker half: an engine with a script, and a run without walls.

The run without walls starts a plain child and is only for code that these tests wrote themselves.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from studio.api import Cancelled, SandboxRequest, SandboxResult, SandboxStep, TextStep
from studio.api.worker import ArtifactEvent, ProgressEvent, ResultEvent, TextEvent
from studio.runtime.runner import last_words


class Engine:
    """Gives ``answers`` one after the other; remembers what it was asked."""

    context_length = 8000

    def __init__(self, *answers: str, finish_reason: str = "stop") -> None:
        self.answers = list(answers)
        self.asked: list[list[dict[str, str]]] = []
        self.wishes: list[Any] = []
        self.finish_reason = finish_reason

    def fit(self, messages: Sequence[Any], reserve: int) -> Any:
        self.asked.append(list(messages))
        return SimpleNamespace(ids=[1], dropped=0, note="")

    def generate(self, ids: Sequence[int], params: Any) -> Iterator[TextStep]:
        self.wishes.append(params)
        assert self.answers, f"nobody expected to be asked: {self.asked[-1][-2:]}"
        yield TextStep("prefill", 1, 1)
        for number, line in enumerate(self.answers.pop(0).splitlines(keepends=True), 1):
            yield TextStep("token", number, params.max_tokens, line, 7)
        yield TextStep("end", 1, params.max_tokens, finish_reason=self.finish_reason)

    def count(self, text: str) -> int:
        return len(text) // 3


class Unwalled:
    """Runs in a temporary folder, with nothing around it."""

    tier, reason = "A", ""

    def __init__(self) -> None:
        self.requests: list[SandboxRequest] = []

    def run(self, request: SandboxRequest) -> Iterator[SandboxStep]:
        self.requests.append(request)
        with tempfile.TemporaryDirectory() as folder:
            for name, data in request.files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            started = time.monotonic()
            yield SandboxStep()
            done = subprocess.run(
                [sys.executable, *request.command[1:]],
                input=request.stdin,
                capture_output=True,
                cwd=folder,
                timeout=60,
                check=False,
            )
            files = {
                f.name: f.read_bytes() for each in request.collect for f in Path(folder).glob(each)
            }
            seconds = time.monotonic() - started
            ended = "exit" if done.returncode >= 0 else "signal"
            result = SandboxResult(
                "A", ended, done.returncode, done.stdout, done.stderr, seconds, files
            )
            yield SandboxStep(done.stdout, done.stderr, result)


class NoWall:
    """A machine on which nothing can be run."""

    tier, reason = "", "this machine has no walls"

    def run(self, request: SandboxRequest) -> Iterator[SandboxStep]:
        raise AssertionError("nothing may be run without a wall")


class Context:
    """The least that a task needs."""

    def __init__(self, engine: Any = None, sandbox: Any = None) -> None:
        self.engine = engine
        self.sandbox = sandbox or Unwalled()
        self.rng = SimpleNamespace(seed=7)

    @contextmanager
    def lease(self, weights: str, working_bytes: int = 0) -> Iterator[Any]:
        yield self.engine

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a task asked for ctx.{name}")

    def progress(self, done: float, total: float, message: str = "") -> ProgressEvent:
        return ProgressEvent(done, total, message)

    def text(self, text: str, tokens: int = 0, channel: str = "") -> TextEvent:
        return TextEvent(text, tokens, channel)

    def artifact(self, kind: str, payload: bytes, *, suffix: str, **more: Any) -> ArtifactEvent:
        return ArtifactEvent(kind, payload, suffix, **more)

    def result(self, **values: Any) -> ResultEvent:
        return ResultEvent(values)


class Made:
    """What a task yielded."""

    def __init__(self, events: list[Any]) -> None:
        self.events = events
        self.artifacts = [each for each in events if isinstance(each, ArtifactEvent)]
        results = [each.values for each in events if isinstance(each, ResultEvent)]
        self.result: dict[str, Any] = dict(results[-1]) if results else {}
        self.messages = [each.message for each in events if isinstance(each, ProgressEvent)]

    def text(self, channel: str) -> str:
        """Return all text of a channel."""
        texts = [each for each in self.events if isinstance(each, TextEvent)]
        return "".join(each.text for each in texts if each.channel == channel)


def drive(task: Any, ctx: Context, params: Any) -> Made:
    """Run a task to its end."""
    return Made(list(task(ctx, params)))


def stop_at(task: Any, ctx: Context, params: Any, message: str) -> Made:
    """Run a task until its progress says ``message``, then stop it; return its last words."""
    steps = task(ctx, params)
    for event in steps:
        if isinstance(event, ProgressEvent) and message in event.message:
            return Made(list(last_words(steps, Cancelled())))
    raise AssertionError(f"it never said {message!r}")

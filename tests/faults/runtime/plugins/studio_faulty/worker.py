"""The tasks themselves, and weights that never finish loading."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.api import Requirements, WeightsFacts, hookimpl

STEP_SECONDS = 0.02


def write(ctx: Any, params: Any) -> Iterator[Any]:
    """Write the prompt and keep it."""
    yield ctx.text(params.prompt, 1)
    yield ctx.artifact("text", params.prompt.encode(), suffix=".txt", text=params.prompt)
    yield ctx.result(text=params.prompt)


def endless(ctx: Any, params: Any) -> Iterator[Any]:
    """Keep one file, start a process that outlives everything, and write for ever."""
    yield ctx.artifact("text", b"made before the end", suffix=".txt", text="made")
    sleeper = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], stdin=subprocess.DEVNULL
    )
    yield ctx.text(f"{sleeper.pid}\n", 1)
    for count in range(2, sys.maxsize):
        yield ctx.text("x", count)
        time.sleep(STEP_SECONDS)


def spin(ctx: Any, params: Any) -> Iterator[Any]:
    """Begin a step that never ends."""
    yield ctx.text("spinning")
    while True:
        time.sleep(STEP_SECONDS)


def grip(ctx: Any, params: Any) -> Iterator[Any]:
    """Begin a step that never ends and lets no other thread of the process run."""
    yield ctx.text("gripping")
    re.match(r"(a+)+$", "a" * 60 + "b")


def stray(ctx: Any, params: Any) -> Iterator[Any]:
    """Start processes that lead sessions of their own, and write for ever."""
    sleep = ["sleep", "600"]
    own = subprocess.Popen(sleep, start_new_session=True)
    bare = subprocess.Popen(sleep, start_new_session=True, env={})
    script = "sleep 600 > /dev/null 2>&1 & echo $!"
    orphan = subprocess.run(
        ["setsid", "sh", "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()
    yield ctx.text(f"{own.pid} {orphan} {bare.pid}\n", 1)
    for count in range(2, sys.maxsize):
        yield ctx.text("x", count)
        time.sleep(STEP_SECONDS)


def load(ctx: Any, params: Any) -> Iterator[Any]:
    """Lease weights that never come."""
    with ctx.lease(params.weights):
        yield ctx.text("loaded")


def die(ctx: Any, params: Any) -> Iterator[Any]:
    """Take the whole process down."""
    yield ctx.text("about to die")
    print("last words of the worker", file=sys.stderr, flush=True)
    if params.how == "segfault":
        ctypes.string_at(0)
    elif params.how == "abort":
        os.abort()
    elif params.how == "exit":
        os._exit(7)
    elif params.how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    else:
        sys.setrecursionlimit(10**9)
        _overflow(0)


def _overflow(depth: int) -> int:
    return max([depth], key=_overflow) if depth < 0 else _overflow_in_c(depth)


def _overflow_in_c(depth: int) -> int:
    # A recursion through C frames eats the thread's stack for real.
    return sorted([depth], key=_overflow)[0]


class SlowLoader:
    """Weights whose loading goes on until it is called off."""

    family = "faulty-slow"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Know our own."""
        return WeightsFacts(self.family, "Slow", ("slow",)) if path.suffix == ".slow" else None

    def measure(self, path: Path) -> Requirements:
        """Need next to nothing."""
        return Requirements(1, 1)

    def load(self, path: Path, device: str) -> Iterator[float]:
        """Never come to an end."""
        while True:
            time.sleep(STEP_SECONDS)
            yield 0.5

    def unload(self, loaded: Any) -> None:
        """Hold nothing."""


@hookimpl
def studio_tasks() -> dict[str, Any]:
    """Return the tasks."""
    tasks = {
        "write": write,
        "endless": endless,
        "load": load,
        "die": die,
        "spin": spin,
        "grip": grip,
        "stray": stray,
    }
    return {f"faulty.{name}": task for name, task in tasks.items()}


@hookimpl
def studio_loaders() -> list[Any]:
    """Return the loader."""
    return [SlowLoader()]

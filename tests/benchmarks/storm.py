"""The bench ``storm``: random jobs of all plugins, stopped and killed where memory is short.

A seed draws the same jobs again; which of them are stopped or killed depends on what is live then.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

import psutil

from benchmarks import window
from studio.api.jobs import JobRequest
from studio.base.paths import StudioPaths
from studio.base.runtime_settings import MEMORY_LIMIT
from studio.cli.terminal.studio_session import StudioSession
from studio.jobs.job import Job
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import Status
from studio.protocol.states import JobState, Priority
from studio.runtimes.supervisor import RuntimeState
from studio.studio import Studio

LEAD = "CC(C)NCC(O)COc1cccc2ccccc12"
WORK: dict[str, Callable[[random.Random], dict[str, Any]]] = {
    "chat.reply": lambda chance: {"prompt": "Name a colour.", "max_tokens": chance.randint(4, 24)},
    "code.write": lambda chance: {
        "prompt": "A function add(a, b) that returns the sum.", "rounds": 0, "max_tokens": 32,
    },
    "image.generate": lambda chance: {"prompt": chance.choice(["a frog", "a red fox"])},
    "molecules.generate": lambda chance: {"count": chance.randint(1, 8)},
    "molecules.analogues": lambda chance: {"lead": LEAD, "count": chance.randint(1, 4)},
    "music.compose": lambda chance: {
        "prompt": chance.choice(["8 bars, calm", "4 bars, lively"]),
        "audio": chance.random() < 0.25,
    },
}  # fmt: skip
"""Task → parameters of a short job."""

AT_ONCE = 12
"""Jobs that wait or run side by side."""
PATIENCE = 600.0
SETTLED = 1.0
"""Seconds after which what was dropped last has been given back to the system."""
SPARE = 1.05
"""Of what the largest weights need, with which all else has to make do."""


QUARTERS = 4
"""The runtime is killed in the first one only: from the second on, nothing may grow."""

_SCRIPT = """
from PySide6.QtCore import QTimer
from benchmarks import storm

pages = [button.spec.id for button in app.window.rail.buttons()]
for page in pages:
    open_page(page)
def next_page():
    pages.append(pages.pop(0))
    app.window.go_to(pages[0])
turning = QTimer()
turning.timeout.connect(next_page)
turning.start(1500)
app.session.studio.runtime.start()
show(storm.blow(app.session.studio, loop, **arguments))
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this bench can be told."""
    add = parser.add_argument
    add("--jobs", type=int, default=300, help="storm: how many jobs (default: %(default)s)")
    add("--kills", type=int, default=6, help="storm: kills of the runtime (default: %(default)s)")
    add("--seed", type=int, default=1, help="storm: which one (default: %(default)s)")
    add("--windowless", action="store_true", help="storm: measure the studio without its window")


def measure(session: StudioSession, arguments: argparse.Namespace) -> dict[str, Any]:
    """Let it blow in a home that is thrown away, with a window whose pages are open.

    ``ratio``: the most memory that was lent, against the budget, as each heartbeat tells it; None
    where no job needed weights. ``without_cause``: jobs that
    failed or were lost and neither stopped nor killed. ``stall_ms``: how late the window's event
    loop came to a timer that is due every 10 ms, and ``bare_stall_ms`` how late a program was that
    did nothing else beside it; without a window, how long the studio's thread was busy with one
    message. ``held``: descriptors, megabytes, threads and children after each quarter, with
    nothing loaded; ``growth`` is the runtime's memory after the last against that after the second.
    """
    told = {"seed": arguments.seed, "count": arguments.jobs, "kills": arguments.kills}
    if not arguments.windowless:
        with window.Metronome() as bare:
            figures = window.run(_SCRIPT, told, session.only)
        return {**figures, "bare_stall_ms": bare.lateness}
    with StudioPaths.throwaway() as paths:
        loop = _Posted()
        studio = Studio.open(home=paths, post=loop.calls.put, only=session.only)
        try:
            return blow(studio, loop, **told)
        finally:
            studio.close()


class Loop(Protocol):
    """The thread of the studio.

    Attributes:
        late: Seconds that somebody had to wait for it, each time.
    """

    late: list[float]

    def turn(self, seconds: float) -> None:
        """Let it do what has been posted, for about so long or until something is done."""


def blow(studio: Studio, loop: Loop, seed: int, count: int, kills: int) -> dict[str, Any]:
    """Draw ``count`` jobs, kill the runtime ``kills`` times meanwhile; return the figures.

    Raises:
        StudioError: No plugin has a task for it; a job fails before it begins, or none ends.
    """
    return _Storm(studio, loop, seed).blow(count, kills)


class _Posted:
    """A studio's thread without a window."""

    def __init__(self) -> None:
        self.calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.late: list[float] = []

    def turn(self, seconds: float) -> None:
        try:
            call = self.calls.get(timeout=seconds)
        except queue.Empty:
            return
        began = time.perf_counter()
        call()
        self.late.append(time.perf_counter() - began)


class _Storm:
    def __init__(self, studio: Studio, loop: Loop, seed: int) -> None:
        self._studio, self._loop = studio, loop
        self._seed, self._chance = seed, random.Random(seed)
        usable = {task.id for _, task in studio.plugins.tasks()}
        self._work = {task: make for task, make in WORK.items() if task in usable}
        if not self._work:
            raise StudioError(
                ErrorCode.NOT_FOUND,
                "No plugin has a task for the storm.",
                "Enable one of the plugins that come with the studio.",
            )
        self._jobs: list[Job] = []
        self._stopped: set[str] = set()
        self._struck: set[str] = set()
        """Jobs that were live when the runtime was killed."""
        self._needs: dict[str, int] = {}
        self._budget = self._most = self._over = 0

    def blow(self, count: int, kills: int) -> dict[str, Any]:
        """Learn what the weights need, allow less than that, and let it blow."""
        for task in self._work:
            job = self._submit(task)
            self._until(lambda job=job: not job.is_live)  # type: ignore[misc]
            if job.error is not None:
                raise job.error
        self._look_for(1.5)  # a heartbeat
        self._budget = int(SPARE * max(self._needs.values(), default=0))
        self._studio.settings.set(MEMORY_LIMIT, self._budget)
        self._calm()
        self._jobs.clear()
        self._loop.late.clear()
        self._most = self._over = 0
        quarter = max(1, count // QUARTERS)
        strikes = set(self._chance.sample(range(1, quarter + 1), min(kills, quarter)))
        held: list[dict[str, dict[str, int]]] = []
        for number in range(1, count + 1):
            self._gust(number in strikes)
            if number == count or (number % quarter == 0 and len(held) < QUARTERS - 1):
                held.append(self._calm())
        return self._figures(len(strikes), held)

    def _gust(self, strikes: bool) -> None:
        self._until(lambda: len(self._live()) < AT_ONCE)
        job = self._submit(self._chance.choice([*self._work]))
        if self._chance.random() < 0.3:
            unlucky = self._chance.choice(self._live() or [job])
            self._stopped.add(unlucky.id)
            unlucky.cancel()
        self._look_for(self._chance.random() * 0.05)
        if strikes:
            self._strike()

    def _strike(self) -> None:
        """Kill the runtime in the middle of its work."""
        runtime = self._studio.runtime
        working = (JobState.RUNNING, JobState.LOADING)
        self._until(
            lambda: (
                runtime.is_ready
                and (not self._live() or any(job.state in working for job in self._live()))
            )
        )
        hello = runtime.hello
        assert hello is not None
        self._struck.update(job.id for job in self._live())
        with contextlib.suppress(ProcessLookupError):
            os.kill(hello.pid, signal.SIGKILL)
        self._until(lambda: runtime.hello is not hello)

    def _submit(self, task: str) -> Job:
        priority = self._chance.choice(list(Priority))
        params = {**self._work[task](self._chance), "seed": self._chance.randrange(1000)}
        job = self._studio.submit(JobRequest(task, params, priority=priority))
        self._jobs.append(job)
        return job

    def _live(self) -> list[Job]:
        return [job for job in self._jobs[-4 * AT_ONCE :] if job.is_live]

    # --- the studio's thread ------------------------------------------------------------------

    def _turn(self, seconds: float) -> None:
        """Let what was posted be done, and look at what it brought."""
        self._loop.turn(max(seconds, 0.001))
        if self._studio.runtime.state is RuntimeState.GIVEN_UP:
            self._studio.runtime.restart()
        self._studio.runtime.forgive()  # it did not fall by itself
        self._look(self._studio.runtime.status)

    def _look(self, status: Status | None) -> None:
        if status is None:
            return
        lent = {each.weights: each.bytes + each.working for each in status.loaded}
        self._most = max(self._most, sum(lent.values()))
        if not self._budget:
            for weights, need in lent.items():
                self._needs[weights] = max(need, self._needs.get(weights, 0))
        else:
            self._over += sum(lent.values()) > self._budget

    def _look_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._turn(left)

    def _until(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > end:
                waiting = ", ".join(f"{job.task} {job.state} {job.reason}" for job in self._live())
                raise StudioError(ErrorCode.INTERNAL, f"The storm stands still: {waiting}.")
            self._turn(0.05)

    # --- what is left -------------------------------------------------------------------------

    def _calm(self) -> dict[str, dict[str, int]]:
        """Wait until nothing runs and nothing is loaded; return what both processes hold."""
        self._until(lambda: not any(job.is_live for job in self._jobs))
        self._until(lambda: self._studio.runtime.is_ready)

        def is_empty() -> bool:
            status = self._studio.runtime.status
            for each in status.loaded if status else ():
                self._studio.models.unload(each.weights)
            return status is not None and not status.loaded

        self._until(is_empty)
        self._look_for(SETTLED)
        hello = self._studio.runtime.hello
        assert hello is not None
        here, there = psutil.Process(), psutil.Process(hello.pid or None)
        return {"studio": _held(here), "runtime": _held(there)}

    def _figures(self, kills: int, held: list[dict[str, dict[str, int]]]) -> dict[str, Any]:
        unexplained = [job for job in self._jobs if not self._has_cause(job)]
        memory = [each["runtime"]["megabytes"] for each in held[-QUARTERS + 1 :]]
        return {
            "ratio": self._most / self._budget if self._budget else None,
            "without_cause": len(unexplained),
            "causes": [f"{job.task}: {job.state} {job.error or ''}" for job in unexplained],
            "over_budget": self._over,
            "budget_mb": self._budget >> 20,
            "needed_mb": sum(self._needs.values()) >> 20,
            "stall_ms": window.lateness(self._loop.late),
            "growth": memory[-1] / memory[0],
            "held": {
                f"{who} {what}": [each[who][what] for each in held]
                for who in held[0]
                for what in held[0][who]
            },
            "library_whole": self._studio.library.verify().ok,
            "jobs": len(self._jobs),
            "stopped": len(self._stopped),
            "kills": kills,
            "seed": self._seed,
            "table": [self._row(task) for task in self._work],
        }

    def _has_cause(self, job: Job) -> bool:
        if job.state is JobState.CANCELLED:
            return job.id in self._stopped
        return job.state is JobState.DONE or job.id in self._struck

    def _row(self, task: str) -> dict[str, Any]:
        ends = Counter(str(job.state) for job in self._jobs if job.task == task)
        states = (JobState.DONE, JobState.CANCELLED, JobState.LOST, JobState.FAILED)
        return {"task": task, **{str(state): ends[str(state)] for state in states}}


def _held(process: psutil.Process) -> dict[str, int]:
    return {
        "megabytes": process.memory_info().rss >> 20,
        "descriptors": process.num_fds() if hasattr(process, "num_fds") else 0,
        "threads": process.num_threads(),
        "children": len(process.children()),
    }

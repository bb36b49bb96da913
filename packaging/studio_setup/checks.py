"""Lint, types and tests: the stages of `make test`, and their one verdict. Installs nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue

from studio_setup.project import Project

NOTHING_COLLECTED = 5  # pytest's exit code when no test matched
SOURCES = ("studio", "plugins", "packaging", "tests")


@dataclass(eq=False)
class Stage:
    """One check: its name, its command, and how it went."""

    name: str
    command: list[str]
    code: int = -1
    seconds: float = 0.0
    closing: str = ""
    lines: SimpleQueue[str | None] = field(default_factory=SimpleQueue)  # None: it has ended

    @property
    def is_good(self) -> bool:
        return self.code == 0


def lint_stages(project: Project) -> list[Stage]:
    return [
        Stage("ruff", project.command("ruff", "check", *SOURCES)),
        Stage("format", project.command("ruff", "format", "--check", *SOURCES)),
        Stage("layers", [str(project.scripts / "lint-imports")]),
    ]


def type_stages(project: Project) -> list[Stage]:
    return [Stage("types", project.command("mypy"))]


def test_stages(project: Project, extra: Sequence[str]) -> list[Stage]:
    """The fast suite first: most mistakes show within a minute."""
    return [
        Stage("fast tests", project.command("pytest", "-m", "not slow", *extra)),
        Stage("slow tests", project.command("pytest", "-m", "slow", *extra)),
    ]


def run_all(project: Project, stages: Sequence[Stage], beside: Collection[Stage] = ()) -> int:
    """Runs every stage even when an earlier one fails, then prints the verdict.

    Args:
        project: the checkout.
        stages: all, in the order in which they are shown.
        beside: those that run in a lane of their own, beside the others. One process of tests uses
            one processor.

    Returns:
        0 when all are good, else 1.
    """
    lanes = [[stage for stage in stages if stage not in beside], [*beside]]
    interrupted = threading.Event()
    env = _environment(sum(map(bool, lanes)))
    words = [(project, lane, env, interrupted) for lane in lanes]
    threads = [threading.Thread(target=_run_lane, args=each, daemon=True) for each in words]
    for thread in threads:
        thread.start()
    try:
        for stage in stages:
            _show(stage)
    except KeyboardInterrupt:  # the terminal has told the stages too: let them end well
        interrupted.set()
        for thread in threads:
            thread.join()
        raise
    _forgive_empty_half(stages)
    _print_verdict(stages)
    return 0 if all(stage.is_good for stage in stages) else 1


def _environment(lanes: int) -> dict[str, str]:
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    # Tests draw where nobody looks; the few that need a real X server start their own.
    env.setdefault("QT_QPA_PLATFORM", "offscreen")
    if lanes > 1:  # torch would take every processor in each lane, and its threads wait for all
        env.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // lanes)))
    return env


def _run_lane(
    project: Project, lane: Sequence[Stage], env: dict[str, str], interrupted: threading.Event
) -> None:
    for stage in lane:
        try:
            if not interrupted.is_set():
                _run(project, stage, env)
        except OSError as error:
            stage.lines.put(f"{stage.command[0]} cannot be started: {error.strerror}\n")
        finally:
            stage.lines.put(None)


def _run(project: Project, stage: Stage, env: dict[str, str]) -> None:
    started = time.monotonic()
    process = subprocess.Popen(
        stage.command,
        cwd=project.root,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    for line in process.stdout or ():
        stage.lines.put(line)
    stage.code = process.wait()
    stage.seconds = time.monotonic() - started


def _show(stage: Stage) -> None:
    """Passes on what a stage prints until it ends, and keeps the last line."""
    print(f"\n── {stage.name} " + "─" * (70 - len(stage.name)), flush=True)
    while (line := stage.lines.get()) is not None:
        sys.stdout.write(line)
        sys.stdout.flush()
        stage.closing = line.strip(" =\n") or stage.closing


def _forgive_empty_half(stages: Sequence[Stage]) -> None:
    """`make test ARGS=one/file.py` may leave one of the two test stages without a test."""
    tests = [stage for stage in stages if stage.name.endswith("tests")]
    if any(stage.is_good for stage in tests):
        for stage in tests:
            if stage.code == NOTHING_COLLECTED:
                stage.code = 0


def _print_verdict(stages: Sequence[Stage]) -> None:
    print()
    for stage in stages:
        mark = "ok    " if stage.is_good else "FAILED"
        print(f"{mark}  {stage.name:<10}  {stage.seconds:4.0f} s  {stage.closing}", flush=True)

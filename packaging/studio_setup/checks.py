"""Lint, types and tests: the stages of `make test`, and their one verdict. Installs nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from studio_setup.project import Project

NOTHING_COLLECTED = 5  # pytest's exit code when no test matched
SOURCES = ("studio", "plugins", "packaging", "tests")


@dataclass
class Stage:
    """One check: its name, its command, and how it went."""

    name: str
    command: list[str]
    code: int = -1
    seconds: float = 0.0
    closing: str = ""

    @property
    def is_good(self) -> bool:
        return self.code == 0


def lint_stages(project: Project) -> list[Stage]:
    return [
        Stage("ruff", project.command("ruff", "check", *SOURCES)),
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


def run_all(project: Project, stages: Sequence[Stage]) -> int:
    """Runs every stage even when an earlier one fails, then prints the verdict.

    Returns:
        0 when all are good, else 1.
    """
    for stage in stages:
        print(f"\n── {stage.name} " + "─" * (70 - len(stage.name)), flush=True)
        _run(project, stage)
    _forgive_empty_half(stages)
    _print_verdict(stages)
    return 0 if all(stage.is_good for stage in stages) else 1


def _run(project: Project, stage: Stage) -> None:
    """Runs one stage, passing its output on and keeping the last line."""
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    # Tests draw where nobody looks; the few that need a real X server start their own.
    env.setdefault("QT_QPA_PLATFORM", "offscreen")
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
    try:
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            stage.closing = line.strip(" =\n") or stage.closing
        stage.code = process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise
    stage.seconds = time.monotonic() - started


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

"""Lint, types and tests: the stages of `make test`, and their one verdict. Installs nothing."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from studio_setup.console import SetupError
from studio_setup.project import Project

TESTS_FAILED = 1  # pytest's exit code when every test ran
NOTHING_COLLECTED = 5  # and when no test matched
MAX_SECOND_TRIES = 3
"""More failures than these in one stage are no accident of a busy machine."""
SOURCES = ("studio", "plugins", "packaging", "tests")


@dataclass(eq=False)
class Stage:
    """One check: its name, its command, and how it went."""

    name: str
    command: list[str]
    is_tests: bool = False
    is_short: bool = False
    """Begun after all others, so that the lanes end together."""
    code: int = -1
    seconds: float = 0.0
    closing: str = ""
    flaky: list[str] = field(default_factory=list)
    """Tests that failed beside the other lanes, and passed when they were tried alone."""
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
    return [Stage("types", project.command("mypy"), is_short=True)]


_TESTS = {
    "engines": (
        "tests/runtime",
        "plugins/image",
        "--ignore=plugins/image/tests/pages",
        "plugins/music/tests/audio_models",
        "plugins/voice",
    ),
    "plugins": (
        "plugins",
        *(f"--ignore=plugins/{part}" for part in ("image", "lab", "voice")),
        "--ignore=plugins/music/tests/audio_models",
    ),
    "unit": ("tests/unit",),
    "studio": (
        "tests",
        *(f"--ignore=tests/{part}" for part in ("faults", "gui", "runtime", "unit", "verify")),
    ),
    "faults": ("tests/faults",),
    "lab": ("plugins/lab", "plugins/image/tests/pages"),
    "window": ("tests/gui",),
}
"""The longest first, so that the lanes end together, and none so long that it is left alone at the
end. Those that import transformers or diffusers are one stage: each takes five seconds and more. A
new folder is in one of them by itself. Pages of pictures run apart from tests/gui: behind its
windows, of which some widgets stay, each of their tests took five times as long."""


def test_stages(project: Project, extra: Sequence[str]) -> list[Stage]:
    """Processes of tests, each of some folders.

    Args:
        project: the checkout.
        extra: further words for pytest; where one is a path, all that it names is one stage.
    """
    is_path = any((project.root / word.partition("::")[0]).exists() for word in extra)
    parts: dict[str, tuple[str, ...]] = {"tests": ()} if is_path else _TESTS
    return [
        Stage(
            name, project.command("pytest", *words, *extra, "-o", f"cache_dir={_cache(name)}"), True
        )
        for name, words in parts.items()
    ]


_PATIENT = ("-o", "timeout=3600", "-o", "faulthandler_timeout=0")
"""Building an installer takes minutes, and many on a machine that does something else beside."""


def verify_stages(project: Project, extra: Sequence[str]) -> list[Stage]:
    """What takes minutes, one stage for each folder of ``tests/verify``, and their types.

    Args:
        project: the checkout.
        extra: names of folders first, where not all are wanted; then further words for pytest.

    Raises:
        SetupError: there are no such folders.
    """
    known = sorted(file.parent.name for file in project.root.glob("tests/verify/*/test_*.py"))
    if not known:
        raise SetupError("There is nothing to verify: tests/verify has no folder with tests.")
    chosen = list(itertools.takewhile(known.__contains__, extra))
    types = ("mypy", "--explicit-package-bases", "--exclude", "/plugins/", "tests/verify")
    return [
        Stage("types", project.command(*types), is_short=True),
        *(
            Stage(
                name,
                project.command(
                    "pytest", f"tests/verify/{name}", *extra[len(chosen) :],
                    "-o", f"cache_dir={_cache(name)}", *_PATIENT,
                ),
                True,
            )
            for name in dict.fromkeys(chosen or known)
        ),
    ]  # fmt: skip


def _cache(stage: str) -> str:
    return f".pytest_cache/{stage}"  # side by side, one file of what failed would not do


def lanes() -> int:
    """Two more than there are processors: a process of tests uses one, and often waits."""
    ours = getattr(os, "sched_getaffinity", None)  # a container may have fewer than its machine
    return 2 + (len(ours(0)) if ours else os.cpu_count() or 1)


def run_all(project: Project, stages: Sequence[Stage], lanes: int = 1) -> int:
    """Runs every stage even when an earlier one fails, then prints the verdict.

    Args:
        project: the checkout.
        stages: all, in the order in which they are shown; begun, too, but for short ones.
        lanes: how many run side by side.

    Returns:
        0 when all are good, else 1.
    """
    interrupted = threading.Event()
    waiting: SimpleQueue[Stage] = SimpleQueue()
    for stage in sorted(stages, key=lambda stage: stage.is_short):
        waiting.put(stage)
    words = (project, waiting, _environment(lanes), interrupted)
    threads = [threading.Thread(target=_run_lane, args=words, daemon=True) for _ in range(lanes)]
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
    for stage in stages:
        _try_again(project, stage, _environment(1))
    _forgive_empty(stages)
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
    project: Project, waiting: SimpleQueue[Stage], env: dict[str, str], interrupted: threading.Event
) -> None:
    while True:
        try:
            stage = waiting.get_nowait()
        except Empty:
            return
        try:
            if not interrupted.is_set():
                _run(project, stage, env)
        except OSError as error:
            stage.lines.put(f"{stage.command[0]} cannot be started: {error.strerror}\n")
        finally:
            stage.lines.put(None)


def _run(project: Project, stage: Stage, env: dict[str, str]) -> None:
    started = time.monotonic()
    with subprocess.Popen(
        stage.command,
        cwd=project.root,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            stage.lines.put(line)
    stage.code = process.returncode
    stage.seconds = time.monotonic() - started


def _show(stage: Stage) -> None:
    """Passes on what a stage prints until it ends, and keeps the last line."""
    print(f"\n── {stage.name} " + "─" * (70 - len(stage.name)), flush=True)
    while (line := stage.lines.get()) is not None:
        sys.stdout.write(line)
        sys.stdout.flush()
        stage.closing = line.strip(" =\n") or stage.closing


def _try_again(project: Project, stage: Stage, env: dict[str, str]) -> None:
    """Runs the few tests that failed once more, alone, as CPython's own suite does.

    What passes then has a race, in itself or in what it tests: the verdict names it, for somebody
    to find it, but a change that has nothing to do with it is not refused.
    """
    if not stage.is_tests or stage.code != TESTS_FAILED:
        return
    failed = _failed(project, stage)
    if not 0 < len(failed) <= MAX_SECOND_TRIES:
        return
    seconds = stage.seconds
    stage.command += ["--last-failed", "--last-failed-no-failures=none"]
    _run(project, stage, env)
    stage.lines.put(None)
    _show(stage)
    stage.seconds += seconds
    if stage.is_good:
        stage.flaky = failed


def _failed(project: Project, stage: Stage) -> list[str]:
    try:
        text = (project.root / _cache(stage.name) / "v/cache/lastfailed").read_text("utf-8")
    except FileNotFoundError:
        return []
    return sorted(json.loads(text))


def _forgive_empty(stages: Sequence[Stage]) -> None:
    """`make test ARGS=one/file.py` may leave some of the test stages without a test."""
    tests = [stage for stage in stages if stage.is_tests]
    if any(stage.is_good for stage in tests):
        for stage in tests:
            if stage.code == NOTHING_COLLECTED:
                stage.code = 0


def _print_verdict(stages: Sequence[Stage]) -> None:
    print()
    for stage in stages:
        mark = "FLAKY " if stage.flaky else "ok    " if stage.is_good else "FAILED"
        print(f"{mark}  {stage.name:<12}  {stage.seconds:4.0f} s  {stage.closing}", flush=True)
        for test in stage.flaky:
            print(f"        failed, then passed alone: {test}", flush=True)

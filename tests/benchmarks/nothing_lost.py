"""The bench ``nothing-lost``: what is done to a library on purpose, and what of it was lost.

It runs the tests of faults: they break a library, a queue and workflows in every way known, and
hold what is left to its promises. A test that fails is a promise broken.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import studio
from studio.cli.terminal import output
from studio.cli.terminal.studio_session import StudioSession
from studio.protocol.errors import ErrorCode, StudioError

_LIBRARY, _RUNTIME = "tests/faults/library", "tests/faults/runtime"
_UNIT = "tests/unit/library"
SUITES = {
    "system-calls": (f"{_LIBRARY}/test_crash_points.py",),
    "kills": (
        f"{_LIBRARY}/test_killed.py",
        f"{_RUNTIME}/test_studio_killed.py",
        f"{_RUNTIME}/test_child_killed.py",
    ),
    "queue": (f"{_LIBRARY}/test_queue_killed.py",),
    "workflows": (f"{_LIBRARY}/test_workflow_killed.py",),
    "chaos": (f"{_RUNTIME}/test_chaos.py",),
    "power-cuts": (f"{_LIBRARY}/test_power_cut.py",),
    "disks": (f"{_LIBRARY}/test_full_disk.py", f"{_LIBRARY}/test_read_only.py"),
    "backups": (f"{_LIBRARY}/test_backups.py",),
    "damage": (f"{_UNIT}/test_opening.py", f"{_UNIT}/test_rebuild.py", f"{_UNIT}/test_copies.py"),
}
"""Suite → files of tests: ``damage`` has corrupt pages, deleted files and two studios at once."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Let suites be chosen."""
    names = ", ".join(SUITES)
    parser.add_argument(
        "--suite", action="append", choices=SUITES, metavar="SUITE", help=f"only this one: {names}"
    )


def measure(session: StudioSession, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run the suites; several minutes."""
    root = Path(studio.__file__).resolve().parent.parent
    if not (root / _LIBRARY).is_dir():
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "This benchmark runs the tests of the studio, which only a checkout has.",
            "Run it from a checkout, after `make setup`.",
        )
    table: list[dict[str, Any]] = []
    broken: list[str] = []
    for name in arguments.suite or SUITES:
        output.hint(f"{name} …")
        cases = list(_run(root, SUITES[name]))
        broken += [case for case, _, lost, _ in cases if lost]
        table.append(
            {
                "suite": name,
                "tests": len(cases),
                "faults": sum(faults for _, faults, _, _ in cases),
                "lost": sum(lost for _, _, lost, _ in cases),
                "skipped": sum(faults == 0 for _, faults, _, _ in cases),
                "seconds": sum(seconds for _, _, _, seconds in cases),
            }
        )
    faults, lost = (sum(int(row[column]) for row in table) for column in ("faults", "lost"))
    return {
        "ratio": lost / max(1, faults),
        "faults": faults,
        "lost": lost,
        "broken": broken,
        "table": table,
    }


def _run(root: Path, files: tuple[str, ...]) -> Iterator[tuple[str, int, bool, float]]:
    """Yield (test, faults tried, whether a promise was broken, seconds) of each test."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml",
             str(report), *files],
            cwd=root, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if not report.exists():
            raise StudioError(
                ErrorCode.INTERNAL,
                "The tests could not be run.",
                "Run `make setup`, then try again.",
                done.stdout[-2000:] + done.stderr[-2000:],
            )
        tree = ElementTree.parse(report)  # written by pytest just now
    for case in tree.iter("testcase"):
        skipped = case.find("skipped") is not None
        lost = case.find("failure") is not None or case.find("error") is not None
        told = [p.get("value", "1") for p in case.iter("property") if p.get("name") == "faults"]
        faults = 0 if skipped else int(told[0]) if told else 1
        yield case.get("name", ""), faults, lost, float(case.get("time", 0))

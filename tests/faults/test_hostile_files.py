"""Files that nobody should open so: each command ends, in bounded memory, with a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.cli.terminal.exit_code import ExitCode
from tests.faults.hostile_files import names

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    work = tmp_path_factory.mktemp("hostile")
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.hostile_files", str(work)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_there_are_many_and_each_has_an_end(told: list[dict[str, Any]]) -> None:
    assert [(each["command"], each["kind"]) for each in told] == [*names()]
    assert len(told) >= 100
    assert [each for each in told if "status" in each] == [], "ended by the clock or by a signal"


def test_none_is_a_bug(told: list[dict[str, Any]]) -> None:
    """Each was run in a process that may have 1 GB."""
    bugs = [each for each in told if each["code"] == ExitCode.BUG or "INTERNAL" in each["errors"]]
    assert bugs == []


def test_what_is_no_file_is_refused(told: list[dict[str, Any]]) -> None:
    for each in told:
        if each["kind"] in ("pipe", "device", "circle", "nowhere"):
            assert each["code"] != ExitCode.OK, each

"""Each file of a library damaged in each way: nothing hangs, is a bug, or stays untold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.library.damage import cases, make

ROOT = Path(__file__).parents[3]
HARMLESS = (
    # Who holds the lock is written anew, and what is in the ballast never was of use.
    *(f"lock {how}" for how in ("gone", "empty", "half", "rubbish", "flipped", "hollow")),
    "ballast",
    # Results have their record beside them, too.
    *(f"events {how}" for how in ("gone", "empty", "half")),
    "database hollow",  # zeros behind its end, which it does not read
)
"""Nothing is lost, and the next start does as always."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    work = tmp_path_factory.mktemp("damaged")
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.library.damage", str(work)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {each["name"]: each for each in map(json.loads, done.stdout.splitlines())}


def test_there_are_many_and_each_has_an_end(
    told: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    make(tmp_path)
    names = [name for name, _ in cases(tmp_path)]
    assert len(names) >= 66
    assert {*told} == {"whole", *names}


def test_none_is_a_bug_and_memory_is_bounded(told: dict[str, dict[str, Any]]) -> None:
    """Each was asked in a process that may have 1 GB."""
    assert {name: each["bugs"] for name, each in told.items() if each["bugs"]} == {}


def test_doctor_and_verify_tell_of_each(told: dict[str, dict[str, Any]]) -> None:
    assert told["whole"]["doctor"] == told["whole"]["verify"] == [], "the control"
    silent = [
        name
        for name, each in told.items()
        if not (each["doctor"] and each["verify"])
        and name != "whole"
        and not name.startswith(HARMLESS)
    ]
    assert silent == []


def test_what_is_said_of_the_next_start_is_what_it_does(told: dict[str, dict[str, Any]]) -> None:
    for name, each in told.items():
        words, start = " ".join(each["verify"]), each["start"]
        is_read_only, count, news = start
        assert ("will rebuild it" in words) == bool(news) or "missing or empty" in words, name
        assert not is_read_only or "nothing can be saved" in words or "newer version" in words, name
        assert count == 3, name


def test_a_damaged_value_costs_one_row(told: dict[str, dict[str, Any]]) -> None:
    for name, each in told.items():
        if name.startswith(("artifacts.", "messages.")):
            assert each["list"] == 3, name
        if "." in name:
            assert "rebuild" in " ".join(each["verify"]), name

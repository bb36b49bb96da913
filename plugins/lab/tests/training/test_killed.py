"""A training whose process is killed ten times comes out as one that nobody disturbed."""

from __future__ import annotations

import os
import random
import signal
import sys
from pathlib import Path

import pytest

from plugins.lab.tests.training.conftest import Make
from studio_lab.training import checkpoint
from studio_lab.training.run import LAST, Run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.torch,
    pytest.mark.faults,
    pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="needs fork"),
]
KILLS = 10
STEPS = 250


def live(make: Make, folder: Path, moments: int, tell: int) -> None:
    """Train in this process; tell of each moment. Never returns."""
    status = 1
    try:
        run = Run(make(steps=STEPS), folder, "mine", seconds=0.0, every=0.2)
        run.resume()
        while not run.trainer.is_over and moments:
            run.compute()
            os.write(tell, b".")
            moments -= 1
        run.save()
        status = 0
    finally:
        os._exit(status)


def life(make: Make, folder: Path, kill_after: int = 0) -> int:
    """Fork a life; kill it after so many moments, or let it end. Return how it ended."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        live(make, folder, -1, write)
    os.close(write)
    told = 0
    while os.read(read, 1):
        told += 1
        if told == kill_after:
            os.kill(child, signal.SIGKILL)
    os.close(read)
    return os.waitpid(child, 0)[1]


def test_ten_kills_change_no_bit(make: Make, tmp_path: Path) -> None:
    make(steps=1).advance()  # what torch imports then, no life has to
    assert life(make, tmp_path / "whole") == 0
    kills = 0
    while life(make, tmp_path / "killed", random.randrange(3, 7) if kills < KILLS else 0):
        kills += 1
    assert kills == KILLS
    whole, killed = (checkpoint.read(tmp_path / name / LAST) for name in ("whole", "killed"))
    assert whole is not None
    assert killed is not None
    assert whole[1]["step"] == STEPS
    assert whole[0].keys() == killed[0].keys()
    assert all(whole[0][name].equal(killed[0][name]) for name in whole[0])

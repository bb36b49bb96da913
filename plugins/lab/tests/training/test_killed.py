"""A training whose process is killed ten times comes out as one that nobody disturbed."""

from __future__ import annotations

import contextlib
import itertools
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
KILLS, MOST = 10, 7
"""Kills, and the steps that a life has before one, at most."""
STEPS = KILLS * MOST


def live(make: Make, folder: Path, go: int, tell: int) -> None:
    """Train in this process, a step at each word of ``go``; tell of each. Never returns."""
    status = 1
    try:
        run = Run(make(steps=STEPS), folder, "mine", seconds=0.0, every=0.0)
        run.resume()
        while not run.trainer.is_over:
            os.read(go, 1)
            run.compute()
            os.write(tell, b".")
        run.save()
        status = 0
    finally:
        os._exit(status)


def life(make: Make, folder: Path, kill_at: int = 0) -> int:
    """Fork a life; kill it in a step, or let it end. Return how it ended."""
    (listen, go), (hear, tell) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hear)
        os.close(go)
        live(make, folder, listen, tell)
    os.close(tell)
    os.close(listen)
    for step in itertools.count(1):
        with contextlib.suppress(BrokenPipeError):  # that was its last step
            os.write(go, b".")
        if step == kill_at:
            os.kill(child, signal.SIGKILL)
        if not os.read(hear, 1):
            break
    os.close(hear)
    os.close(go)
    return os.waitpid(child, 0)[1]


def test_ten_kills_change_no_bit(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_lab.training.run.SLICE_SECONDS", 0.0)  # a step at a time
    make(steps=1).advance()  # what torch imports then, no life has to
    assert life(make, tmp_path / "whole") == 0
    kills = 0
    while life(make, tmp_path / "killed", random.randrange(3, MOST) if kills < KILLS else 0):
        kills += 1
    assert kills == KILLS
    whole, killed = (checkpoint.read(tmp_path / name / LAST) for name in ("whole", "killed"))
    assert whole is not None
    assert killed is not None
    assert whole[1]["step"] == STEPS
    assert whole[0].keys() == killed[0].keys()
    assert all(whole[0][name].equal(killed[0][name]) for name in whole[0])

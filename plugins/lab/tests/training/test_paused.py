"""A training that is paused, as the button of its row in the window does, comes out the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.api.jobs import JobRequest
from studio.jobs.job import Job
from studio.protocol.states import JobState
from studio.studio import Studio
from studio.testing.inproc import pump_until

pytestmark = [pytest.mark.slow, pytest.mark.torch, pytest.mark.e2e, pytest.mark.timeout(600)]

PATIENCE, STEPS = 300.0, 100
ASKED = {"steps": STEPS, "measured": 0, "precision": "float32"}


def submitted(studio: Studio, seed: int) -> tuple[Job, list[dict[str, Any]]]:
    """A training, and where its result will be: the id of weights has a digest of their file."""
    told: list[dict[str, Any]] = []
    job = studio.submit(JobRequest("lab.train", {**ASKED, "seed": seed}))
    return job.on_done(lambda result: told.append(dict(result))), told


def ended(studio: Studio, job: Job) -> None:
    pump_until(studio, lambda: not job.is_live, PATIENCE)
    assert job.error is None, job.error


@pytest.mark.usefixtures("runtime_within")
def test_a_pause_changes_no_bit(tmp_path: Path) -> None:
    studio = Studio.open(home=tmp_path / "home", only=("lab",))
    try:
        job, whole = submitted(studio, 1)
        ended(studio, job)
        job, paused = submitted(studio, 1)
        pump_until(studio, lambda: job.done > 0, PATIENCE)
        job.pause()
        pump_until(studio, lambda: job.state is JobState.PAUSED, PATIENCE)
        at = job.done
        for _ in range(5):
            studio.pump(0.05)
        assert 0 < job.done == at < STEPS, "it was paused in the middle, and stays there"
        job.resume()
        ended(studio, job)
        other, different = submitted(studio, 2)
        ended(studio, other)
    finally:
        studio.close()
    assert paused[0]["weights"] == whole[0]["weights"]
    assert different[0]["weights"] != whole[0]["weights"], "the control"

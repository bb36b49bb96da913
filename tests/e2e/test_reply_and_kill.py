"""The real model, end to end without a window: it is killed at work, and it answers again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.api.jobs import JobRequest
from studio.protocol.states import JobState
from studio.runtimes.supervisor import RuntimeState
from studio.studio import Studio
from studio.testing.inproc import pump_until
from studio.testing.processes import gone

PATIENCE = 500.0

pytestmark = [pytest.mark.slow, pytest.mark.torch]


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    made = Studio.open(home=tmp_path, only=("chat",), attended=True)
    assert made.weights.list("text")[0].problem == "", "run `make setup` for the starter weights"
    yield made
    made.close()


def ask(studio: Studio, tokens: int) -> Any:
    params = {"prompt": "Name three primary colours.", "seed": 1, "max_tokens": tokens}
    return studio.submit(JobRequest("chat.reply", params, title="Colours"))


def test_a_reply_that_is_killed_is_told_and_the_next_one_comes(studio: Studio) -> None:
    job = ask(studio, 500)
    pump_until(studio, lambda: job.tokens >= 2, PATIENCE)
    assert studio.runtime.hello is not None
    runtime = psutil.Process(studio.runtime.hello.pid)
    family = [runtime, *runtime.children(recursive=True)]
    written = job.texts()
    os.kill(runtime.pid, signal.SIGKILL)
    pump_until(studio, lambda: not job.is_live, PATIENCE)
    assert job.state is JobState.LOST
    assert "SIGKILL" in job.error.message
    assert job.texts()[""].startswith(written.get("", ""))
    assert studio.library.record(job.record).params["seed"] == 1
    again = ask(studio, 4)
    pump_until(studio, lambda: not again.is_live, PATIENCE)
    assert again.state is JobState.DONE, again.error
    assert again.result["tokens"] == 4
    assert again.artifacts[0].path.read_text()
    assert studio.runtime.state is RuntimeState.READY
    assert all(gone(process) for process in family)

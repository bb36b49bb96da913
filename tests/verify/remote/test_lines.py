"""A line that is cut is waited for: nothing is lost and nothing done twice, wherever it is cut."""

from __future__ import annotations

from typing import Any

import pytest

from studio.machines.remote_child import Line
from studio.protocol.states import JobState
from studio.runtimes.supervisor import RuntimeState
from tests.verify.remote.conftest import Laptop

STORY = {"prompt": "Tell a story about a lighthouse.", "max_tokens": 60, "temperature": 0.0}
PICTURES = {"prompt": "owl", "count": 4}


def told(laptop: Laptop) -> str:
    job = laptop.submit("chat.reply", STORY, seed=5)
    assert laptop.over(job) is JobState.DONE, job.error
    return job.texts()[""]


@pytest.fixture(scope="module")
def story(busy: Laptop) -> str:
    return told(busy)


def came_back(laptop: Laptop) -> None:
    laptop.until(lambda: laptop.machine.line is Line.WAITING)
    laptop.until(lambda: laptop.machine.line is Line.CONNECTED)


def test_cut_while_nothing_runs(busy: Laptop, story: str) -> None:
    pid = busy.machine.runtime.hello.pid  # type: ignore[union-attr]
    busy.cut()
    came_back(busy)
    assert told(busy) == story
    assert busy.machine.runtime.hello.pid == pid, "the same runtime"  # type: ignore[union-attr]


def test_cut_while_a_job_waits_to_be_sent(busy: Laptop, story: str) -> None:
    job = busy.submit("chat.reply", STORY, seed=5)
    busy.cut()
    assert busy.over(job) is JobState.DONE, job.error
    assert job.texts()[""] == story


def test_cut_while_text_is_written(busy: Laptop, story: str) -> None:
    job = busy.submit("chat.reply", STORY, seed=5)
    busy.until(lambda: len(job.texts().get("", "")) > 20)
    busy.cut()
    came_back(busy)
    assert busy.over(job) is JobState.DONE, job.error
    assert job.texts()[""] == story, "each word once, in order"


def test_cut_while_results_come(busy: Laptop) -> None:
    job = busy.submit("image.generate", PICTURES, seed=7)
    for _ in range(3):
        busy.until(lambda: job.begun or not job.is_live)
        busy.cut()
        came_back(busy)
    assert busy.over(job) is JobState.DONE, job.error
    made = busy.studio.library.find(record=job.record)
    assert len(made) == 4
    assert len({each.digest for each in made}) == 4


def test_the_cable_is_out_for_a_while(busy: Laptop, story: str) -> None:
    job = busy.submit("chat.reply", STORY, seed=5)
    busy.until(lambda: job.texts().get("", ""))
    busy.box.unplug()
    busy.until(lambda: busy.machine.line is Line.WAITING)
    assert job.is_live
    assert "trying again" in job.reason
    busy.box.plug_in()
    busy.until(lambda: busy.machine.line is Line.CONNECTED)
    assert busy.over(job) is JobState.DONE, job.error
    assert job.texts()[""] == story


def test_a_line_that_does_not_come_back_within_a_minute_is_lost(busy: Laptop) -> None:
    params: dict[str, Any] = {**STORY, "max_tokens": 900}
    job = busy.submit("chat.reply", params)
    busy.until(lambda: job.texts().get("", ""))
    busy.box.stop_listening()
    assert busy.over(job) is JobState.LOST
    assert job.error is not None
    assert "60 seconds" in job.error.message
    assert job.texts()[""], "what it had written by then"
    busy.until(lambda: not busy.box.runtimes())
    busy.box.listen()

    def is_reached() -> bool:
        if busy.machine.runtime.state is RuntimeState.GIVEN_UP:
            assert busy.machine.trouble is not None
            busy.machine.start()  # as who reads that presses *Try again*
        return busy.machine.is_ready

    busy.machine.start()
    busy.until(is_reached)
    assert told(busy)

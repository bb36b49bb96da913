"""How far a job is and how long it still takes: per phase, thinned, told to its end."""

from __future__ import annotations

from typing import Any

from studio.jobs.job import Job, Recipe
from studio.protocol.states import JobState
from studio.testing.scripted import (
    Step,
)


def test_how_far_the_loading_was_is_not_how_far_the_work_is() -> None:
    controls: Any = None
    job = Job("job", "record", Recipe("echo", "echo.say", {}, 0, "Say"), controls, print)
    job.become(JobState.LOADING, "weights")
    job.step(1.0, 1.0, "weights", None, now=1.0)
    assert job.share == 1.0
    job.become(JobState.RUNNING)
    assert (job.share, job.message) == (None, "")
    job.step(1.0, 4.0, "", None, now=2.0)
    job.become(JobState.PAUSED)
    job.become(JobState.RUNNING)
    assert job.share == 0.25


def test_time_left_is_measured_afresh_after_a_pause() -> None:
    controls: Any = None
    job = Job("job", "record", Recipe("echo", "echo.say", {}, 0, "Say"), controls, print)
    job.become(JobState.RUNNING)
    for second in range(3):
        job.step(second, 10, "", None, now=float(second))
    job.become(JobState.PAUSED)
    job.become(JobState.RUNNING)
    job.step(3, 10, "", None, now=1000.0)
    assert job.seconds_left is None, "nothing was seen since"
    job.step(4, 10, "", None, now=1001.0)
    assert job.seconds_left == 6.0


def test_how_far_the_reading_was_is_not_how_far_the_text_is() -> None:
    controls: Any = None
    job = Job("job", "record", Recipe("echo", "echo.say", {}, 0, "Say"), controls, print)
    job.become(JobState.RUNNING)
    job.step(1, 2, "Placing", None, now=1.0)
    assert not job.write("a", 1, "")
    assert job.share == 0.5, "its text is only a part of the work"
    job.step(2, 2, "Reading", None, now=2.0)
    assert job.write("b", 2, "")
    assert (job.share, job.seconds_left, job.message) == (None, None, "")


def test_progress_is_thinned_but_its_end_is_told(desk: Any) -> None:
    heard: list[float] = []
    job = desk.submit(*(Step(n, 1000) for n in range(1, 1001)))
    job.on_progress(lambda done, *rest: heard.append(done))
    desk.finish(job)
    assert heard[-1] == 1000.0
    assert len(heard) < 500


def test_a_new_phase_is_told_however_soon_it_comes(desk: Any) -> None:
    heard: list[tuple[float, str]] = []
    job = desk.submit(Step(1, 1, "Reading"), Step(0, 20, "Denoising"), Step(1, 20, "Denoising"))
    job.on_progress(lambda done, total, message, left: heard.append((done, message)))
    desk.finish(job)
    assert heard[:2] == [(1.0, "Reading"), (0.0, "Denoising")]

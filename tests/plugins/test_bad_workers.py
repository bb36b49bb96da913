"""Bad plugins in a real runtime: each is named, and none takes the echo with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.api.jobs import JobRequest
from studio.jobs.job import Job
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.states import JobState
from studio.studio import Studio
from studio.testing.inproc import pump_until
from studio.testing.plugins import importable
from studio.testing.processes import without_torch

HERE = Path(__file__).parent
FOLDERS = (HERE / "good", HERE / "bad")

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", os.pathsep.join(map(str, FOLDERS)))
    without_torch(tmp_path / "without", monkeypatch)
    with importable(*FOLDERS):
        studio = Studio.open(home=tmp_path / "home")
        yield studio
        studio.close()


def run(studio: Studio, task: str, **params: object) -> Job:
    job = studio.submit(JobRequest(task, params))
    pump_until(studio, lambda: not job.is_live)
    return job


def assert_echo_works(studio: Studio) -> None:
    job = run(studio, "echo.say", text="still here")
    assert (job.state, job.result["text"]) == (JobState.DONE, "still here")


@pytest.mark.parametrize(
    ("plugin", "words"),
    [
        ("bad_worker_import", "no work today"),
        ("bad_hooks", "studio_tasks refuses"),
        ("bad_task", "half way"),
    ],
)
def test_broken_worker_is_named_and_echo_goes_on(studio: Studio, plugin: str, words: str) -> None:
    assert_echo_works(studio)
    runtime = studio.runtime.hello
    job = run(studio, f"{plugin}.run")
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert plugin in job.error.message
    assert words in job.error.message
    assert_echo_works(studio)
    assert studio.runtime.hello == runtime, "the same process goes on"


def test_worker_that_ends_the_runtime_is_named_and_echo_comes_back(studio: Studio) -> None:
    job = run(studio, "bad_exit.run")
    assert job.state is JobState.LOST
    assert job.error is not None
    assert (job.error.code, job.error.plugin) == (ErrorCode.RUNTIME_LOST, "bad_exit")
    assert "9" in job.error.message
    assert_echo_works(studio)


def test_good_task_of_a_plugin_with_a_broken_window_half_still_runs(studio: Studio) -> None:
    assert run(studio, "bad_window_import.run").state is JobState.DONE


def test_task_that_fails_again_and_again_stays_there_to_be_mended(studio: Studio) -> None:
    for _ in range(4):
        assert run(studio, "bad_task.run").state is JobState.FAILED
    assert studio.plugins.plugin("bad_task").is_usable


@pytest.mark.parametrize("kind", ["video", "hologram"])
def test_a_result_of_a_kind_that_is_not_declared_is_refused(studio: Studio, kind: str) -> None:
    job = run(studio, "bad_kinds.run", kind=kind)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert (job.error.code, job.error.plugin) == (ErrorCode.PLUGIN_FAILED, "bad_kinds")
    assert f"'{kind}', which its manifest does not declare" in job.error.message
    assert "produces" in job.error.hint
    assert job.artifacts == []
    made = run(studio, "bad_kinds.run", kind="text")
    assert (made.state, len(made.artifacts)) == (JobState.DONE, 1), "control: what it declares"


def test_a_default_out_of_its_own_bounds_is_the_plugins_fault(studio: Studio) -> None:
    with pytest.raises(StudioError) as caught:
        studio.submit(JobRequest("bad_kinds.default"))
    assert caught.value.code is ErrorCode.PLUGIN_FAILED
    assert caught.value.plugin == "bad_kinds"
    assert "does not fit the plugin's own limits" in caught.value.message
    assert run(studio, "bad_kinds.default", n=3).state is JobState.DONE
    with pytest.raises(StudioError) as control:
        studio.submit(JobRequest("bad_kinds.default", {"n": 98}))
    assert control.value.code is ErrorCode.BAD_INPUT, "this one the user gave"


def test_all_at_once_and_the_echo_after_them(studio: Studio) -> None:
    tasks = {task.id for _, task in studio.plugins.tasks()}
    usable = [plugin.id for plugin in studio.plugins.usable() if plugin.id.startswith("bad_")]
    names = [name for name in usable if f"{name}.run" in tasks]
    names.remove("bad_schema")  # its parameters cannot even be read
    jobs = [studio.submit(JobRequest(f"{name}.run")) for name in names]
    pump_until(studio, lambda: not studio.jobs.live())
    assert len(jobs) >= 6
    for job in jobs:
        assert job.state is JobState.DONE or (job.error and job.error.plugin == job.plugin)
    assert_echo_works(studio)

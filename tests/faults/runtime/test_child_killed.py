"""The runtime dies, by itself or by kill -9: the reason is told, it comes back, nothing is lost."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.api.jobs import JobRequest
from studio.plugins import PluginState
from studio.protocol.errors import ErrorCode
from studio.protocol.states import JobState
from studio.runtimes.supervisor import RuntimeState
from studio.testing.processes import gone, without_torch
from tests.faults.runtime.conftest import MOMENTS

pytestmark = pytest.mark.slow


def test_killed_while_it_loads_it_comes_back_and_the_next_job_succeeds(bench: Any) -> None:
    assert_it_comes_back_when_killed(bench, "loading")


def test_killed_idle_and_generating_it_comes_back_and_the_next_job_succeeds(
    light: None, bench: Any
) -> None:
    assert_it_comes_back_when_killed(bench, "idle", "generating")


def assert_it_comes_back_when_killed(bench: Any, *moments: str) -> None:
    told: list[str] = []
    bench.studio.notices.on_notice(lambda notice: told.append(notice.message))
    before = bench.run("write", prompt="before")
    for moment in moments:
        job = bench.bring_to(moment)
        queued = bench.studio.submit(JobRequest("faulty.write", {"prompt": f"after {moment}"}))
        pid = bench.pid()
        family = [bench.sleeper(job)] if moment == "generating" else []
        told.clear()
        os.kill(pid, signal.SIGKILL)
        bench.until(lambda: bench.studio.runtime.state is not RuntimeState.READY)
        bench.until(lambda queued=queued: not queued.is_live)
        # It is at the mercy of the moment whether it had begun: then it is lost, else it runs now.
        assert queued.state in (JobState.DONE, JobState.LOST)
        assert "was killed (SIGKILL)" in told[0]
        assert bench.studio.runtime.hello.pid != pid
        assert bench.run("write", prompt="next").result == {"text": "next"}
        if job is not None:
            assert job.state is JobState.LOST
            assert job.error.code is ErrorCode.RUNTIME_LOST
            assert bench.studio.library.jobs.entry(job.id).state == "lost"
            assert bench.studio.library.record(job.record).task == job.task
        if moment == "generating":
            [artifact] = job.artifacts
            assert artifact.path.read_bytes() == b"made before the end"
        assert all(gone(process) for process in family), "a child outlived the runtime"
        bench.forget_deaths()  # three in five minutes are another test's subject
    assert before.artifacts[0].path.read_bytes() == b"before"
    report = bench.studio.library.verify()
    assert report.ok, report


HOWS = {
    "segfault": "SIGSEGV",
    "abort": "SIGABRT",
    "exit": "exited with code 7",
    "overflow": "SIGSEGV",
}


def test_every_way_to_die_costs_one_job_and_is_told_with_its_last_words(
    light: None, bench: Any
) -> None:
    for how, words in HOWS.items():
        bench.pid()
        job = bench.run("die", how=how)
        assert job.state is JobState.LOST, how
        assert words in job.error.message, (how, job.error.message)
        assert "in a task of the plugin Faulty" in job.error.message, how
        assert "last words of the worker" in job.error.details
        assert job.error.hint
        bench.forget_deaths()
    assert bench.run("write").state is JobState.DONE


def test_three_deaths_in_one_plugins_tasks_stop_the_plugin_and_not_the_runtime(
    light: None, bench: Any
) -> None:
    doomed = [bench.studio.submit(JobRequest("faulty.die", {"how": "exit"})) for _ in range(7)]
    bench.until(lambda: not any(job.is_live for job in doomed))
    # At most two of a lane are under way at each of the three deaths.
    assert {job.state for job in doomed} == {JobState.LOST, JobState.FAILED}
    assert doomed[-1].state is JobState.FAILED
    assert "Faulty was disabled" in doomed[-1].error.message
    plugin = bench.studio.plugins.plugin("faulty")
    assert plugin.state is PluginState.FAILED
    assert "stopped unexpectedly 3 times in its tasks" in plugin.reason
    bench.until(lambda: bench.studio.runtime.is_ready)
    told = " ".join(f"{notice.message} {notice.hint}" for notice in bench.studio.notices.all)
    assert "weights" not in told
    bench.studio.plugins.switch_on("faulty")
    assert bench.run("write", prompt="again").result == {"text": "again"}


def test_control_three_deaths_outside_of_tasks_stop_it_with_a_choice(
    light: None, bench: Any
) -> None:
    for deaths in range(1, 4):
        os.kill(bench.pid(), signal.SIGKILL)
        bench.until(lambda deaths=deaths: len(bench.studio.runtime.deaths) == deaths)
        bench.until(lambda: bench.studio.runtime.state is not RuntimeState.DEAD)
    bench.until(lambda: bench.studio.runtime.state is RuntimeState.GIVEN_UP)
    assert bench.studio.plugins.plugin("faulty").is_usable
    [notice] = [n for n in bench.studio.notices.all if n.key == "runtime"]
    assert "stopped 3 times" in notice.message
    waiting = bench.studio.submit(JobRequest("faulty.write", {}))
    bench.until(lambda: "must be restarted" in waiting.reason)
    assert not psutil.Process().children()
    notice.actions[0].run()
    bench.until(lambda: not waiting.is_live)
    assert waiting.state is JobState.DONE


def test_a_step_that_never_ends_is_named_stopped_and_what_waited_goes_on(
    light: None, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.jobs.runtime_blame.STEP_SECONDS", 1.0)
    pid = bench.pid()
    spin = bench.studio.submit(JobRequest("faulty.spin", {}))
    bench.until(lambda: spin.texts())
    behind = [bench.studio.submit(JobRequest("faulty.endless", {})) for _ in range(2)]
    beside = bench.run("write", prompt="the other lane")
    assert beside.state is JobState.DONE
    bench.until(lambda: "Faulty has been in one step for" in told(bench))
    [notice] = [n for n in bench.studio.notices.all if n.key == "stall"]
    notice.actions[0].run()
    bench.until(lambda: not spin.is_live)
    assert spin.state is JobState.CANCELLED
    assert "Faulty did not stop “Spin”" in told(bench)
    bench.until(lambda: all("x" in job.texts().get("", "") for job in behind))
    assert bench.studio.runtime.hello.pid != pid, "they began in the new runtime"
    for job in behind:
        job.cancel()
    bench.until(lambda: not any(job.is_live for job in behind))
    assert bench.studio.plugins.faults.count("faulty") == 1


def test_a_step_that_lets_nothing_else_run_is_named_and_stopped(
    light: None, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.runtimes.supervisor.SILENCE", 3.0)
    monkeypatch.setattr("studio.runtimes.supervisor.CHECK_SECONDS", 1.0)
    grip = bench.studio.submit(JobRequest("faulty.grip", {}))
    bench.until(lambda: grip.texts())
    bench.until(lambda: "has not responded for" in told(bench))
    assert "seconds, in a task of the plugin Faulty" in told(bench)
    grip.cancel()
    bench.until(lambda: not grip.is_live)
    assert "Faulty did not stop “Grip”" in told(bench)
    assert bench.run("write", prompt="after it").state is JobState.DONE


def told(bench: Any) -> str:
    return " ".join(notice.message for notice in bench.studio.notices.all)


def test_stopping_a_job_in_each_moment_takes_one_step(bench: Any) -> None:
    for moment in ("loading", "generating"):
        job = bench.bring_to(moment)
        job.cancel()
        bench.until(lambda job=job: not job.is_live)
        assert job.state is JobState.CANCELLED
    assert bench.studio.runtime.deaths == type(bench.studio.runtime.deaths)()


@pytest.mark.parametrize("moment", MOMENTS)
def test_closing_the_studio_leaves_no_process(
    bench: Any, moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if moment != "loading":
        without_torch(tmp_path / "without", monkeypatch)
    job = bench.bring_to(moment)
    family = [psutil.Process(bench.pid())]
    if moment == "generating":
        family.append(bench.sleeper(job))
    bench.studio.close()
    assert all(gone(process) for process in family)
    bench.studio = type(bench)(bench.studio.paths.home).studio

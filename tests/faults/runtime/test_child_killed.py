"""The runtime dies, by itself or by kill -9: the reason is told, it comes back, nothing is lost."""

from __future__ import annotations

import os
import signal
from typing import Any

import psutil
import pytest

from studio.api.jobs import JobRequest
from studio.core.runtime_process.supervisor import RuntimeState
from studio.protocol.errors import ErrorCode
from studio.protocol.states import JobState
from studio.testing.processes import gone
from tests.faults.runtime.conftest import MOMENTS

pytestmark = pytest.mark.slow


def test_killed_idle_loading_and_generating_it_comes_back_and_the_next_job_succeeds(
    bench: Any,
) -> None:
    told: list[str] = []
    bench.studio.notices.on_notice(lambda notice: told.append(notice.message))
    before = bench.run("write", prompt="before")
    for moment in MOMENTS:
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
        bench.studio.runtime.deaths.clear()  # three in five minutes are another test's subject
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
        assert "last words of the worker" in job.error.details
        assert job.error.hint
        bench.studio.runtime.deaths.clear()
    assert bench.run("write").state is JobState.DONE


def test_three_deaths_stop_it_with_a_choice(light: None, bench: Any) -> None:
    for _ in range(3):
        bench.run("die", how="kill")
    bench.until(lambda: bench.studio.runtime.state is RuntimeState.GIVEN_UP)
    [notice] = [n for n in bench.studio.notices.all if n.key == "runtime"]
    assert "stopped 3 times" in notice.message
    waiting = bench.studio.submit(JobRequest("faulty.write", {}))
    bench.until(lambda: "must be restarted" in waiting.reason)
    assert not psutil.Process().children()
    notice.actions[0].run()
    bench.until(lambda: not waiting.is_live)
    assert waiting.state is JobState.DONE


def test_stopping_a_job_in_each_moment_takes_one_step(bench: Any) -> None:
    for moment in ("loading", "generating"):
        job = bench.bring_to(moment)
        job.cancel()
        bench.until(lambda job=job: not job.is_live)
        assert job.state is JobState.CANCELLED
    assert bench.studio.runtime.deaths == type(bench.studio.runtime.deaths)()


@pytest.mark.parametrize("moment", MOMENTS)
def test_closing_the_studio_leaves_no_process(bench: Any, moment: str) -> None:
    job = bench.bring_to(moment)
    family = [psutil.Process(bench.pid())]
    if moment == "generating":
        family.append(bench.sleeper(job))
    bench.studio.close()
    assert all(gone(process) for process in family)
    bench.studio = type(bench)(bench.studio.paths.home).studio

"""Where a job runs: here, on a machine, or wherever is free; and what is known before it does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.api.jobs import FREE, HERE, JobRequest
from studio.jobs.job import Job
from studio.machines.wire.messages import HeldWeights
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import Status
from studio.protocol.states import JobState
from tests.unit.automation.workflows.talker import Desk, Talker, desk_at
from tests.unit.machines.stand_ins import Machines


class Choice:
    """A studio with two more machines, none of which is connected yet."""

    def __init__(self, desk: Desk, patch: pytest.MonkeyPatch) -> None:
        self.desk, self.studio = desk, desk.studio
        self.there = Machines(patch, Talker)
        self.there.add(desk.studio, "box", "shed")

    def submit(self, text: str, where: str = FREE) -> Job:
        params = {"prompt": text}
        return self.studio.submit(JobRequest("steps.write", params, machine=where))

    def connect(self, *names: str) -> None:
        for name in names:
            machine = self.studio.machines.machine(name)
            machine.start()
            self.desk.until(lambda machine=machine: machine.is_ready and machine.memory)

    def release(self, *jobs: Job) -> list[JobState]:
        runtimes = [self.desk.runtime, *self.there.runtimes.values()]

        def all_over() -> bool:
            for each in runtimes:
                each.release()
            return not any(job.is_live for job in jobs)

        self.desk.until(all_over)
        return [job.state for job in jobs]


@pytest.fixture
def choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Choice]:
    with desk_at(tmp_path / "home") as desk:
        yield Choice(desk, monkeypatch)


def test_free_jobs_spread_over_all_machines_and_come_home(choice: Choice) -> None:
    choice.connect("box", "shed")
    jobs = [choice.submit(f"wait {number}") for number in range(3)]
    choice.desk.until(lambda: all(job.begun for job in jobs))
    assert {job.machine for job in jobs} == {"", "box", "shed"}
    assert choice.release(*jobs) == [JobState.DONE] * 3
    library = choice.studio.library
    assert {library.record(job.record).machine for job in jobs} == {"", "box", "shed"}
    assert library.count() == 3
    named = choice.submit("there", "shed")
    here = choice.submit("here", HERE)
    assert choice.release(named, here) == [JobState.DONE] * 2
    assert (named.machine, here.machine) == ("shed", "")


def test_a_machine_that_refuses_or_is_too_small_gets_no_free_job(choice: Choice) -> None:
    choice.there.digest["box"] = lambda digest: "another"
    choice.connect("box", "shed")
    jobs = [choice.submit(f"wait {number}") for number in range(3)]
    choice.desk.until(lambda: all(job.begun for job in jobs))
    assert "box" not in {job.machine for job in jobs}
    assert choice.release(*jobs) == [JobState.DONE] * 3
    refused = choice.submit("there", "box")
    assert choice.release(refused) == [JobState.FAILED]
    assert refused.error is not None
    assert "has other files on box" in refused.error.message


def test_a_machine_out_of_reach_holds_up_no_free_job(choice: Choice) -> None:
    gone = StudioError(ErrorCode.NOT_FOUND, "box cannot be reached: no route.", "Switch it on.")
    choice.there.refusing.update(box=gone, shed=gone)
    job = choice.submit("a boat")
    assert choice.release(job) == [JobState.DONE]
    assert job.machine == ""
    named = choice.submit("a boat", "box")
    assert choice.release(named) == [JobState.FAILED]
    assert named.error is not None
    assert named.error.message == gone.message


def test_what_a_job_meets_on_a_machine_is_known_before(
    choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = HeldWeights("large", "Large", "d1", True, 6 << 30, ("looking",), "net")
    choice.there.weights["box"] = (large,)
    machines = choice.studio.machines
    assert machines.outlook("box", ["large"]).lacks == (), "nobody knows yet"
    assert machines.memory("box") == 0
    assert machines.memory("") > 1 << 30, "of this computer, while its runtime is off too"
    choice.connect("box", "shed")
    on_box = machines.outlook("box", ["large"])
    assert (on_box.lacks, on_box.is_too_large) == ((), False)
    assert on_box.needed >= 6 << 30
    assert machines.outlook("", ["large"]).lacks == ("Large",)
    choice.there.runtimes["box"].report(Status("cpu", "small", 1, 0, 1 << 30))
    choice.desk.until(lambda: machines.outlook("box", ["large"]).is_too_large)
    here = JobRequest("steps.look", {"weights": "large"}, machine=HERE)
    with pytest.raises(StudioError, match="The model Large is on box and not on this computer"):
        choice.studio.submit(here)


def test_a_clock_that_is_off_is_told_however_long_ago_it_said_so(
    choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice.there.ahead = 86_400.0
    choice.connect("box")
    choice.there.ahead = 0.0
    choice.connect("shed")
    later = time.time() + 7_200
    monkeypatch.setattr(time, "time", lambda: later)  # they were connected for two hours
    machines = choice.studio.machines
    assert any("24.0 hours ahead" in each for each in machines.machine("box").problems())
    assert machines.machine("shed").problems() == []

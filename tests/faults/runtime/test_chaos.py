"""Random work, stops, deaths and restarts: every job ends once, every recipe and result is kept."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from studio.api import Params, Seed
from studio.api.jobs import JobRequest
from studio.api.manifest import TaskEntry
from studio.jobs.job import Job
from studio.protocol.states import JobState
from studio.runtimes.supervisor import RuntimeState
from studio.studio import Studio
from studio.testing.inproc import pump_until
from studio.testing.scripted import (
    Artifact,
    Become,
    Die,
    Fail,
    Result,
    ScriptedRuntime,
    Stall,
    Step,
    StudioError,
    Tokens,
)

ACTIONS = 150


class Toy(Params):
    """Parameters of the only task here."""

    number: int
    seed: Seed = Seed.random()


TOY = TaskEntry("toy.run", "Run", "toy.schema:Toy", ("text",))


def script(chance: random.Random, number: int) -> list[Any]:
    lines: list[Any] = [
        Become(JobState.WAITING, "for memory"),
        Become(JobState.LOADING),
        Tokens("a", "b"),
        Step(1, 3),
        Artifact("text", f"{number}".encode(), ".txt", text=f"{number}"),
        Stall(),
        Result(number=number),
    ]
    lines = [line for line in lines if chance.random() < 0.8]
    if chance.random() < 0.1:
        lines.append(Fail(StudioError("BAD_INPUT", "as it was told")))  # type: ignore[arg-type]
    if chance.random() < 0.1:
        lines.append(Die())
    return lines


def act(chance: random.Random, studio: Studio, runtime: ScriptedRuntime, jobs: list[Job]) -> None:
    deed = chance.choice(["submit"] * 6 + ["cancel"] * 3 + ["release"] * 3 + ["kill", "restart"])
    if deed == "submit":
        runtime.enqueue(*script(chance, len(jobs)))
        jobs.append(studio.jobs.submit("toy", TOY, Toy(number=len(jobs)), JobRequest(TOY.id)))
    elif deed == "cancel" and jobs:
        chance.choice(jobs).cancel()
    elif deed == "release":
        runtime.release()
    elif deed == "kill" and studio.runtime.is_ready and chance.random() < 0.5:
        runtime.hang_up()
    elif deed == "restart" and chance.random() < 0.3:
        studio.runtime.restart()
    for _ in range(chance.randrange(4)):
        studio.pump(0.001)


@pytest.mark.parametrize("seed", range(4))
def test_every_job_ends_once_and_nothing_is_lost(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.runtimes.supervisor.RESTART_SECONDS", (0.0, 0.001, 0.002))
    chance = random.Random(seed)
    runtime = ScriptedRuntime()
    studio = Studio.open(home=tmp_path, only=("none",), launch=runtime.launch, attended=True)
    jobs: list[Job] = []
    ends: Counter[str] = Counter()
    for _ in range(ACTIONS):
        act(chance, studio, runtime, jobs)
        if studio.runtime.state is RuntimeState.GIVEN_UP:
            studio.runtime.restart()
    for job in jobs:
        for listen in (job.on_done, job.on_failed):
            listen(lambda _, id=job.id: ends.update([id]))
        job.on_cancelled(lambda id=job.id: ends.update([id]))

    def over() -> bool:
        runtime.release()
        if studio.runtime.state is RuntimeState.GIVEN_UP:
            studio.runtime.restart()
        return not studio.jobs.live()

    pump_until(studio, over)
    # Whether one that is told to fail gets so far depends on the moment: the last one does.
    runtime._scripts.clear()
    runtime.enqueue(Fail(StudioError("BAD_INPUT", "as it was told")))  # type: ignore[arg-type]
    failing = studio.jobs.submit("toy", TOY, Toy(number=len(jobs)), JobRequest(TOY.id))
    jobs.append(failing.on_failed(lambda _: ends.update([failing.id])))
    pump_until(studio, over)
    assert ends == Counter(job.id for job in jobs)
    assert len({job.state for job in jobs}) == 4, "not everything happened that should"
    for job in jobs:
        assert studio.library.record(job.record).params["number"] == job.recipe.params["number"]
        assert studio.library.jobs.entry(job.id).state == job.state
        for artifact in job.artifacts:
            # Which number it is depends on who was restarted when; that it is whole does not.
            assert artifact.path.read_text() == artifact.text
            assert studio.library.artifact(artifact.id).job == job.id
    assert studio.library.jobs.unfinished() == []
    assert studio.library.verify().ok
    assert studio.plugins.faults.all() == []
    studio.close()

"""Tasks that call tasks of others: what is made, kept, told; what is refused; Stop; a storm."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from studio.api.jobs import JobRequest
from studio.protocol.caches import CACHE_ENV
from studio.protocol.errors import ErrorCode
from studio.protocol.states import JobState, Lane
from studio.runtime.scheduling.scheduler import UNDER_WAY
from studio.studio import Studio
from studio.testing.inproc import pump_until

pytestmark = pytest.mark.torch


def test_poem_and_picture_in_one_task(desk: Any) -> None:
    told: list[tuple[float, float, str]] = []
    job = desk.submit("callers.make", about="the moon", seed=7)
    job.on_progress(lambda done, total, message, left: told.append((done, total, message)))
    desk.until(lambda: not job.is_live)
    assert job.error is None
    assert job.state is JobState.DONE
    assert [artifact.kind for artifact in job.artifacts] == ["text", "image", "text"]
    poem, picture, both = job.artifacts
    assert job.result["ids"] == [poem.id, picture.id]
    assert job.result["passed"], "the verdict of the painter's own check passes through"
    library = desk.studio.library
    assert set(library.inputs(both.id)) == {poem.id, picture.id}
    assert library.inputs(picture.id) == [poem.id]
    assert {library.artifact(each.id).job for each in job.artifacts} == {job.id}
    record = library.record(picture.record)
    assert (record.task, record.plugin) == ("makers.picture", "makers")
    assert record.params["weights"] == "paint", "the best that fits was named"
    assert record.params["seed"] == record.seed != library.record(poem.record).seed
    assert set(record.inputs) == {"mood"}
    assert record.seconds is not None
    assert picture.title == "A picture"
    assert {entry.state for entry in library.jobs.recent()} == {"done"}
    assert {entry.title for entry in library.jobs.recent()} == {
        "Poem and picture",
        "Write a poem",
        "Its picture",
    }
    assert all(0 <= done <= total == 3 for done, total, _ in told)
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert any("paint" in message for _, _, message in told)


def test_the_same_job_makes_the_same_once_more(desk: Any) -> None:
    first, second, other = (
        desk.run("callers.make", seed=seed).result["told"] for seed in (3, 3, 4)
    )
    assert first == second
    assert first != other


def test_what_is_not_to_be_kept_is_handed_over_all_the_same(desk: Any) -> None:
    job = desk.studio.submit(JobRequest("callers.make", {}, private=True))
    desk.until(lambda: not job.is_live)
    assert job.result["ids"] == ["", ""]
    assert "the sea" in job.result["told"]
    assert desk.studio.library.jobs.recent() == []


@pytest.mark.parametrize(
    ("params", "words", "hint"),
    [
        ({"task": "makers.undeclared"}, "“makers.undeclared” is not declared", "uses ="),
        ({"task": "makers.gone"}, "no task called “makers.gone”", "Did you mean"),
        ({"task": "callers.call"}, "callers.call → callers.call", "cannot call itself"),
        ({"task": "makers.poem", "holds": "lease"}, "holds the model “Paint”", "ctx.lease"),
        ({"task": "makers.poem", "holds": "alone"}, "no other job can run", "ctx.alone"),
        ({"task": "makers.fail"}, "There is no paint.", "Buy some."),
    ],
)
def test_a_call_that_cannot_be_is_a_sentence_that_the_task_may_catch(
    desk: Any, params: dict[str, Any], words: str, hint: str
) -> None:
    job = desk.run("callers.call", **params)
    assert job.state is JobState.FAILED
    assert words in job.error.message
    assert hint in job.error.hint
    caught = desk.run("callers.call", catches=True, **params)
    assert caught.state is JobState.DONE
    assert words in caught.result["caught"]


def test_a_lease_that_was_given_back_is_no_obstacle(desk: Any) -> None:
    job = desk.run("callers.call", task="makers.poem", holds="before")
    assert len(job.result["made"]) == 1


def test_a_result_that_is_a_file_is_read_where_the_library_has_it(
    desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_ENV, str(desk.studio.paths.cache))  # as a runtime process has it
    job = desk.run("callers.call", task="makers.film")
    assert job.result == {"made": ["a long film"]}
    assert job.artifacts[0].path.read_text() == "a long film"


def test_parameters_are_checked_by_the_schema_of_the_called_task(desk: Any) -> None:
    job = desk.run("callers.call", task="makers.picture", size=99)
    assert job.state is JobState.FAILED
    assert "between 1 and 8" in job.error.message
    assert [each.task for each in desk.studio.jobs.jobs()] == ["callers.call"], "nothing began"


def test_a_chain_of_four_is_the_longest(desk: Any) -> None:
    names = [f"callers.{name}" for name in ("two", "three", "four")]
    assert desk.run("callers.one", rest=names).result == {"reached": 4}
    job = desk.run("callers.one", rest=[*names, "callers.five"])
    assert job.error.code is ErrorCode.PLUGIN_FAILED
    assert "at most 4 tasks may call one another: callers.one → callers.two" in job.error.message
    circle = desk.run("callers.one", rest=["callers.two", "callers.one"])
    assert "callers.one → callers.two → callers.one" in circle.error.message


@pytest.mark.parametrize("which", ["caller", "called"])
def test_one_stop_ends_both(desk: Any, which: str) -> None:
    job = desk.submit("callers.one", rest=["callers.two", "makers.forever"])
    desk.until(lambda: len(desk.studio.jobs.live()) == 3 and desk.studio.jobs.live()[-1].total)
    jobs = desk.studio.jobs.live()
    (job if which == "caller" else jobs[-1]).cancel()
    desk.until(lambda: not desk.studio.jobs.live())
    assert {each.state for each in jobs} == {JobState.CANCELLED}
    assert jobs[0].finished >= jobs[-1].finished, "a caller is over last"
    assert {entry.state for entry in desk.studio.library.jobs.recent()} == {"cancelled"}


def test_a_pause_holds_all_of_it(desk: Any) -> None:
    job = desk.submit("callers.one", rest=["makers.forever"])
    desk.until(lambda: len(desk.studio.jobs.live()) == 2 and job.called[0].total)
    job.pause()
    desk.until(lambda: job.state is job.called[0].state is JobState.PAUSED)
    job.resume()
    desk.until(lambda: job.state is job.called[0].state is JobState.RUNNING)
    job.cancel()
    desk.until(lambda: not job.is_live)


def test_a_death_of_the_runtime_loses_both_and_nothing_runs_again(desk: Any) -> None:
    job = desk.submit("callers.one", rest=["callers.two", "makers.forever"])
    desk.until(lambda: len(desk.studio.jobs.live()) == 3 and desk.studio.jobs.live()[-1].total)
    jobs = desk.studio.jobs.live()
    desk.studio.runtime.restart()
    desk.until(lambda: not desk.studio.jobs.live())
    assert {each.state for each in jobs} <= {JobState.LOST, JobState.CANCELLED}
    assert job.state is JobState.LOST
    assert len(desk.studio.jobs.jobs()) == 3
    assert desk.studio.library.jobs.unfinished() == []
    assert desk.studio.library.verify().ok


def test_a_kill_of_the_studio_in_the_middle_leaves_a_library_that_is_whole(
    desk: Any, tmp_path: Path
) -> None:
    job = desk.submit("callers.make", about="before")
    desk.until(lambda: not job.is_live)
    desk.submit("callers.one", rest=["callers.two", "makers.forever"])
    desk.until(lambda: len(desk.studio.jobs.live()) == 3 and desk.studio.jobs.live()[-1].total)
    killed = tmp_path / "killed"
    shutil.copytree(desk.studio.paths.home, killed)  # what a kill leaves on the disk
    after = Studio.open(home=killed, only=("nothing",))
    pump_until(after, lambda: not after.library.jobs.unfinished())
    states = Counter(entry.state for entry in after.library.jobs.recent())
    assert states == {"done": 3, "lost": 3}
    assert after.library.verify().ok
    assert set(after.library.inputs(job.artifacts[-1].id)) == {
        each.id for each in job.artifacts[:-1]
    }
    after.close()
    desk.studio.jobs.live()[0].cancel()
    desk.until(lambda: not desk.studio.jobs.live())


def test_callers_do_not_take_the_places_of_others(desk: Any) -> None:
    """Without a place for the called, as many callers as there are places would wait for ever."""
    many = UNDER_WAY[Lane.BATCH] * 2
    jobs = [
        desk.submit("callers.one", rest=["callers.three", "makers.picture"]) for _ in range(many)
    ]
    desk.until(lambda: not any(job.is_live for job in jobs))
    assert {job.state for job in jobs} == {JobState.DONE}


@pytest.mark.parametrize(("seed", "many"), [(0, 40), (1, 100)])
def test_a_storm_of_calls_never_stands_still(desk: Any, seed: int, many: int) -> None:
    chance = random.Random(seed)
    names = ["callers.two", "callers.three", "callers.four"]
    ends = ["makers.poem", "makers.picture", "makers.fail", ""]
    jobs = []
    for _ in range(many):
        rest = chance.sample(names, chance.randrange(3))
        rest += filter(None, [chance.choice(ends)])
        jobs.append(desk.submit("callers.one", rest=rest, steps=chance.randrange(3)))
        if chance.random() < 0.25:
            chance.choice(jobs).cancel()
        if chance.random() < 0.1:
            chance.choice(jobs).promote()
        desk.studio.pump(0.001)
    desk.until(lambda: not desk.studio.jobs.live())
    states = Counter(job.state for job in jobs)
    assert set(states) == {JobState.DONE, JobState.FAILED, JobState.CANCELLED}
    for job in jobs:
        if job.state is JobState.FAILED:
            assert job.error.message == "There is no paint."
        if job.state is JobState.DONE:
            callers = [name for name in job.recipe.params["rest"] if name.startswith("callers.")]
            assert job.result["reached"] == 1 + len(callers)
    assert desk.server._scheduler.running() == ()
    assert desk.studio.library.jobs.unfinished() == []


def test_the_library_is_not_read_by_who_does_not_declare_it(desk: Any) -> None:
    job = desk.run("callers.call", task="makers.poem", holds="library")
    assert job.error.code is ErrorCode.PERMISSION
    assert "library = true" in job.error.hint

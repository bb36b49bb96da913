"""Rows through their steps: results, caches, conditions, failures, stops."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.automation.workflows.machine import AT_ONCE
from studio.automation.workflows.results import Results
from studio.automation.workflows.sources import Given
from studio.library.workflow_runs import RowState, RunState
from studio.protocol.errors import ErrorCode, StudioError
from studio.testing.scripted import Die
from tests.faults.library import moment
from tests.unit.automation.workflows.talker import THREE_STEPS, Desk, Talker, desk_at
from tests.unit.machines.stand_ins import Machines


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_at(tmp_path_factory.mktemp("home")) as made:
        yield made


def texts(*words: str) -> list[Given]:
    return [Given(text=word) for word in words]


def test_each_row_goes_through_all_steps_and_its_results_know_their_parents(desk: Desk) -> None:
    runner = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts("one", "two", "three")))
    assert runner.state is RunState.DONE
    assert desk.texts(runner, "third") == [f"{n} and so on" for n in ("one", "two", "three")]
    library = desk.studio.library
    last = library.workflow_runs.steps(runner.id, [1])[-1].artifacts[0]
    assert [each.text for each in library.family(last).ancestors] == ["one and", "one"]
    library.rebuild()
    assert library.workflow_runs.counts(runner.id) == {RowState.DONE: 3}, "a rebuild leaves it"


def test_a_second_run_makes_nothing_anew(desk: Desk) -> None:
    first = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts("a", "b")))
    before = len(desk.asked)
    again = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts("b", "a")))
    assert len(desk.asked) == before
    assert desk.texts(again, "third") == desk.texts(first, "third")[::-1]
    other = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts("a"), params={"word": "or"}))
    assert desk.texts(other, "third") == ["a or so on"]
    assert desk.asked[before:] == ["steps.add"] * 2, "its first step is the same"


def test_rows_that_are_alike_and_run_together_are_made_once(desk: Desk) -> None:
    before = len(desk.asked)
    runner = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts(*["twin"] * 6, "single")))
    assert len(desk.asked) == before + 6
    assert desk.texts(runner, "third") == ["twin and so on"] * 6 + ["single and so on"]
    before = len(desk.asked)
    runner = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts(*["fail twice"] * 2)))
    assert desk.states(runner) == [RowState.FAILED] * 2, "what failed helps no other"
    assert len(desk.asked) == before + 2


def test_rows_are_finished_before_others_begin(desk: Desk) -> None:
    runner = desk.finish(
        desk.studio.workflows.start(THREE_STEPS, texts(*(f"whole {n}" for n in range(20))))
    )
    steps = desk.studio.library.workflow_runs.steps(runner.id, range(1, 21))
    begun: set[int] = set()
    for step in sorted(steps, key=lambda step: step.job):
        (begun.discard if step.step == "third" else begun.add)(step.number)
        assert len(begun) <= AT_ONCE
    assert len(steps) == 60


def test_a_failed_row_stops_no_other_and_only_it_is_retried(desk: Desk, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"{number}.txt").write_text(f"file {number}")
    runner = desk.studio.workflows.start(THREE_STEPS, texts("fine"))
    desk.finish(runner)
    gone = [Given(file=str(tmp_path / f"{number}.txt")) for number in (1, 2, 3)]
    (tmp_path / "2.txt").unlink()
    runner = desk.finish(desk.studio.workflows.start(THREE_STEPS, gone))
    assert desk.states(runner) == [RowState.DONE, RowState.FAILED, RowState.DONE]
    why = desk.rows(runner)[1].error
    assert why.startswith("Step “first”: The file")
    assert "is not there any more" in why
    (tmp_path / "2.txt").write_text("file 2")
    before = len(desk.asked)
    run = desk.studio.library.workflow_runs.run(runner.id)
    runner = desk.finish(desk.studio.workflows.resume(run, retry=True))
    assert desk.states(runner) == [RowState.DONE] * 3
    assert len(desk.asked) == before + 3, "the others were not touched"


def test_a_task_that_fails_says_so_in_its_row(desk: Desk) -> None:
    runner = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts("fail here", "well")))
    failed, done = desk.rows(runner)
    assert failed.error == "Step “first”: That cannot be written. Change it."
    assert done.state is RowState.DONE


def test_a_step_is_repeated_with_other_seeds_until_it_is_valid(desk: Desk) -> None:
    text = THREE_STEPS.replace('id = "first"', 'id = "first"\nuntil = "valid"\nat_most = 40')
    runner = desk.finish(desk.studio.workflows.start(text, texts("luck", "good", "bad luck")))
    assert desk.states(runner) == [RowState.DONE, RowState.DONE, RowState.FAILED]
    steps = desk.studio.library.workflow_runs.steps(runner.id, [1, 2, 3])
    tries = [sum(s.number == n and s.step == "first" for s in steps) for n in (1, 2, 3)]
    assert tries[0] > 1
    assert tries[1:] == [1, 40]
    assert "in 40 attempts" in desk.rows(runner)[2].error
    none = desk.finish(desk.studio.workflows.start(text, texts("no check")))
    assert "does not check its results" in desk.rows(none)[0].error


def test_a_step_with_a_condition_is_skipped_with_what_needs_it(desk: Desk) -> None:
    text = THREE_STEPS.replace('id = "second"', 'id = "second"\nonly_if = "first is valid"')
    runner = desk.finish(desk.studio.workflows.start(text, texts("good", "bad")))
    assert desk.states(runner) == [RowState.DONE] * 2
    assert desk.texts(runner, "third") == ["good and so on"]


def test_a_run_that_is_stopped_goes_on_where_it_was(desk: Desk) -> None:
    runner = desk.studio.workflows.start(THREE_STEPS, texts("done now", "wait a", "wait b"))
    desk.until(lambda: len(desk.studio.jobs.live()) == 2 and runner.done == 1)
    runner.stop()
    desk.finish(runner)
    assert runner.state is RunState.STOPPED
    assert desk.states(runner)[0] is RowState.DONE
    before = len(desk.asked)
    run = desk.studio.library.workflow_runs.run(runner.id)
    again = desk.studio.workflows.resume(run)
    desk.until(lambda: len(desk.asked) == before + 2)
    desk.until(lambda: (desk.runtime.release(), again.is_over)[1])
    desk.finish(again)
    assert desk.states(again) == [RowState.DONE] * 3


def test_rows_wait_while_the_queue_is_paused(desk: Desk) -> None:
    queue = desk.studio.jobs.queue
    queue.pause()
    before = len(desk.asked)
    runner = desk.studio.workflows.start(THREE_STEPS, texts("patient"))
    runs = desk.studio.library.workflow_runs
    desk.until(lambda: runs.counts(runner.id))
    assert len(desk.asked) == before
    queue.resume()
    desk.finish(runner)
    assert desk.states(runner) == [RowState.DONE]


def test_a_full_disk_ends_the_run_and_not_each_row(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StudioError(ErrorCode.DISK_FULL, "The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(desk.studio.library, "check_room", full)
        runner = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts("x", "y", "z")))
    assert runner.state is RunState.STOPPED
    assert runner.error is not None
    assert RowState.FAILED not in desk.states(runner)
    run = desk.studio.library.workflow_runs.run(runner.id)
    assert desk.states(desk.finish(desk.studio.workflows.resume(run))) == [RowState.DONE] * 3


def test_what_an_erased_result_was_made_from_is_forgotten(desk: Desk) -> None:
    runner = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts("a secret word")))
    library = desk.studio.library
    library.erase([library.workflow_runs.steps(runner.id, [1])[0].artifacts[0]])
    row = desk.rows(runner)[0]
    assert (row.title, row.given) == ("", {})


def test_a_window_that_was_killed_has_steps_in_its_queue_and_none_is_done_twice(
    tmp_path: Path,
) -> None:
    with desk_at(tmp_path / "home", attended=True) as desk:
        runner = desk.studio.workflows.start(THREE_STEPS, texts("wait", "wait, too", *"abcde"))
        desk.until(lambda: runner.done >= 2)
        desk.studio.jobs.queue.pause()
        desk.until(lambda: sum(job.is_live for job in desk.studio.jobs.jobs()) > 1)
        stored: list[None] = []
        desk.studio.jobs._disk.run(lambda: None, stored.append)
        desk.until(lambda: stored)
        moment.copy(desk.home, tmp_path / "killed")
    with desk_at(tmp_path / "killed", attended=True) as desk:
        (run,) = desk.studio.library.workflow_runs.runs()
        desk.until(lambda: desk.studio.jobs.jobs())
        desk.studio.jobs.queue.resume()
        desk.until(lambda: any("Three steps" in each.message for each in desk.studio.notices.all))
        (told,) = [each for each in desk.studio.notices.all if "Three steps" in each.message]
        told.actions[0].run()
        runner = desk.studio.workflows.runner(run.id)
        assert runner is not None
        desk.until(lambda: (desk.runtime.release(), runner.is_over)[1])
        assert desk.states(runner) == [RowState.DONE] * 7
        found = desk.studio.library.find(limit=-1)
        assert len(found) == len({each.text for each in found}) == 21


def test_a_missing_model_is_told_before_a_row_is_run(desk: Desk) -> None:
    look = '[[step]]\nid = "look"\ntask = "steps.look"\n'
    for more, message in (
        ('params = { weights = "lost" }', "Step “look”: .*“lost”"),
        ("", "Step “look”: .*looking"),
    ):
        with pytest.raises(StudioError, match=message):
            desk.studio.workflows.start(THREE_STEPS + look + more, texts("x"))


def saved(desk: Desk, text: str, kind: str = "text") -> str:
    return desk.studio.library.add_artifact(NewArtifact(kind, text.encode(), ".txt", text=text)).id


def test_results_of_the_library_are_rows_and_parents(desk: Desk) -> None:
    library, start = desk.studio.library, desk.studio.workflows.start
    ids = [saved(desk, "a lead"), saved(desk, "no text", "code"), saved(desk, "another")]
    leads = library.collections.create("Leads")
    library.collections.put(leads.id, ids)
    named = THREE_STEPS.replace('kind = "text"', 'kind = "text"\ncollection = "leads"')
    runner = desk.finish(start(named, None))
    assert desk.texts(runner, "third") == ["a lead and so on", "another and so on"]
    made = library.workflow_runs.steps(runner.id, [1])[0].artifacts[0]
    assert [each.id for each in library.family(made).ancestors] == [ids[0]]
    same = desk.finish(start(THREE_STEPS, Results(run=runner.id)))
    chosen = desk.finish(start(THREE_STEPS, Results((ids[2],))))
    assert [len(desk.rows(each)) for each in (same, chosen)] == [2, 1]

    library.erase([ids[0]])
    kept = [(row.title, row.given.get("text")) for row in desk.rows(same)]
    assert kept == [("", None), ("another", "another")]
    again = desk.finish(start(THREE_STEPS, Results(run=same.id)))
    assert again.error is not None, "what is gone before a run is told at once"


def test_a_result_that_is_deleted_in_the_middle_fails_its_row_alone(desk: Desk) -> None:
    ids = [saved(desk, "wait for it"), saved(desk, "goes away")]
    desk.studio.jobs.queue.pause()
    runner = desk.studio.workflows.start(THREE_STEPS, Results(tuple(ids)))
    runs = desk.studio.library.workflow_runs
    desk.until(lambda: len(runs.rows(runner.id)) == 2)
    desk.studio.library.erase([ids[1]])
    desk.studio.jobs.queue.resume()
    desk.until(lambda: (desk.runtime.release(), runner.is_over)[1])
    assert desk.states(runner) == [RowState.DONE, RowState.FAILED]
    told = "Step “first”: The result that this row starts from was deleted."
    assert desk.rows(runner)[1].error == told


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            Results(collection="Nothing"),
            "There is no collection “Nothing”.*Pictures",
        ),
        (Results(collection="Pictures"), "There is no text in the collection.*It has: image"),
        (Results(("nothing",)), "There is no item “nothing” in the library"),
    ],
)
def test_results_that_are_not_there_are_told(desk: Desk, source: Results, message: str) -> None:
    library = desk.studio.library
    if "Pictures" not in [each.title for each in library.collections.list()]:
        pictures = library.collections.create("Pictures")
        library.collections.put(pictures.id, [saved(desk, "x", "image")])
    runner = desk.finish(desk.studio.workflows.start(THREE_STEPS, source))
    assert re.search(message, str(runner.error))
    assert library.workflow_runs.counts(runner.id) == {}


def test_a_machine_that_is_gone_stops_the_run_and_its_rows_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Machines(monkeypatch, Talker)
    with desk_at(tmp_path) as desk:
        there.add(desk.studio, "box")
        gone = StudioError(ErrorCode.RUNTIME_LOST, "The connection to box was lost.")
        there.refusing["box"] = gone
        desk.studio.machines.registry.run_on = "box"
        runner = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts("a", "b", "c")))
        assert runner.state is RunState.STOPPED
        assert runner.error is not None
        assert "The connection to box was lost." in runner.error.message
        assert "resume the run" in runner.error.hint
        assert RowState.FAILED not in desk.states(runner)
        del there.refusing["box"]
        desk.studio.machines.registry.run_on = "here"
        run = desk.studio.library.workflow_runs.run(runner.id)
        desk.finish(desk.studio.workflows.resume(run))
        assert desk.states(runner) == [RowState.DONE] * 3


def test_a_runtime_that_was_killed_once_costs_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk_at(tmp_path) as desk:
        script = desk.runtime.next_script
        killed: list[int] = []

        def once() -> tuple[object, ...]:
            if len(killed) < 1:
                killed.append(1)
                return (Die(),)
            return script()

        monkeypatch.setattr(desk.runtime, "next_script", once)
        runner = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts("a", "b")))
        assert killed, "the control"
        assert desk.states(runner) == [RowState.DONE] * 2


def test_a_step_that_brings_the_runtime_down_fails_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk_at(tmp_path) as desk:
        script = desk.runtime.next_script

        def deadly() -> tuple[object, ...]:
            return (Die(),) if "die" in str(desk.runtime.submitted[-1].params) else script()

        monkeypatch.setattr(desk.runtime, "next_script", deadly)
        runner = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts("die", "well")))
        assert desk.states(runner)[0] is RowState.FAILED

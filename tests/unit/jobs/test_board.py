"""The job board: recipes first, states in one place, callbacks contained, nothing lost."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Params
from studio.api.jobs import JobRequest
from studio.api.manifest import TaskEntry
from studio.jobs.artifact_saver import MOST_AFTER_STOP
from studio.jobs.board import JobBoard
from studio.jobs.recipes import submission
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import (
    Cancel,
    JobChanged,
    Pause,
    Promote,
    Resume,
    TextDelta,
)
from studio.protocol.states import JobState, Priority
from studio.testing.guards import PATIENCE
from studio.testing.scripted import (
    Artifact,
    Become,
    Die,
    Fail,
    Result,
    Stall,
    Step,
    Tokens,
)
from tests.unit.library.old_library import files_with

PNG = b"\x89PNG\r\n\x1a\n, or so"


def test_a_long_title_is_cut_between_words_and_says_so(desk: Any) -> None:
    job = desk.submit(Stall(), title="Explain\n" + "what this file does " * 20)
    assert len(job.title) <= 120
    assert job.title.startswith("Explain what this file does")
    assert job.title.endswith(("file…", "does…", "this…", "what…"))
    one_word = desk.submit(Stall(), title="C" * 500)
    assert one_word.title == "C" * 119 + "…"


def test_a_job_tells_everything_in_order(desk: Any) -> None:
    heard: list[Any] = []
    job = (
        desk.submit(
            Become(JobState.WAITING, "for 1.2 GB: Pictures is using it"),
            Become(JobState.LOADING),
            Tokens("Hel", "lo"),
            Step(5, 20, "Denoising", np.zeros((2, 3, 3), np.uint8)),
            Artifact("image", PNG, ".png", text="a boat", verdict={"checks": []}),
            Result(width=3),
        )
        .on_state(lambda state, reason: heard.append((state, reason)))
        .on_text(lambda *told: heard.append(told))
        .on_progress(lambda done, total, message, left: heard.append((done, total, message)))
        .on_preview(lambda picture, note: heard.append(picture.shape))
        .on_artifact(lambda artifact: heard.append(artifact.path.read_bytes()))
        .on_done(lambda result: heard.append(result))
        .on_failed(lambda error: heard.append(error))
        .on_cancelled(lambda: heard.append("cancelled"))
    )
    desk.finish(job)
    # How long it is queued, and for what, is a matter of timing.
    assert [news for news in heard if isinstance(news, dict | bytes) or news[0] != "queued"] == [
        (JobState.WAITING, "for 1.2 GB: Pictures is using it"),
        (JobState.LOADING, ""),
        (JobState.RUNNING, ""),
        ("Hel", 1, ""),
        ("lo", 2, ""),
        (5.0, 20.0, "Denoising"),
        (2, 3, 3),
        PNG,
        (JobState.DONE, ""),
        {"width": 3},
    ]


def test_a_late_subscriber_hears_what_happened_at_once(desk: Any) -> None:
    job = desk.submit(
        Tokens("Hel", "lo"), Step(2, 4, "half"), Artifact("text", b"x", ".txt"), Result(a=1)
    )
    desk.finish(job)
    heard: list[Any] = []
    job.on_text(lambda text, tokens, channel: heard.append((text, tokens)))
    job.on_progress(lambda *told: heard.append(told[:3]))
    job.on_state(lambda state, reason: heard.append(state))
    job.on_artifact(lambda artifact: heard.append(artifact.kind))
    job.on_done(lambda result: heard.append(result))
    job.on_failed(lambda error: heard.append(error))
    assert heard == [("Hello", 2), (2.0, 4.0, "half"), JobState.DONE, "text", {"a": 1}]


def test_the_recipe_is_in_the_library_before_the_runtime_hears_of_it(desk: Any) -> None:
    job = desk.submit(Stall(), params={"prompt": "a tree", "seed": 7})
    desk.until(lambda: desk.runtime.submitted)
    record = desk.studio.library.record(job.record)
    assert record.task == "toy.draw"
    assert record.params == {"prompt": "a tree", "notes": [], "seed": 7}
    assert record.seed == 7
    assert desk.studio.library.jobs.entry(job.id).record == job.record


def test_the_record_is_completed_and_the_journal_closed(desk: Any) -> None:
    job = desk.submit(Artifact("image", PNG, ".png", title="Boat"), parents=["made-from"])
    desk.finish(job)
    record = desk.studio.library.record(job.record)
    assert record.device == "scripted"
    assert record.seconds is not None
    assert record.energy is not None
    assert 0 < record.energy.low < record.energy.joules < record.energy.high
    assert (record.energy.busy, record.caller) == (0.01, "")
    assert desk.studio.library.jobs.entry(job.id).state == "done"
    [artifact] = job.artifacts
    stored = desk.studio.library.artifact(artifact.id)
    assert (stored.title, stored.record, stored.job) == ("Boat", job.record, job.id)
    assert desk.studio.library.inputs(artifact.id) == ["made-from"]


def test_a_random_seed_is_drawn_once_and_kept(desk: Any) -> None:
    jobs = [desk.submit() for _ in range(3)]
    desk.finish(*jobs)
    seeds = [submit.seed for submit in desk.runtime.submitted]
    assert len(set(seeds)) == 3
    assert [submit.params["seed"] for submit in desk.runtime.submitted] == seeds
    assert [desk.studio.library.record(job.record).seed for job in jobs] == seeds


def test_inputs_travel_with_type_and_shape_and_are_noted_by_digest(desk: Any) -> None:
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    job = desk.submit(inputs={"image": image, "mask": b"bytes"})
    desk.finish(job)
    [submit] = desk.runtime.submitted
    assert submit.specs["image"].shape == (2, 2, 3)
    assert submit.specs["mask"].dtype == "bytes"
    assert set(desk.studio.library.record(job.record).inputs) == {"image", "mask"}


def test_what_is_not_to_be_kept_stays_out_of_the_library(desk: Any) -> None:
    heard: list[Any] = []
    job = desk.submit(Artifact("text", b"hello", ".txt"), keep=False).on_artifact(heard.append)
    desk.finish(job)
    [artifact] = heard
    assert artifact.read() == b"hello"
    assert artifact.id == ""
    assert job.artifacts == [], "nobody holds on to it"
    assert desk.studio.library.count() == 0
    assert files_with("hello", desk.home) == []


def test_of_a_passing_job_nothing_is_left(desk: Any) -> None:
    """A view that is drawn anew after each edit must not fill the library and the list of jobs."""
    look = TaskEntry("toy.look", "Look", "toy:Look")
    for script in (Result(pages=3), Fail(StudioError(ErrorCode.BAD_INPUT, "No."))):
        desk.runtime.enqueue(script)
        job = desk.studio.jobs.submit("toy", look, Params(), JobRequest(look.id, keep=False))
        desk.finish(job)
        with pytest.raises(StudioError):
            desk.studio.library.record(job.record)
        assert desk.studio.jobs.jobs() == []
    assert job.state is JobState.FAILED
    assert desk.studio.library.jobs.unfinished() == []
    assert desk.told() == []


def test_of_the_jobs_that_are_over_only_the_last_are_remembered(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.jobs.board.KEPT_OVER", 3)
    done = []
    for number in range(6):
        done.append(desk.submit(Result(number=number)))
        desk.finish(done[-1])
    assert desk.studio.jobs.jobs() == done[-3:]
    live = [desk.submit(Stall()) for _ in range(5)]
    assert desk.studio.jobs.jobs() == [*done[-3:], *live], "what is under way is never dropped"
    desk.runtime.release()


def test_a_private_job_is_seen_at_work_and_nothing_of_it_is_written(desk: Any) -> None:
    job = desk.submit(
        Step(1, 4), Stall(), Artifact("text", b"secret", ".txt"), Result(text="a"),
        keep=False, private=True,
    )  # fmt: skip
    desk.until(lambda: job.total)
    assert desk.studio.jobs.live() == [job]
    assert submission(job).private, "the runtime is told"
    desk.runtime.release()
    desk.finish(job)
    assert (job.state, job.result["text"], job.artifacts) == (JobState.DONE, "a", [])
    assert desk.studio.jobs.jobs() == []
    with pytest.raises(StudioError):
        desk.studio.library.record(job.record)
    assert not list((desk.studio.paths.cache / "results").glob("*"))


def test_the_drawer_has_something_to_show(desk: Any) -> None:
    seen: list[tuple[str, str]] = []
    end = desk.studio.jobs.on_change(lambda job: seen.append((job.title, job.words)))
    job = desk.submit(Step(1, 4, "Denoising"), Stall(), title="Boat, blue")
    desk.until(lambda: job.total)
    assert (job.plugin, job.kind, job.task) == ("toy", "image", "toy.draw")
    assert job.share == 0.25
    assert ("Boat, blue", "Running: Denoising") in seen
    assert job.started is not None
    assert desk.studio.jobs.live() == [job]
    desk.runtime.release()
    desk.finish(job)
    assert seen[-1] == ("Boat, blue", "Done")
    assert job.finished is not None
    end()
    desk.studio.jobs.forget_over()
    assert desk.studio.jobs.jobs() == []


def test_a_failure_is_told_once_in_its_own_words(desk: Any) -> None:
    failed: list[StudioError] = []
    error = StudioError(ErrorCode.OUT_OF_MEMORY, "Not enough memory.", "Try 768 px.")
    job = desk.submit(Tokens("x"), Fail(error)).on_failed(failed.append)
    desk.finish(job)
    assert [(e.code, e.message, e.hint) for e in failed] == [
        (ErrorCode.OUT_OF_MEMORY, "Not enough memory.", "Try 768 px.")
    ]
    assert job.words == "Not enough memory."
    assert desk.studio.library.jobs.entry(job.id).error["code"] == "OUT_OF_MEMORY"


@pytest.mark.parametrize(
    "options",
    [
        {"params": {"notes": ["x" * 900_000] * 10}},
        {"inputs": {str(number): b"x" for number in range(65)}},
    ],
    ids=["text", "inputs"],
)
def test_what_is_too_large_is_refused_before_anything_is_stored(
    desk: Any, options: dict[str, Any]
) -> None:
    with pytest.raises(StudioError, match=r"too large|Too many"):
        desk.submit(**options)
    assert desk.studio.jobs.jobs() == []
    assert desk.studio.library.jobs.recent() == []


def test_a_recipe_that_cannot_be_stored_fails_the_job_in_words(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **facts: Any) -> None:
        raise StudioError(ErrorCode.DISK_FULL, "The disk is full.", "Free some space.")

    monkeypatch.setattr(desk.studio.library, "add_record", full)
    job = desk.submit(Tokens("never"))
    desk.finish(job)
    assert job.state is JobState.FAILED
    assert job.error.code is ErrorCode.DISK_FULL
    assert desk.runtime.submitted == []


def test_a_result_that_cannot_be_saved_is_kept_until_it_can(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, trouble = desk.studio.library.add_artifact, [True]

    def sometimes(*args: Any, **facts: Any) -> Any:
        if trouble:
            raise StudioError(ErrorCode.DISK_FULL, "The disk is full.", "Free some space.")
        return add(*args, **facts)

    monkeypatch.setattr(desk.studio.library, "add_artifact", sometimes)
    saved: list[bytes] = []
    job = desk.submit(Artifact("image", PNG, ".png"))
    job.on_artifact(lambda artifact: saved.append(artifact.path.read_bytes()))
    desk.finish(job)
    assert job.state is JobState.FAILED
    assert job.error.code is ErrorCode.DISK_FULL
    assert "not been saved yet" in desk.told()[-1]
    trouble.clear()
    desk.press("Save again")
    desk.until(lambda: saved)
    assert saved == [PNG]
    assert desk.told() == []


@pytest.mark.parametrize("event", ["on_text", "on_state", "on_artifact", "on_done"])
def test_a_raising_callback_is_named_and_the_rest_goes_on(desk: Any, event: str) -> None:
    heard: list[Any] = []
    job = desk.submit(Tokens("Hel", "lo"), Artifact("text", b"x", ".txt"))

    def bad(*args: Any) -> None:
        raise ZeroDivisionError("plugin bug")

    getattr(job, event)(bad)
    job.on_text(lambda text, tokens, channel: heard.append(text))
    job.on_done(lambda result: heard.append("done"))
    desk.finish(job)
    assert heard == ["Hel", "lo", "done"]
    faults = desk.studio.plugins.faults.of("toy")
    assert faults
    assert "ZeroDivisionError" in faults[0].error.message


def test_a_raising_observer_does_not_stop_the_board(desk: Any) -> None:
    desk.studio.jobs.on_change(lambda job: 1 / 0)
    job = desk.submit(Tokens("x"))
    desk.finish(job)
    assert job.state is JobState.DONE


def test_a_running_job_stops_at_its_next_step(desk: Any) -> None:
    told: list[str] = []
    job = desk.submit(Tokens("x"), Stall()).on_cancelled(lambda: told.append("stopped"))
    desk.until(lambda: job.texts())
    job.cancel()
    assert job.words == "Stopping…"
    job.cancel()
    desk.finish(job)
    assert told == ["stopped"]
    assert job.state is JobState.CANCELLED
    assert sum(isinstance(message, Cancel) for message in desk.runtime.received) == 1
    job.cancel()
    assert job.state is JobState.CANCELLED


def test_stop_saves_what_was_finished_and_no_flood(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, gate = threading.Event(), threading.Event()
    save = desk.studio.jobs._results._store.save

    def slowly(*given: Any) -> Any:
        begun.set()
        assert gate.wait(PATIENCE)
        return save(*given)

    monkeypatch.setattr(desk.studio.jobs._results._store, "save", slowly)
    flood = [Artifact("text", f"{n}".encode(), ".txt") for n in range(100)]
    job = desk.submit(*flood, Tokens("all"), Stall())
    desk.until(lambda: job.texts() and begun.is_set())
    job.cancel()
    gate.set()
    desk.finish(job)
    assert job.state is JobState.CANCELLED
    assert MOST_AFTER_STOP <= len(job.artifacts) <= MOST_AFTER_STOP + 1
    assert any(
        "were waiting than are saved after Stop" in n.message for n in desk.studio.notices.all
    )


def test_a_job_that_was_not_sent_yet_is_stopped_at_once(desk: Any) -> None:
    job = desk.submit(Tokens("never"))
    job.cancel()
    desk.finish(job)
    assert job.state is JobState.CANCELLED
    other = desk.submit(Tokens("x"))
    desk.finish(other)
    assert [submit.job for submit in desk.runtime.submitted] == [other.id]


def test_a_stubborn_job_gets_an_offer_to_restart(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.jobs.board.STUBBORN_SECONDS", 0.0)
    desk.runtime.enqueue(Tokens("x"), Stall(stubborn=True))
    look = TaskEntry("toy.look", "Look", "toy:Look")
    wish = JobRequest(look.id, title="Ghost", keep=False, private=True)
    unseen = desk.studio.jobs.submit("toy", look, Params(), wish)
    desk.until(lambda: unseen.texts())
    unseen.cancel()
    job = desk.submit(Tokens("x"), Stall(stubborn=True), title="Boat")
    desk.until(lambda: job.texts())
    job.cancel()
    desk.until(lambda: "“Boat” has not stopped yet" in "".join(desk.told()))
    assert "Ghost" not in "".join(desk.told()), "nobody has seen it begin"
    desk.press("Restart runtime")
    desk.finish(job)
    assert job.state is JobState.CANCELLED
    desk.until(lambda: desk.studio.runtime.is_ready)
    assert desk.runtime.starts == 2
    assert "has not stopped" not in "".join(desk.told())
    desk.runtime.release()


def test_pause_resume_and_promote_reach_the_runtime(desk: Any) -> None:
    job = desk.submit(Tokens("x"), Stall())
    desk.until(lambda: job.texts())
    for verb in (job.pause, job.resume, job.promote):
        verb()
    desk.until(lambda: any(isinstance(m, Promote) for m in desk.runtime.received))
    sent = [m for m in desk.runtime.received if isinstance(m, Pause | Resume | Promote)]
    assert sent == [Pause(job.id), Resume(job.id), Promote(job.id)]


def test_moves_that_cannot_be_are_ignored(desk: Any) -> None:
    job = desk.submit(Tokens("x"), Stall())
    desk.until(lambda: job.texts())
    desk.runtime.report(JobChanged(job.id, JobState.DONE))
    desk.runtime.report(JobChanged(job.id, JobState.QUEUED))
    desk.runtime.report(JobChanged("stranger", JobState.RUNNING))
    desk.runtime.report(TextDelta(job.id, "y", 2))
    desk.until(lambda: job.texts() == {"": "xy"})
    assert job.state is JobState.RUNNING


def test_text_after_the_end_is_ignored(desk: Any) -> None:
    job = desk.submit(Tokens("x"))
    desk.finish(job)
    desk.runtime.report(TextDelta(job.id, "y", 2))
    other = desk.submit(Tokens("z"))
    desk.finish(other)
    assert job.texts() == {"": "x"}


def test_death_loses_what_ran_and_queues_again_what_did_not(desk: Any) -> None:
    running = desk.submit(Tokens("half a "), Stall(), title="Long")
    desk.until(lambda: running.texts())
    waiting = desk.submit(Become(JobState.WAITING, "for memory"), Stall(), title="Next")
    desk.until(lambda: waiting.state is JobState.WAITING)
    killer = desk.submit(Die())
    desk.runtime.enqueue(Tokens("at last"))  # what the waiting one does in its second life
    desk.finish(running, waiting, killer)
    assert running.state is JobState.LOST
    assert "“Long” was interrupted" in running.error.message
    assert "SIGSEGV" in running.error.message
    assert running.texts() == {"": "half a "}
    assert waiting.state is JobState.DONE
    assert desk.runtime.starts == 2


def test_a_job_in_whose_step_the_runtime_died_had_begun(desk: Any) -> None:
    """Its last word may have been that it waits: what it says of its state comes later."""
    killer = desk.submit(Become(JobState.WAITING, "for memory"), Die())
    desk.finish(killer)
    assert killer.state is JobState.LOST


def test_a_job_that_runs_at_two_deaths_is_parked(desk: Any) -> None:
    job = desk.submit(Tokens("x"), Die(), params={"seed": 1})
    desk.finish(job)
    assert not job.parked
    again = desk.submit(Tokens("x"), Die(), params={"seed": 1})
    desk.finish(again)
    assert again.parked
    assert "Try other settings" in again.error.hint
    other = desk.submit(Tokens("x"), params={"seed": 2})
    desk.finish(other)
    assert not other.parked


def test_a_restart_by_the_user_is_nobodys_fault(desk: Any) -> None:
    jobs = []
    for _ in range(2):
        jobs.append(desk.submit(Tokens("x"), Stall(), params={"seed": 1}))
        desk.until(lambda: jobs[-1].texts())
        desk.studio.runtime.restart()
        desk.finish(jobs[-1])
    assert [job.state for job in jobs] == [JobState.LOST] * 2
    assert not jobs[-1].parked
    assert "was restarted" in jobs[0].error.message


def test_closing_the_studio_closes_the_journal_of_what_runs(desk: Any, tmp_path: Path) -> None:
    job = desk.submit(Tokens("x"), Stall())
    desk.until(lambda: job.texts())
    desk.studio.close()
    reopened = type(desk)(desk.home)
    assert reopened.studio.library.jobs.entry(job.id).state == "lost"
    assert reopened.studio.library.jobs.unfinished() == []
    reopened.studio.close()
    desk.studio = type(desk)(tmp_path / "other").studio


def test_priority_is_handed_on(desk: Any) -> None:
    job = desk.submit(priority=Priority.BACKGROUND)
    desk.finish(job)
    assert desk.runtime.submitted[0].priority is Priority.BACKGROUND
    assert isinstance(desk.studio.jobs, JobBoard)

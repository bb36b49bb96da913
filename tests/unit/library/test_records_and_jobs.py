"""Records and the job journal: the recipe is there before the work, and says how far it came."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.library import Library
from studio.library.storage.ulid import new_id
from studio.protocol.errors import ErrorCode, ErrorInfo, StudioError
from studio.protocol.states import JobState


def test_a_record_is_completed_afterwards(library: Library) -> None:
    record = library.add_record(
        "chat.reply", {"prompt": "hi", "stop": ["\n"]}, seed=2**53 - 1, plugin="chat"
    )
    library.records.complete(
        record.id, seconds=1.5, device="cpu", weights={"small": "ab" * 32}, machine="gpu-box"
    )
    found = library.record(record.id)
    assert (record.machine, found.machine) == ("", "gpu-box")
    assert (found.task, found.params, found.seed) == (record.task, record.params, 2**53 - 1)
    assert (found.seconds, found.device, found.weights) == (1.5, "cpu", {"small": "ab" * 32})
    with pytest.raises(StudioError, match="no record"):
        library.record("nobody")


def test_the_journal_knows_what_was_not_over(library: Library, folder: Path) -> None:
    record = library.add_record("a.b", {"x": 1})
    for job in ("one", "two", "three"):
        library.jobs.journal_start(job, "a.b", record=record.id, title=job, priority="normal")
    library.jobs.journal_state("one", "running")
    library.jobs.journal_state("one", "done")
    library.jobs.journal_state("two", "running")
    library.close()
    with Library.open(folder) as again:
        assert [(job.id, job.state, job.starts) for job in again.jobs.unfinished()] == [
            ("two", "running", 1),
            ("three", "queued", 0),
        ]
        error = ErrorInfo(ErrorCode.RUNTIME_LOST, "The runtime died.")
        again.jobs.journal_state("two", "lost", error)
        again.jobs.journal_state("three", "running", machine="gpu-box")
        assert again.jobs.entry("three").machine == "gpu-box"
        assert again.jobs.entry("two").error == {"code": "RUNTIME_LOST", "message": error.message}
        assert [job.id for job in again.jobs.recent(2)] == ["three", "two"]


def test_unknown_jobs_and_states_are_refused(library: Library) -> None:
    with pytest.raises(StudioError, match="no job"):
        library.jobs.journal_state("nobody", "running")
    with pytest.raises(ValueError, match="nonsense"):
        library.jobs.journal_state("nobody", "nonsense")


def test_old_finished_jobs_are_forgotten_unfinished_ones_never(library: Library) -> None:
    for number in range(6):
        library.jobs.journal_start(f"{number}", "a.b")
        if number != 0:
            library.jobs.journal_state(f"{number}", "done")
    library.jobs.prune(keep=2)
    assert [job.id for job in library.jobs.recent()] == ["5", "4", "0"]


def test_how_long_a_job_takes_grows_with_what_its_task_says(library: Library) -> None:
    def done(seconds: float, device: str = "cpu", **params: int) -> None:
        record = library.add_record("image.generate", params)
        library.records.complete(record.id, seconds=seconds, device=device)
        job = library.jobs.journal_start(new_id(), "image.generate", record=record.id)
        library.jobs.journal_state(job.id, JobState.DONE)

    def expected(**params: int) -> float | None:
        return library.records.typical_seconds("image.generate", (), params, ("steps", "count"))

    assert expected(steps=10, count=1) is None
    done(20.0, steps=10, count=1)
    done(20.0, steps=10, count=1)
    done(84.0, steps=10, count=4)
    assert expected(steps=10, count=1) == 20.0
    assert expected(steps=30, count=2) == 120.0
    assert expected(steps=0, count=2) == 20.0, "automatic steps are compared with no chosen ones"
    done(7.0, steps=0, count=1)
    assert expected(steps=0, count=2) == 14.0
    assert library.records.typical_seconds("image.generate", ()) == 20.0, "without a word from it"
    done(1.0, "cuda", steps=10, count=1)
    assert expected(steps=30, count=2) == 6.0, "on the device that was used last"

"""What is kept so that it can be run again: picked files, what was handed in, what came back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.api.jobs import JobRequest
from studio.jobs.job import Job
from studio.library.kept_inputs import LARGEST_FILE
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.library_row import LibraryRow
from studio.protocol.link import Received
from studio.protocol.messages import LibraryFound, LibraryQuery
from studio.rerun.report import Report
from studio.rerun.rerun import Rerun
from studio.testing.inproc import pump_until
from studio.testing.scripted import Fail, Result, Stall, Tokens
from tests.unit.rerun.rerun_desk import BLUE, GREEN, RED, Desk, made, picture


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    return shared_desk


def picked(desk: Desk, file: Path, **how: Any) -> Job:
    """Make a red picture from a file."""
    desk.runtime.enqueue(*made(RED))
    job = desk.studio.submit(JobRequest("maker.make", {"picture": str(file)}, **how))
    pump_until(desk.studio, lambda: not job.is_live)
    return job


def kept(desk: Desk) -> set[bytes]:
    return {path.read_bytes() for path in desk.library.kept_inputs._store.inputs()}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (Path.unlink, "the file My picture.png is gone"),
        (lambda file: file.write_bytes(BLUE), "the file My picture.png has other contents now"),
    ],
)
def test_a_file_that_was_picked_is_kept_and_shown_to_the_task_by_its_name(
    desk: Desk, tmp_path: Path, spoil: Callable[[Path], Any], words: str
) -> None:
    file = tmp_path / "My picture.png"
    file.write_bytes(picture((9, 9, 9)))
    job = picked(desk, file)
    spoil(file)
    report = desk.again(job.record, *made(RED))
    assert report.verdict == "identical"
    assert [cause.what for cause in report.causes] == ["input"]
    assert report.sentence == f"Identical, byte for byte; {words}, so the library's copy was used."
    shown = desk.library.record(report.record)
    ((path, digest),) = shown.files.items()
    assert Path(path).name == "My picture.png"
    assert not Path(path).exists(), "it was there for the job alone"
    assert digest == hashlib.sha256(picture((9, 9, 9))).hexdigest()
    assert desk.again(report.record, *made(RED)).verdict == "identical", "and so once more"


def test_a_file_that_was_picked_goes_with_all_that_was_made_from_it(
    desk: Desk, tmp_path: Path
) -> None:
    file, data = tmp_path / "mine.png", picture((1, 2, 3))
    file.write_bytes(data)
    first, second = picked(desk, file), picked(desk, file)
    desk.library.erase([first.artifacts[0].id])
    assert data in kept(desk), "control: something else was made from it"
    assert desk.library._left().inputs == ()
    desk.library.erase([second.artifacts[0].id])
    assert data not in kept(desk)
    assert file.read_bytes() == data, "the person's own file is none of our business"


def test_of_a_private_job_and_of_one_that_made_nothing_no_file_is_kept(
    desk: Desk, tmp_path: Path
) -> None:
    file, data = tmp_path / "secret.png", picture((4, 5, 6))
    file.write_bytes(data)
    picked(desk, file, private=True, keep=False)
    desk.runtime.enqueue(Fail(StudioError(ErrorCode.BAD_INPUT, "No.")))
    job = desk.studio.submit(JobRequest("maker.make", {"picture": str(file)}))
    pump_until(desk.studio, lambda: not job.is_live)
    assert data not in kept(desk)
    picked(desk, file)
    assert data in kept(desk), "control"


def test_a_file_that_is_too_large_to_keep_is_named_when_it_is_gone(
    desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "large.png"
    with file.open("wb") as sparse:
        sparse.truncate(LARGEST_FILE + 1)
    job = picked(desk, file)
    assert desk.again(job.record, *made(RED)).verdict == "identical", "it is where it was"
    file.write_bytes(BLUE)
    changed = desk.again(job.record, *made(GREEN))
    assert [(each.what, each.name) for each in changed.causes] == [("file", "large.png")]
    assert "the file large.png has other contents now" in changed.sentence
    file.unlink()
    gone = desk.again(job.record)
    assert gone.verdict == "cannot"
    assert f"large.png, which this was made from, is not at {tmp_path} any more." in gone.sentence


def test_of_a_run_that_made_no_artifact_is_compared_what_it_returned(desk: Desk) -> None:
    poses = {"poses": [1.5, 2.0], "seconds": 3.0, "best": {"seconds": 1, "score": 7}}
    job = desk.made(Tokens("it ", "fits"), Result(**poses))
    assert set(desk.library.record(job.record).returned) == {"poses", "best", "text"}
    slower = poses | {"seconds": 5.0, "best": {"seconds": 2, "score": 7}}
    same = desk.again(job.record, Tokens("it fits"), Result(**slower))
    assert (same.verdict, same.sentence) == ("identical", "Identical, byte for byte.")
    other = desk.again(job.record, Tokens("it does not"), Result(**slower | {"poses": [1.5]}))
    assert other.verdict == "different"
    assert "what it returned differs (poses, text)" in other.sentence
    (effect,) = other.differences[0].effects
    assert (effect.name, effect.value) == ("returned values that differ", 2)
    assert desk.again(same.record, Tokens("it fits"), Result(**poses)).verdict == "identical"


def test_of_what_it_returned_the_record_has_digests_alone(desk: Desk) -> None:
    job = desk.made(Tokens("a secret"), Result(found="another"))
    record = desk.library.record(job.record)
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in record.returned.values())
    desk.library.rebuild()
    assert desk.library.record(job.record).returned == record.returned
    desk.change("UPDATE records SET returned = '{}' WHERE id = ?", job.record)
    assert "nothing to compare with" in desk.again(job.record).sentence, "as of earlier studios"


def test_what_was_handed_to_such_a_run_stays_for_a_month_or_until_it_is_erased(desk: Desk) -> None:
    runs = [
        desk.made(Result(fits=True), inputs={"array": data}) for data in (b"an input", b"another")
    ]
    assert {b"an input", b"another"} <= kept(desk)
    assert desk.again(runs[0].record, Result(fits=True)).verdict == "identical"
    desk.library.erase([runs[1].record])
    assert b"another" not in kept(desk)
    assert "no result with this id" in desk.again(runs[1].record).sentence
    desk.library.kept_inputs.sweep()
    assert b"an input" in kept(desk), "control"
    desk.change("UPDATE records SET created = created - 31 * 86400")
    desk.library.kept_inputs.sweep()
    assert b"an input" not in kept(desk)
    assert "(array) is not in the library" in desk.again(runs[0].record).sentence


def test_running_again_does_all_of_the_work_whatever_was_kept(desk: Desk) -> None:
    job = desk.made()
    desk.library.intermediates.keep("maker", "latents", job.artifacts[0].id, b"half of the work")

    def found(asking: Job) -> tuple[LibraryRow, ...]:
        pump_until(desk.studio, lambda: asking.begun)
        desk.studio._heard(Received(LibraryQuery(asking.id, 7, kept="latents")))

        def answers() -> list[LibraryFound]:
            said = (each for each in desk.runtime.received if isinstance(each, LibraryFound))
            return [each for each in said if each.job == asking.id]

        pump_until(desk.studio, lambda: bool(answers()))
        desk.runtime.release()
        pump_until(desk.studio, lambda: not asking.is_live)
        return answers()[0].rows

    lines = (Stall(), *made(RED))
    desk.runtime.enqueue(*lines)
    told: list[Report] = []
    rerun = Rerun(desk.studio, job.record, desk.studio._background.run, told.append)
    rerun.start()
    pump_until(desk.studio, lambda: rerun.job is not None)
    assert rerun.job is not None
    assert found(rerun.job) == ()
    pump_until(desk.studio, lambda: bool(told))
    assert told[0].verdict == "identical"
    desk.runtime.enqueue(*lines)
    assert len(found(desk.studio.submit(JobRequest("maker.make")))) == 1, "control"

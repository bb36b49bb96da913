"""Results as the board takes them in: files that are moved, and kinds that nobody declares."""

from __future__ import annotations

from typing import Any

import msgspec

from studio.protocol.messages import BlobSpec, Produced
from studio.protocol.states import JobState
from studio.testing.scripted import Artifact, Stall, Step

PNG = b"\x89PNG\r\n\x1a\n, or so"


def put_file(desk: Any, payload: bytes) -> Produced:
    """Return what the runtime says of a file of a result; its job is the one that stalls."""
    folder = desk.studio.paths.cache / "results"
    folder.mkdir(parents=True, exist_ok=True)
    job = desk.studio.jobs.live()[-1].id
    name = f"{len(list(folder.iterdir())):032x}"
    (folder / name).write_bytes(payload)
    return Produced(job, "video", ".webm", -1, BlobSpec("bytes", (len(payload),)), file=name)


def finish_with(desk: Any, job: Any, *said: Produced) -> None:
    for message in said:
        desk.runtime.report(message)
    desk.runtime.release()
    desk.finish(job)


def test_a_result_may_be_a_file_which_is_moved_into_the_library(desk: Any) -> None:
    job = desk.submit(Step(1, 2), Stall())
    desk.until(lambda: job.total)
    finish_with(desk, job, put_file(desk, b"frames"))
    (artifact,) = job.artifacts
    assert (artifact.kind, artifact.read(), artifact.path.suffix) == ("video", b"frames", ".webm")
    assert desk.studio.library.artifact(artifact.id).bytes == 6
    assert not list((desk.studio.paths.cache / "results").iterdir())


def test_a_kind_that_nobody_declares_is_kept_and_named_once(desk: Any) -> None:
    for _ in range(2):
        job = desk.submit(Artifact("vidio", b"x", ".bin"), Artifact("image", PNG, ".png"))
        desk.finish(job)
        assert [each.kind for each in job.artifacts] == ["vidio", "image"]
    (told,) = [words for words in desk.told() if "kind" in words]
    assert told.startswith("The plugin “toy” made a result of the unknown kind “vidio”.")


def test_a_file_that_is_not_kept_is_handed_on_and_one_of_a_private_job_is_deleted(
    desk: Any,
) -> None:
    job, heard = desk.submit(Step(1, 2), Stall(), keep=False), []
    job.on_artifact(heard.append)
    desk.until(lambda: job.total)
    finish_with(desk, job, put_file(desk, b"frames"))
    (artifact,) = heard
    assert (artifact.id, artifact.read()) == ("", b"frames")
    artifact.path.unlink()
    private = desk.submit(Step(1, 2), Stall(), keep=False, private=True)
    desk.until(lambda: private.total)
    finish_with(desk, private, put_file(desk, b"frames"))
    desk.until(lambda: not list((desk.studio.paths.cache / "results").iterdir()))
    assert private.artifacts == []


def test_a_file_that_is_not_what_was_said_is_refused_in_words(desk: Any) -> None:
    job = desk.submit(Step(1, 2), Stall())
    desk.until(lambda: job.total)
    said = put_file(desk, b"frames")
    longer = msgspec.structs.replace(said, spec=BlobSpec("bytes", (7,)))
    finish_with(desk, job, longer, msgspec.structs.replace(said, file="../library/library.db"))
    assert (job.state, job.artifacts) == (JobState.FAILED, [])
    assert any("another length than it should" in told for told in desk.told())
    assert any("an impossible name" in told for told in desk.told())

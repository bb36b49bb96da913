"""Keeps jobs, records and results in the library for the job board. Decides nothing about jobs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from studio.api.artifacts import NewArtifact, SavedArtifact, Verdict
from studio.core import disk
from studio.core.jobs.job import Job, Recipe
from studio.core.library import Library
from studio.core.library.storage.ulid import new_id
from studio.protocol import result_files
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import Finished, Produced
from studio.protocol.states import JobState

Circumstances = Callable[[], tuple[str, dict[str, str]]]
"""Returns the name of the device, and package → version."""


class LibraryJobStore:
    """Each method is durable when it returns; all are called on the board's one disk thread."""

    def __init__(self, library: Library, scratch: Path, circumstances: Circumstances) -> None:
        """Keep things in ``library``; ``scratch`` is where the runtime puts files of results."""
        self._library = library
        self._scratch = scratch
        self._circumstances = circumstances
        self._begun: set[str] = set()

    def new_ids(self) -> tuple[str, str]:
        """Return ids for a job and its record."""
        return new_id(), new_id()

    def begin(self, job: str, record: str, recipe: Recipe) -> None:
        """Write the recipe and the journal; refuses work whose result could not be saved.

        Of a passing or private job nothing is written.
        """
        if recipe.leaves_nothing:
            return
        if recipe.keep:
            self._library.check_room()
        self._library.add_record(
            recipe.task,
            recipe.params,
            id=record,
            seed=recipe.seed,
            plugin=recipe.plugin,
            inputs=recipe.input_digests,
            conversation=recipe.conversation,
        )
        self._library.jobs.journal_start(
            job,
            recipe.task,
            plugin=recipe.plugin,
            title=recipe.title,
            record=record,
            priority=recipe.priority,
        )
        self._begun.add(job)

    def started(self, job: str) -> None:
        """Note that it runs."""
        if job in self._begun:
            with _unless_erased():
                self._library.jobs.journal_state(job, JobState.RUNNING)

    def save(
        self, job: Job, parents: Sequence[str], result: Produced, payload: Any, preview: Any
    ) -> SavedArtifact:
        """Save one result; what is not to be kept is handed on and written nowhere.

        Args:
            job: Whose result it is.
            parents: Ids of the artifacts it is made from.
            payload: None where it is a file, which is moved.
        """
        record, recipe = job.record, job.recipe
        file = self._file_of(result) if result.file else None
        title = result.title or recipe.title
        verdict = msgspec.convert(result.verdict, Verdict) if result.verdict else None
        text = bytes(payload).decode() if result.is_text else result.text
        id, path, data, created = "", Path(), b"", 0.0
        if recipe.keep:
            self._keep_inputs(recipe)
            new = NewArtifact(
                result.kind,
                file or bytes(payload),
                result.suffix,
                title,
                text,
                verdict,
                result.meta,
                b"" if preview is None else bytes(preview),
            )
            saved = self._library.add_artifact(
                new, record=record, inputs=parents, job=job.root.id, move=bool(file)
            )
            id, path, created = saved.id, self._library.payload_path(saved), saved.created
        elif file:
            path = file
        else:
            data = bytes(payload)
        return SavedArtifact(
            id,
            result.kind,
            title,
            record,
            path,
            text,
            verdict,
            dict(result.meta),
            created=created,
            data=data,
        )

    def drop(self, result: Produced) -> None:
        """Delete the file of a result that nobody keeps."""
        if result.file:
            disk.remove(self._file_of(result))

    def _file_of(self, result: Produced) -> Path:
        shape = result.spec.shape
        length = shape[0] if len(shape) == 1 else -1
        return result_files.found(result.file, length, self._scratch)

    def _keep_inputs(self, recipe: Recipe) -> None:
        """Keep what a result was made from: without it, it could not be made again."""
        digests = recipe.input_digests
        self._library.keep_inputs({digests[name]: recipe.inputs[name] for name in digests})

    def end(
        self,
        job: str,
        record: str,
        state: JobState,
        error: StudioError | None,
        last: Finished | None,
    ) -> None:
        """Complete the record and close the journal."""
        if job not in self._begun:  # it leaves nothing; or was not stored, which was told already
            return
        self._begun.discard(job)
        with _unless_erased():
            if last is not None:
                device, versions = self._circumstances()
                self._library.records.complete(
                    record,
                    seconds=last.seconds,
                    weights=dict(last.weights),
                    device=device,
                    versions={**versions, **last.engines},
                )
            self._library.jobs.journal_state(job, state, error.info() if error else None)

    def settle(self) -> int:
        """Close the journal of jobs that an earlier studio left open; return how many."""
        unfinished = [entry.id for entry in self._library.jobs.unfinished()]
        reason = StudioError(
            ErrorCode.RUNTIME_LOST, "Offline Studio closed while this was running."
        )
        for job in unfinished:
            self._library.jobs.journal_state(job, JobState.LOST, reason.info())
        shutil.rmtree(self._scratch, ignore_errors=True)
        return len(unfinished)


@contextmanager
def _unless_erased() -> Iterator[None]:
    """Let a job end whose conversation, and all that was known of the job, was erased meanwhile."""
    try:
        yield
    except StudioError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise

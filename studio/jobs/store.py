"""Keeps jobs, records and results in the library for the job board. Decides nothing about jobs."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from studio.api.artifacts import Kind, NewArtifact, SavedArtifact, Verdict
from studio.api.jobs import FREE
from studio.base import disk
from studio.base.energy.amount import Amount
from studio.jobs import requests
from studio.jobs.checkpoints import Checkpoints
from studio.jobs.job import Job, Recipe
from studio.jobs.requests import Row
from studio.library import Library
from studio.library.kept_inputs import LARGEST_FILE
from studio.library.rows import JobEntry, Record
from studio.library.storage.ulid import new_id
from studio.plugins.circumstances import files_named
from studio.protocol import result_files
from studio.protocol.energy import Rates
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import BlobSpec, Finished, Produced
from studio.protocol.regular_file import read_regular
from studio.protocol.states import JobState, Priority
from studio.protocol.trace import Use

#: Keys that have a digest of their own; what is under the others shares one.
_MOST_KEYS = 64
_LONGEST_KEY = 80
_OTHERS = "…"


def digests(result: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, str]:
    """Digest a task's return value, to compare runs that made no artifact.

    Key of the result, or text channel → SHA-256 of the value. Digests do not
    reveal the values. Measured times (``seconds``, ``tokens_per_second``) are left out: they
    differ each time.

    Args:
        texts: The text output of the task, by channel.
    """
    written = {f"text {channel}".strip(): text for channel, text in texts.items() if text}
    values = {str(key)[:_LONGEST_KEY]: value for key, value in _untimed(result).items()} | written
    names = sorted(values)
    hashed = {name: _digest(values[name]) for name in names[:_MOST_KEYS]}
    if names[_MOST_KEYS:]:
        hashed[_OTHERS] = _digest([(name, values[name]) for name in names[_MOST_KEYS:]])
    return hashed


def _untimed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _untimed(item) for key, item in value.items() if "second" not in str(key).lower()
        }
    if isinstance(value, list | tuple):
        return [_untimed(item) for item in value]
    return value


def _digest(value: Any) -> str:
    return hashlib.sha256(msgspec.msgpack.encode(value, order="sorted")).hexdigest()


Circumstances = Callable[[Use, str], tuple[str, dict[str, str], Amount]]
"""Returns the name of the device, package → version, and what a job took that used so much on the
machine of that name."""
About = Callable[[str], dict[str, str]]
"""Returns what there is to know of the plugin with that id: package → version."""

MOST_HANDED = 64 << 20
"""Bytes of a result that is handed on without being kept."""
_PARENT = "{parent}"
"""In the title of a result; see ``studio.api.artifacts.NewArtifact``."""


class LibraryJobStore:
    """Each method is durable when it returns; all are called on the board's one disk thread."""

    def __init__(
        self,
        library: Library,
        scratch: Path,
        circumstances: Circumstances,
        about: About = lambda plugin: {},
        checkpoints: Checkpoints | None = None,
        weights_came: Callable[[], object] = lambda: None,
        rates: Callable[[], Rates | None] = lambda: None,
    ) -> None:
        """Keep things in ``library``; ``scratch`` is where the runtime puts files of results.

        Args:
            weights_came: Called when a result of the kind ``weights`` has been saved.
            rates: Returns by what tasks are told what they used in joules.
        """
        self._library = library
        self._scratch = scratch
        self._circumstances = circumstances
        self._about = about
        self._checkpoints = checkpoints
        self._weights_came = weights_came
        self.rates = rates
        self._begun: set[str] = set()

    def new_ids(self) -> tuple[str, str]:
        """Return ids for a job and its record."""
        return new_id(), new_id()

    def begin(self, job: Job, instead_of: str = "") -> None:
        """Write the recipe and the journal; refuses work whose result could not be saved.

        Of a passing or private job nothing is written. Of a row of the queue all is kept that it
        takes to run it in another studio.

        Args:
            instead_of: Id of the job that it tries once more.
        """
        recipe = job.recipe
        if recipe.leaves_nothing:
            return
        if recipe.keep:
            self._library.check_room()
        self._library.add_record(
            recipe.task,
            recipe.params,
            id=job.record,
            seed=recipe.seed,
            plugin=recipe.plugin,
            inputs=recipe.input_digests,
            conversation=recipe.conversation,
            versions=self._about(recipe.plugin),
            files=files_named(recipe.params),
            specs=requests.specs(recipe),
            caller=job.caller.record if job.caller else "",
            machine=job.machine,
        )
        if job.is_row:
            self._keep_inputs(job)
        self._library.jobs.journal_start(
            job.id,
            recipe.task,
            plugin=recipe.plugin,
            title=recipe.title,
            record=job.record,
            priority=recipe.priority,
            request=requests.written(recipe) if job.is_row else None,
            instead_of=instead_of,
            machine=job.machine,
        )
        self._begun.add(job.id)

    def checkpoint(self, recipe: Recipe) -> str:
        """Return the folder with a job's checkpoint after a kill; empty for none.

        Jobs that are not stored leave nothing.
        """
        if self._checkpoints is None or recipe.private or not recipe.keep:
            return ""
        digests = recipe.input_digests
        return str(self._checkpoints.place(recipe.task, recipe.params, recipe.seed, digests))

    def sweep_checkpoints(self) -> None:
        """Delete the checkpoints of jobs that are no longer in the library."""
        if self._checkpoints is not None:
            self._checkpoints.sweep(lambda task: map(self._place, self._library.records.of(task)))

    def _place(self, record: Record) -> Path:
        assert self._checkpoints is not None
        identity = record.task, record.params, record.seed, record.inputs
        return self._checkpoints.place(*identity)

    def started(self, job: Job) -> None:
        """Note that it runs, and where."""
        if job.id in self._begun:
            with _unless_erased():
                self._library.jobs.journal_state(job.id, JobState.RUNNING, machine=job.machine)
                if job.recipe.machine == FREE:  # known only now; results are saved before the end
                    self._library.records.complete(job.record, machine=job.machine)

    def save(
        self, job: Job, parents: Sequence[str], result: Produced, payload: Any, preview: Any
    ) -> SavedArtifact:
        """Save one result; private ones are handed on and not stored.

        Args:
            job: Whose result it is.
            parents: Ids of the artifacts it is made from.
            payload: None where it is a file, which is moved.
        """
        record, recipe = job.record, job.recipe
        file = self._file_of(result) if result.file else None
        title = self._titled(result.title or recipe.title, parents, result.kind)
        verdict = msgspec.convert(result.verdict, Verdict) if result.verdict else None
        text = bytes(payload).decode() if result.is_text else result.text
        id, path, data, created = "", Path(), b"", 0.0
        if recipe.keep:
            self._keep_inputs(job)
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
            if result.kind == Kind.WEIGHTS:
                self._weights_came()
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

    def _titled(self, title: str, parents: Sequence[str], kind: str) -> str:
        """Return a title that names the first parent; its kind, where that has no title."""
        if _PARENT not in title:
            return title
        name = ""
        if parents:
            with suppress(StudioError):  # it is gone for good
                name = self._library.artifact(parents[0]).title
        return title.replace(_PARENT, name or kind.capitalize())

    def keep(self, plugin: str, key: str, artifact: str, payload: bytes) -> None:
        """Keep an intermediate of a plugin beside a result."""
        self._library.intermediates.keep(plugin, key, artifact, payload)

    def taken(self, result: Produced, blobs: Sequence[memoryview]) -> bytes:
        """Return the bytes of a result that nobody keeps; none if they are too many to hand on."""
        if not result.file:
            return bytes(blobs[result.blob])
        path = self._file_of(result)
        return read_regular(path) if path.stat().st_size <= MOST_HANDED else b""

    def drop(self, result: Produced) -> None:
        """Delete the file of a result that nobody keeps."""
        if result.file:
            disk.remove(self._file_of(result))

    def _file_of(self, result: Produced) -> Path:
        shape = result.spec.shape
        length = shape[0] if len(shape) == 1 else -1
        return result_files.found(result.file, length, self._scratch)

    def _keep_inputs(self, job: Job) -> None:
        """Store the inputs of a result: they are needed to make it again."""
        recipe = job.recipe
        digests = recipe.input_digests
        self._library.keep_inputs({digests[name]: recipe.inputs[name] for name in digests})
        if picked := {str(recipe.params[name]) for name in recipe.files}:
            with _unless_erased():
                for path, digest in self._library.record(job.record).files.items():
                    if path in picked:
                        self._library.kept_inputs.keep_file(digest, Path(path))

    def end(
        self,
        job: Job,
        state: JobState,
        error: StudioError | None,
        last: Finished | None,
        texts: Mapping[str, str],
    ) -> None:
        """Complete the record and close the journal.

        Args:
            texts: What the task wrote, by channel.
        """
        record = job.record
        if job.id not in self._begun:  # it leaves nothing; or was not stored, as was told already
            return
        self._begun.discard(job.id)
        with _unless_erased():
            if last is not None:
                device, versions, energy = self._circumstances(last.use, job.machine)
                recorded = self._library.record(record).versions
                returned = self._returned(job, state, last, texts)
                if returned and job.caller is None and job.recipe.input_bytes <= LARGEST_FILE:
                    self._keep_inputs(job)
                self._library.records.complete(
                    record,
                    seconds=last.seconds,
                    weights=dict(last.weights),
                    device=device,
                    versions={**recorded, **versions, **last.engines},
                    energy=energy if last.use.busy else None,
                    returned=returned,
                    machine=job.machine,
                )
            self._library.jobs.journal_state(job.id, state, error.info() if error else None)
            if state is JobState.DONE and self._checkpoints is not None:
                self._checkpoints.remove(self._place(self._library.record(record)))
            if state in (JobState.DONE, JobState.CANCELLED):
                self._library.kept_inputs.release(record)

    def _returned(
        self, job: Job, state: JobState, last: Finished, texts: Mapping[str, str]
    ) -> dict[str, str]:
        """Return what there is to compare of a run that made no artifact; nothing of a talk."""
        if state is not JobState.DONE or not job.recipe.outlives_its_page:
            return {}
        find, record = self._library.find, job.record
        is_there = find(record=record, limit=1) or find(record=record, binned=True, limit=1)
        return {} if is_there else digests(last.result, texts)

    def settle(self) -> list[JobEntry]:
        """Close the journal of jobs that an earlier studio had begun; return them."""
        unfinished = self._library.jobs.unfinished()
        reason = StudioError(
            ErrorCode.RUNTIME_LOST, "Offline Studio closed while this was running.", "Try it again."
        )
        for job in unfinished:
            self._library.jobs.journal_state(job.id, JobState.LOST, reason.info())
        shutil.rmtree(self._scratch, ignore_errors=True)
        return unfinished

    # --- rows of the queue --------------------------------------------------------------------

    def rows(self) -> tuple[list[Row], list[Row], bool]:
        """Return what waits, in order, and what failed, of earlier studios; and if all is paused.

        They can go on from here: their ends are written down as those of this studio's jobs are.
        """
        jobs = self._library.jobs
        waiting, failed = jobs.waiting(), jobs.failed()
        self._begun.update(entry.id for entry in waiting)
        rows = [self.row(entry) for entry in waiting], [self.row(entry) for entry in failed]
        return *rows, jobs.paused

    def row(self, entry: JobEntry) -> Row:
        """Return a row with its record, and why it cannot be run, if it cannot."""
        try:
            record = self._library.record(entry.record)
            self._library.kept_inputs.check(record)
        except StudioError as error:
            return Row(entry, Record(id=entry.record, task=entry.task), error)
        return Row(entry, record)

    def again(self, job: str) -> tuple[Row, dict[str, Any]]:
        """Return the row of a job that failed, and its inputs.

        Raises:
            StudioError: They are not there any more.
        """
        row = self.row(self._library.jobs.entry(job))
        if row.trouble:
            raise row.trouble
        return row, self.inputs(row.record.id, requests.read(row.entry).specs)

    def inputs(self, record: str, specs: Mapping[str, BlobSpec]) -> dict[str, Any]:
        """Return the inputs of a record as they travel.

        Raises:
            StudioError: They are not there any more, or not what they should be.
        """
        stored = self._library.kept_inputs.of(self._library.record(record))
        return {name: requests.as_sent(specs.get(name), data) for name, data in stored.items()}

    def arrange(self, places: Sequence[tuple[str, Priority]]) -> None:
        """Keep the order of rows that wait, and their classes."""
        self._library.jobs.arrange(places)

    def hold(self, jobs: Sequence[str], held: bool) -> None:
        """Keep which rows the user lets wait."""
        self._library.jobs.hold(jobs, held)

    def pause(self, paused: bool) -> None:
        """Keep whether the whole queue waits."""
        self._library.jobs.pause(paused)

    def typical_seconds(self, recipe: Recipe) -> float | None:
        """Return how long such a job usually takes; None if its task was never run."""
        return self._library.records.typical_seconds(
            recipe.task, recipe.weights, recipe.params, recipe.grows_with
        )

    def forget(self, jobs: Sequence[str]) -> None:
        """Delete failed rows and their inputs."""
        self._library.jobs.forget(jobs)
        for job in jobs:
            with _unless_erased():
                self._library.kept_inputs.release(self._library.jobs.entry(job).record)


@contextmanager
def _unless_erased() -> Iterator[None]:
    """Let a job end whose conversation, and all that was known of the job, was erased meanwhile."""
    try:
        yield
    except StudioError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise

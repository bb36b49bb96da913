"""A task that runs in its plugin's own process: here, a generator like that of any other task."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from studio.api.artifacts import NewArtifact, Verdict
from studio.api.plot import Plot
from studio.api.worker.context import Event, ProgressEvent, ResultEvent, Task, TextEvent
from studio.plugin_process import messages as m
from studio.plugin_process.process import Outgoing, PluginProcess
from studio.protocol import blobs as blob_rules
from studio.protocol.errors import Cancelled, ErrorCode, ErrorInfo, StudioError
from studio.protocol.link import LinkClosed, Received
from studio.protocol.messages import WorkerEntry
from studio.protocol.states import Lane
from studio.runtime.hosts.answers import Answers
from studio.runtime.hosts.hosts import Hosts
from studio.runtime.jobs.context import Context
from studio.runtime.jobs.error_translation import sendable

log = logging.getLogger(__name__)

GRACE = 2.0
"""Seconds that a stopped task has to reach its next step; then its process is ended."""
MOST_RESULTS = 256
"""Of one job: who makes more puts them into a table or an archive."""
_PIECE = 4 << 20
_LEFT_FREE = 256 << 20
"""Bytes that results leave on the disk."""


@dataclass(frozen=True)
class RemoteTask:
    """The generator function of one task of one plugin."""

    hosts: Hosts
    entry: WorkerEntry
    task: str

    def __call__(self, ctx: Context, params: Mapping[str, Any]) -> Iterator[Event]:
        """Run the task for the job of ``ctx``."""
        job = ctx.studio_job
        lane = self.entry.lanes.get(self.task, Lane.BATCH)
        with self.hosts.process_for(self.entry, lane, job) as process:
            run = _Run(self, ctx, process)
            is_in_order = False
            try:
                yield from run.steps(params)
                is_in_order = run.is_over
            except Cancelled:
                yield from run.last_words()
                is_in_order = run.is_over
                raise
            except StudioError:
                is_in_order = run.is_over
                raise
            finally:
                run.answers.close()
                if not is_in_order:
                    process.end("It was stopped.")


@dataclass(frozen=True)
class RemoteTasks:
    """The tasks of all plugins that run in their own process."""

    hosts: Hosts

    def task(self, entry: WorkerEntry, task: str) -> Task:
        """Return the generator function of ``task``."""
        return RemoteTask(self.hosts, entry, task)  # type: ignore[return-value] # of our context


class _Run:
    """One run of it.

    Attributes:
        is_over: The process has said that the task is over, and can be used again.
    """

    def __init__(self, task: RemoteTask, ctx: Context, process: PluginProcess) -> None:
        self.is_over = False
        self.answers = Answers(ctx, process)
        self._task, self._ctx, self._process = task, ctx, process
        self._file: Path | None = None
        self._results = 0

    def steps(self, params: Mapping[str, Any]) -> Iterator[Event]:
        """Begin, and yield what the task yields, until it is over.

        Raises:
            StudioError: The task failed, or its process is gone.
        """
        self._process.send_all(self._beginning(params, self._picked(params)))
        while not self.is_over:
            received = self._next()
            if received is not None:
                yield from self._heard(received)
            elif self.answers.has_work and not self._process.is_clogged:
                self.answers.work()
                yield None
            else:
                self._ctx.studio_job.wait_for_process(self._is_news)

    def last_words(self) -> Iterator[Event]:
        """Stop the task, and yield what it had finished by then; it gets a moment."""
        deadline = time.monotonic() + GRACE
        job = self._ctx.studio_job
        self._process.send(m.Stop())
        with contextlib.suppress(StudioError):  # it was stopped: how it ended is no news
            while not self.is_over and time.monotonic() < deadline:
                received = self._next()
                if received is None:
                    job.linger(lambda: self._process.has_news, deadline)
                    continue
                if isinstance(received.message, m.Ended):
                    self.is_over = True
                elif isinstance(received.message, m.ArtifactPart | m.Artifact | m.Kept | m.Result):
                    for event in self._heard(received):
                        with contextlib.suppress(Cancelled):  # known: this is how it is told again
                            yield event

    def _is_news(self) -> bool:
        return self._process.has_news or (self.answers.has_work and not self._process.is_clogged)

    def _next(self) -> Received | None:
        try:
            return self._process.next()
        except LinkClosed:
            raise self._task.hosts.ended(self._task.entry, self._process) from None

    def _heard(self, received: Received) -> Iterator[Event]:
        message = received.message
        if isinstance(message, m.Ended):
            self.is_over = True
            meter = self._task.hosts.meter
            meter.connected(self._task.entry.plugin, message.connections)
            self._task.hosts.note_attempts(self._task.entry, self._process.tier, message)
            meter.seen(self._task.entry.plugin, self._process)
            if message.error is not None:
                raise self._failure(message.error)
        elif isinstance(message, m.Questions):
            self.answers.hear(message, received.blobs)
        elif isinstance(message, m.Events):
            yield self._event(message, received.blobs)
            self._process.send(m.Go(1))
        else:
            raise self._misbehaved()

    def _event(self, message: m.Events, blobs: Sequence[memoryview]) -> Event:
        match message:
            case m.Text(text, tokens, channel):
                return TextEvent(text, tokens, channel)
            case m.Progress(done, total, words, spec, plots):
                pixels = _pixels(spec, blobs) if spec is not None else None
                return ProgressEvent(done, total, words, pixels, [*map(Plot.decode, plots)])
            case m.ArtifactPart():
                self._append(blobs)
                return None
            case m.Artifact():
                return self._artifact(message, blobs)
            case m.Kept(key):
                if len(blobs) != 1:
                    raise self._misbehaved()
                return self._ctx.intermediates.keep(key, bytes(blobs[0]))
            case m.Result(values):
                return ResultEvent(values)
            case _:
                return None

    def _artifact(self, message: m.Artifact, blobs: Sequence[memoryview]) -> NewArtifact:
        self._results += 1
        if self._results > MOST_RESULTS:
            title = self._task.entry.title or self._task.entry.plugin
            raise StudioError(
                ErrorCode.PLUGIN_FAILED,
                f"The plugin “{title}” was stopped: it made more than {MOST_RESULTS} results in "
                "one job.",
                "Those that were made are in the library. Tell its author to put many results "
                "into one file.",
                plugin=self._task.entry.plugin,
            )
        payload, previews = self._payload(message, blobs)
        verdict = None
        if message.verdict is not None:
            try:
                verdict = msgspec.convert(message.verdict, Verdict)
            except msgspec.ValidationError:
                raise self._misbehaved() from None
        return NewArtifact(
            message.kind,
            payload,
            message.suffix,
            message.title,
            message.text,
            verdict,
            message.meta,
            bytes(previews[0]) if previews else b"",
        )

    def _payload(
        self, message: m.Artifact, blobs: Sequence[memoryview]
    ) -> tuple[bytes | Path, Sequence[memoryview]]:
        """Return the payload, or the file that its parts were put into, and what else came."""
        if not message.came_in_parts:
            if not blobs:
                raise self._misbehaved()
            return bytes(blobs[0]), blobs[1:]
        file, self._file = self._file or self._new_file(), None
        return file, blobs

    def _append(self, blobs: Sequence[memoryview]) -> None:
        """Take one part of a file; not the last bytes of the disk."""
        if len(blobs) != 1:
            raise self._misbehaved()
        self._file = self._file or self._new_file()
        if shutil.disk_usage(self._file.parent).free < _LEFT_FREE + blobs[0].nbytes:
            raise StudioError(
                ErrorCode.DISK_FULL,
                f"The disk with {self._file.parent} has no room for the result.",
                "Free up disk space or empty the bin, then try again.",
            )
        with self._file.open("ab") as file:
            file.write(blobs[0])

    def _new_file(self) -> Path:
        file = self._ctx.scratch / f"result-{secrets.token_hex(8)}"
        file.touch()
        return file

    def _failure(self, error: ErrorInfo) -> StudioError:
        """Return the error of a task, laid at its plugin whatever it says itself."""
        told = StudioError.from_info(sendable(error))
        told.plugin = self._task.entry.plugin
        return told

    def _misbehaved(self) -> StudioError:
        self._process.end("It sent something that is not allowed.", is_fault=True)
        return self._task.hosts.ended(self._task.entry, self._process)

    # --- what the task is given -------------------------------------------------------------------

    def _device(self) -> str:
        """Return what the task may compute with: in the sandbox there is no card yet."""
        has_card = self._task.entry.permits.gpu and not self._process.tier
        return self._ctx.device if has_card else "cpu"

    def _picked(self, params: Mapping[str, Any]) -> dict[str, BinaryIO]:
        """Return the files that the user picked, by the parameter that names each, open.

        Raises:
            StudioError: ``PERMISSION``: it may have none. ``BAD_INPUT``: one cannot be read.
        """
        names = self._ctx.studio_job.files
        entry = self._task.entry
        if names and not entry.permits.files:
            raise StudioError(
                ErrorCode.PERMISSION,
                f"The plugin “{entry.title or entry.plugin}” may not read files: its manifest "
                "does not declare it.",
                "Its author must add files = “picked” and a reason to the manifest.",
                plugin=entry.plugin,
            )
        return {name: _opened(Path(str(params[name]))) for name in names}

    def _beginning(
        self, params: Mapping[str, Any], picked: Mapping[str, BinaryIO]
    ) -> Iterator[Outgoing]:
        """Yield the files that the user picked, piece by piece, and the order to begin."""
        ctx = self._ctx
        files: dict[str, str] = {}
        for number, (name, file) in enumerate(picked.items()):
            files[name] = f"{number}/{Path(str(params[name])).name}"
            yield from _parts(files[name], file)
        inputs = list(ctx.inputs.items())
        blobs = [value for _, value in inputs]
        yield (
            m.Begin(
                ctx.job,
                self._task.task,
                dict(params),
                ctx.studio_job.seed,
                self._device(),
                ctx.is_private,
                ctx.wants_whole,
                {name: at for at, (name, _) in enumerate(inputs)},
                {name: blob_rules.describe(value) for name, value in inputs},
                files,
            ),
            blobs,
        )


def _opened(source: Path) -> BinaryIO:
    try:
        handle = os.open(source, os.O_RDONLY | os.O_NONBLOCK)  # a pipe must not hold us up
        if stat.S_ISREG(os.fstat(handle).st_mode):
            return os.fdopen(handle, "rb")
        os.close(handle)
        why = "it is not a file"
    except OSError as error:
        why = error.strerror or str(error)
    raise StudioError(
        ErrorCode.BAD_INPUT, f"{source.name} cannot be read: {why}.", "Pick another file."
    )


def _parts(name: str, file: BinaryIO) -> Iterator[Outgoing]:
    """Yield a file in pieces; an empty one is a piece, too."""
    with file:
        piece = file.read(_PIECE)
        yield m.FilePart(name), (piece,)
        while piece := file.read(_PIECE):
            yield m.FilePart(name), (piece,)


def _pixels(spec: Any, blobs: Sequence[memoryview]) -> Any:
    import numpy

    if not blobs:
        raise StudioError(ErrorCode.PLUGIN_FAILED, "The plugin made an error: a preview is empty.")
    blob_rules.check(spec, blobs[0])
    return numpy.frombuffer(blobs[0], dtype=numpy.uint8).reshape(spec.shape)

"""What a task yields, checked and turned into messages. Knows no scheduling."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from studio.api.artifacts import NewArtifact, Verdict
from studio.api.worker.context import Event, ProgressEvent, ResultEvent, TextEvent
from studio.api.worker.intermediates import KeepEvent
from studio.plugin_process.plain_data import (
    a_kind,
    as_bytes,
    live_plots,
    not_an_event,
    number,
    plain,
    rubbish,
)
from studio.protocol import result_files
from studio.protocol.caches import CACHE_ENV, RESULTS, RESULTS_ENV
from studio.protocol.errors import ErrorInfo, StudioError
from studio.protocol.frames import MAX_BODY
from studio.protocol.messages import (
    BlobSpec,
    Call,
    Finished,
    JobChanged,
    Keep,
    LibraryQuery,
    Message,
    Preview,
    Produced,
    Progress,
    TextDelta,
)
from studio.protocol.regular_file import read_result
from studio.protocol.states import JobState
from studio.protocol.time_left import TimeLeft
from studio.protocol.trace import Use

log = logging.getLogger(__name__)

Sink = Callable[[Message, Sequence[Any]], None]
"""Takes a message and its blobs: the link, or a list in tests."""

MAX_RESULT = MAX_BODY - 1024**2
"""Bytes of the result's own keys, so that the last message of a job always fits a frame."""
QUIET = 0.05
"""Seconds between two messages of progress of a job; what comes faster is merged."""


class Feed:
    """The reports of one job, in order. Progress is thinned, nothing else is.

    Attributes:
        has_delivered: Whether something was reported that a second run would report again.
        scratch: The folder of the job, where files of its results are; None until it has one.
    """

    def __init__(self, job: str, sink: Sink, kinds: tuple[str, ...] | None = None) -> None:
        """``kinds``: those that its results may be of; None for any."""
        self.job = job
        self._kinds = kinds
        self.result: dict[str, Any] = {}
        self.has_delivered = False
        self.scratch: Path | None = None
        self._pace = TimeLeft()
        self._sink = sink
        self._listen: Callable[[Event], None] = lambda event: None
        self._told: ProgressEvent | None = None
        """The last progress of the task's own."""
        self._pending: ProgressEvent | None = None
        self._next_progress = 0.0

    def state(self, state: JobState, reason: str = "") -> None:
        """Report that the job moved on."""
        self._flush_or_drop()
        self._sink(JobChanged(self.job, state, reason), ())

    def event(self, event: Any) -> None:
        """Report what a task yielded.

        Raises:
            StudioError: ``PLUGIN_FAILED``: it is none of the events of
            ``studio.api.worker.context``.
        """
        if event is None:
            return
        if isinstance(event, ProgressEvent):
            self._progress(event)
            self._told = event
            self._listen(event)
            return
        self._flush()
        self.has_delivered = True
        if isinstance(event, TextEvent):
            self._text(event)
        elif isinstance(event, NewArtifact):
            self._artifact(event)
        elif isinstance(event, ResultEvent):
            self._result(event)
        elif isinstance(event, KeepEvent):
            payload = as_bytes(event.payload, "payload")
            self._sink(Keep(self.job, str(event.key), 0), (payload,))
        else:
            raise not_an_event(event)
        self._listen(event)

    def listen(self, call: Callable[[Event], None]) -> None:
        """Call with each event of the task that was reported, in the thread of the job."""
        self._listen = call

    def call(self, message: Call, blobs: Sequence[Any]) -> None:
        """Ask the studio for a job; a second run would ask for it again."""
        self._flush_or_drop()
        self.has_delivered = True
        self._sink(message, blobs)

    def ask(self, message: LibraryQuery) -> None:
        """Ask the studio for something that it answers at once."""
        self._flush_or_drop()
        self._sink(message, ())

    def pass_on(self, event: ProgressEvent, units: float) -> None:
        """Report the progress of a called job as a part, of ``units``, of the task's own."""
        event = scaled(self._told, event, units)
        self._progress(event)
        self._listen(event)

    def get_on(self, units: float) -> None:
        """Take in that a called job is over, which stood for ``units`` of the task's own."""
        if self._told is not None:
            done = min(self._told.total, self._told.done + units)
            self._told = replace(self._told, done=done)

    def finished(
        self,
        state: JobState,
        *,
        error: ErrorInfo | None = None,
        seconds: float = 0.0,
        weights: Mapping[str, str] | None = None,
        engines: Mapping[str, str] | None = None,
        use: Use | None = None,
    ) -> None:
        """Report the end of the job; its last message."""
        self._flush_or_drop()
        kept = {} if state is JobState.FAILED else self.result
        end = Finished(
            self.job,
            state,
            kept,
            error,
            seconds,
            dict(weights or {}),
            engines=dict(engines or {}),
            use=use or Use(),
        )
        try:
            self._sink(end, ())
        except StudioError as unsendable:  # whatever it was: the end of a job must be heard
            self._sink(Finished(self.job, JobState.FAILED, error=unsendable.info()), ())

    def seconds_left(self) -> float | None:
        """Return how long the job will take, from its steps; None while nobody knows."""
        return self._pace.left(time.monotonic())

    def _progress(self, event: ProgressEvent) -> None:
        if self._pending is not None:  # what is merged keeps what there is to look at
            preview = self._pending.preview if event.preview is None else event.preview
            event = replace(event, preview=preview, plots=event.plots or self._pending.plots)
        self._pending = event
        now = time.monotonic()
        self._pace.step(number(event.done, "done"), number(event.total, "total"), now)
        if now >= self._next_progress:
            self._next_progress = now + QUIET
            self._flush()

    def _flush(self) -> None:
        event, self._pending = self._pending, None
        if event is None:
            return
        done, total = number(event.done, "done"), number(event.total, "total")
        plots = live_plots(event.plots)
        self._sink(Progress(self.job, done, total, str(event.message), plots=plots), ())
        if event.preview is not None:
            pixels = _pixels(event.preview)
            spec = BlobSpec("uint8", tuple(pixels.shape))
            self._sink(Preview(self.job, 0, spec, note=str(event.message)), (pixels,))

    def _flush_or_drop(self) -> None:
        """Send what is pending where the task can no longer be blamed for it."""
        try:
            self._flush()
        except StudioError as error:
            log.warning("job %s: a progress was dropped: %s", self.job, error)

    def _text(self, event: TextEvent) -> None:
        if not isinstance(event.text, str):
            raise rubbish(f"its text is {a_kind(event.text)}", "Yield ctx.text(...) with a str.")
        if event.text or event.tokens:
            self._sink(TextDelta(self.job, event.text, int(event.tokens), str(event.channel)), ())

    def _result(self, event: ResultEvent) -> None:
        self.result |= plain(dict(event.values))
        size = len(msgspec.msgpack.encode(self.result))
        if size > MAX_RESULT:
            raise rubbish(
                f"its result is {size / 1e6:.1f} MB; the limit is {MAX_RESULT / 1e6:.1f} MB",
                "Yield large data with ctx.artifact.",
            )

    def _artifact(self, event: NewArtifact) -> None:
        preview = as_bytes(event.preview, "preview")
        if not (isinstance(event.suffix, str) and event.suffix.startswith(".")):
            raise rubbish(
                f"the suffix of a result is {event.suffix!r}", "It looks like '.png' or '.txt'."
            )
        if not (isinstance(event.kind, str) and event.kind):
            raise rubbish(f"the kind of a result is {event.kind!r}", "It is a word like 'image'.")
        if self._kinds is not None and event.kind not in self._kinds:
            raise rubbish(
                f"a result is of the kind {str(event.kind)!r}, which its manifest does not declare",
                "Name it under “produces” of the task; a kind of its own also under “kinds”.",
            )
        if event.verdict is not None and not isinstance(event.verdict, Verdict):
            raise rubbish(f"a verdict is {a_kind(event.verdict)}", "Return a studio.api.Verdict.")
        file, blobs, length = self._payload(event.payload)
        text = str(event.text)
        is_text = bool(text and blobs) and text.encode("utf-8", "replace") == blobs[0]
        produced = Produced(
            job=self.job,
            kind=str(event.kind),
            suffix=event.suffix,
            blob=-1 if file else 0,
            spec=BlobSpec("bytes", (length,)),
            title=str(event.title),
            text="" if is_text else text,
            verdict=plain(event.verdict) if event.verdict else {},
            meta=plain(dict(event.meta)),
            preview=len(blobs) if preview.nbytes else -1,
            is_text=is_text,
            file=file,
        )
        self._sink(produced, (*blobs, preview) if preview.nbytes else blobs)

    def _payload(self, payload: Any) -> tuple[str, tuple[memoryview, ...], int]:
        """Return the name of the file it was moved to, or its bytes as a blob; and its length."""
        if not isinstance(payload, Path):
            data = as_bytes(payload, "payload")
            return "", (data,), data.nbytes
        if cache := os.environ.get(CACHE_ENV):
            folder = Path(os.environ.get(RESULTS_ENV) or Path(cache, RESULTS))
            name, length = result_files.put(payload, self.scratch, folder)
            return name, (), length
        data = memoryview(read_result(payload))  # of a runtime without a studio's folders
        return "", (data,), data.nbytes


def scaled(base: ProgressEvent | None, event: ProgressEvent, units: float) -> ProgressEvent:
    """Return the progress of a called job as a part, of ``units``, of what its caller does."""
    share = min(1.0, event.done / event.total) if event.total > 0 else 0.0
    if base is None or base.total <= 0:
        return replace(event, done=share, total=1.0)
    return replace(event, done=min(base.total, base.done + units * share), total=base.total)


def _pixels(preview: Any) -> Any:
    """Return a preview as a contiguous (H, W, C) uint8 array of numpy."""
    import numpy

    if hasattr(preview, "detach"):
        preview = preview.detach().cpu().numpy()
    pixels = numpy.asarray(preview)
    if pixels.dtype != numpy.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
        raise rubbish(
            f"a preview has shape {pixels.shape} and type {pixels.dtype}",
            "It is an (H, W, 3) or (H, W, 4) array of uint8.",
        )
    return numpy.ascontiguousarray(pixels)

"""Events of a task, as messages. The runtime checks them as for any task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.api.artifacts import NewArtifact
from studio.api.worker.context import ProgressEvent, ResultEvent, TextEvent
from studio.api.worker.intermediates import KeepEvent
from studio.plugin_process import messages as m
from studio.plugin_process.inside.wire import Wire
from studio.plugin_process.plain_data import (
    a_kind,
    as_bytes,
    live_plots,
    not_an_event,
    number,
    plain,
    rubbish,
)
from studio.protocol.messages import BlobSpec
from studio.protocol.regular_file import open_regular

_PIECE = 1 << 20


def send(wire: Wire, event: Any) -> None:
    """Send an event of a task to the runtime.

    Raises:
        StudioError: ``PLUGIN_FAILED``: it is none of the events of a task.
    """
    if event is None:
        wire.step(m.Step())
    elif isinstance(event, ProgressEvent):
        _progress(wire, event)
    elif isinstance(event, TextEvent):
        if not isinstance(event.text, str):
            raise rubbish(f"its text is {a_kind(event.text)}", "Yield ctx.text(...) with a str.")
        wire.step(m.Text(event.text, int(event.tokens), str(event.channel)))
    elif isinstance(event, NewArtifact):
        _artifact(wire, event)
    elif isinstance(event, KeepEvent):
        wire.step(m.Kept(event.key), (as_bytes(event.payload, "payload"),))
    elif isinstance(event, ResultEvent):
        wire.step(m.Result(plain(dict(event.values))))
    else:
        raise not_an_event(event)


def _progress(wire: Wire, event: ProgressEvent) -> None:
    done, total = number(event.done, "done"), number(event.total, "total")
    plots = live_plots(event.plots)
    if event.preview is None:
        wire.step(m.Progress(done, total, str(event.message), plots=plots))
        return
    pixels = event.preview
    if hasattr(pixels, "detach"):
        pixels = pixels.detach().cpu().numpy()
    try:
        view = memoryview(pixels)
    except TypeError as error:
        raise rubbish(f"a preview is {a_kind(pixels)}", "Give an array of uint8.") from error
    if view.format != "B" or view.ndim != 3 or view.shape is None or view.shape[2] not in (3, 4):
        raise rubbish(
            f"a preview has shape {view.shape} and type {view.format!r}",
            "It is an (H, W, 3) or (H, W, 4) array of uint8.",
        )
    blob = view.cast("B") if view.c_contiguous else view.tobytes()
    spec = BlobSpec("uint8", tuple(view.shape))
    wire.step(m.Progress(done, total, str(event.message), spec, plots), (blob,))


def _artifact(wire: Wire, event: NewArtifact) -> None:
    is_file = isinstance(event.payload, Path)
    blobs: list[memoryview] = []
    if isinstance(event.payload, Path):
        _parts(wire, event.payload)
    else:
        blobs.append(as_bytes(event.payload, "payload"))
    preview = as_bytes(event.preview, "preview")
    message = m.Artifact(
        kind=str(event.kind),
        suffix=str(event.suffix),
        came_in_parts=is_file,
        title=str(event.title),
        text=str(event.text),
        verdict=plain(event.verdict) if event.verdict else None,
        meta=plain(dict(event.meta)),
    )
    wire.step(message, [*blobs, preview] if preview.nbytes else blobs)


def _parts(wire: Wire, path: Path) -> None:
    """Send a file piece by piece: however long it is, no process holds more than a few."""
    try:
        with open_regular(path) as file:
            while part := file.read(_PIECE):
                wire.step(m.ArtifactPart(), (part,))
    except OSError as error:
        raise rubbish(
            f"the file of a result cannot be read ({error.strerror})", "Write it first."
        ) from error

"""Asks the runtime to engrave the visible piece: after a pause in editing, the latest wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from studio.api import JobHandle, JobRequest, PluginContext, StudioError
from studio_music.score.engraving.layout import Engraving, Head, Place
from studio_music.score.piece import Piece

_AFTER_MS = 180
TASK = "music.engrave"


class Sheet(msgspec.Struct, frozen=True):
    """The systems engraved so far, below each other, each a page of SVG.

    Attributes:
        piece: The engraved piece; heads count its notes.
        complete: Whether it is all of it.
    """

    piece: Piece
    pages: tuple[str, ...] = ()
    sizes: tuple[tuple[float, float], ...] = ()
    places: tuple[Place, ...] = ()
    heads: tuple[Head, ...] = ()
    complete: bool = False

    def with_part(self, part: Mapping[str, Any]) -> Sheet:
        """Return the sheet extended by a job's partial result."""
        more = msgspec.convert(part, Engraving)
        return Sheet(
            self.piece,
            self.pages + more.pages,
            self.sizes + more.sizes,
            self.places + _moved(more.places, len(self.pages), more.first_bar),
            self.heads + _moved(more.heads, len(self.pages), more.first_bar),
            more.next_bar >= more.total_bars,
        )


def _moved(marks: Any, pages: int, first_bar: int) -> tuple[Any, ...]:
    """Return marks with the numbers of their pages in the whole sheet; a job counts from 0."""
    if not first_bar or not marks or marks[0].page >= pages:
        return tuple(marks)
    return tuple(msgspec.structs.replace(mark, page=mark.page + pages) for mark in marks)


class EngravingRequest(QObject):
    """One job at a time.

    Signals:
        engraved: A ``Sheet``, complete or as far as it is.
        failed: A ``StudioError``.
    """

    engraved = Signal(object)
    failed = Signal(object)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._wanted: tuple[Piece, int, float, str] | None = None
        self._job: JobHandle | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER_MS)
        self._timer.timeout.connect(self._start)

    def ask(self, piece: Piece, width_px: int, scale: float, colour: str) -> None:
        """Engrave this soon, and nothing that was asked for before."""
        self._wanted = (piece, width_px, scale, colour)
        self._timer.start()

    def stop(self) -> None:
        """Nothing is wanted any more."""
        self._wanted = None
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()

    @property
    def idle(self) -> bool:
        """Whether nothing is being engraved or waits for it."""
        return self._job is None and not self._timer.isActive()

    def _start(self) -> None:
        if self._job is not None:
            self._job.cancel()  # its end starts the next
        elif self._wanted is not None:
            self._submit(Sheet(self._wanted[0]), 0)

    def _submit(self, sheet: Sheet, first_bar: int) -> None:
        assert self._wanted is not None
        wanted = piece, width_px, scale, colour = self._wanted
        params = {
            "width_px": width_px,
            "scale": scale,
            "colour": colour,
            "first_bar": first_bar,
        }

        def done(result: Mapping[str, Any]) -> None:
            self._job = None
            if self._wanted is not wanted:
                self._start()
                return
            following = sheet.with_part(result)
            self.engraved.emit(following)
            if following.complete or result["next_bar"] <= first_bar:
                self._wanted = None
            else:
                self._submit(following, int(result["next_bar"]))

        def failed(error: StudioError) -> None:
            self._job = None
            if self._wanted is wanted:
                self._wanted = None
                self.failed.emit(error)
            else:
                self._start()

        def cancelled() -> None:
            self._job = None
            if self._wanted is not wanted:
                self._start()

        try:
            self._job = self._ctx.tasks.submit(
                JobRequest(TASK, params, title=piece.title, inputs={"piece": piece}, keep=False)
            )
        except StudioError as error:
            self._wanted = None
            self.failed.emit(error)
            return
        self._job.on_done(done).on_failed(failed).on_cancelled(cancelled)

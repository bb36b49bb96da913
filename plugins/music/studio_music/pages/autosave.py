"""Nothing that was edited is lost: a draft within a second, a take before another piece is opened.

The draft outlives a crash; at the next start it is the piece in view.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from studio.api import (
    Kind,
    NewArtifact,
    PluginContext,
    SavedArtifact,
    StudioError,
    TaskResult,
    outcome,
)
from studio.api.window.language import tr
from studio_music.pages.editor.document import Document
from studio_music.score.piece import Piece, checked

_NAME = "piece"
_AFTER_MS = 500


class _Draft(msgspec.Struct):
    """Content of a draft file."""

    piece: Piece
    source: str = ""
    track: int = 0
    dirty: bool = False


class Autosave(QObject):
    """Keeps the document.

    Signals:
        keeping: What is not in the document yet should be put there.
        kept: A take of what was edited is in the library.
        failed: A ``StudioError``: the disk refuses.
    """

    keeping = Signal()
    kept = Signal(object)
    failed = Signal(object)

    def __init__(self, ctx: PluginContext, document: Document) -> None:
        super().__init__()
        self._ctx, self._document = ctx, document
        self._writing = self._unwritten = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER_MS)
        self._timer.timeout.connect(self._write)
        document.edited.connect(self._later)
        document.opened.connect(self._later)

    # --- the draft ----------------------------------------------------------------------------

    def restore(self, then: Callable[[bool], None]) -> None:
        """Open the draft of last time, read beside the window; ``then(whether there was one)``."""

        def found(draft: Any) -> None:
            if isinstance(draft, StudioError):
                self.failed.emit(draft)
            opened = isinstance(draft, _Draft) and self._document.empty
            if opened:
                base = Piece() if draft.dirty else draft.piece
                self._document.open(draft.piece, draft.source, base=base, track=draft.track)
            then(opened)

        self._ctx.run_later(lambda: outcome(self._read), found)

    def _read(self) -> _Draft | None:
        data = self._ctx.drafts.get(_NAME)
        if data is None:
            return None
        try:
            draft = msgspec.json.decode(data, type=_Draft)
            return _Draft(checked(draft.piece), draft.source, draft.track, draft.dirty)
        except (msgspec.MsgspecError, UnicodeDecodeError, StudioError):
            # Of another version, or damaged from outside: it is kept aside, whatever it is.
            self._ctx.drafts.put(f"{_NAME}-unreadable", data)
            return None

    def _later(self) -> None:
        if not self._timer.isActive():  # so it is written soon, however busily one edits
            self._timer.start()

    def _write(self) -> None:
        if self._writing:
            self._unwritten = True
            return
        self._writing, self._unwritten = True, False
        put = self._put()
        self._ctx.run_later(lambda: outcome(put), self._written)

    def _put(self) -> Callable[[], None]:
        document = self._document
        piece, source, track = document.settled, document.source, document.current
        dirty = document.dirty

        def put() -> None:
            draft = _Draft(piece, source, track, dirty)
            self._ctx.drafts.put(_NAME, msgspec.json.encode(draft))

        return put

    def _written(self, error: Any) -> None:
        self._writing = False
        if isinstance(error, StudioError):
            self.failed.emit(error)
        elif self._unwritten:
            self._write()

    def flush(self) -> None:
        """Write the draft before this returns: the window is closing."""
        if self._timer.isActive() or self._unwritten:
            self._timer.stop()
            self._unwritten = False
            self._written(outcome(self._put()))

    @property
    def settled(self) -> bool:
        """Whether the draft is as the document."""
        return not (self._writing or self._unwritten or self._timer.isActive())

    # --- takes --------------------------------------------------------------------------------

    def keep(self, then: Callable[[], None]) -> None:
        """Save unsaved edits as a take, if there are any, then call ``then`` once it is on disk."""
        self.keeping.emit()
        document = self._document
        if document.empty or not document.dirty:
            then()
            return
        piece, source = document.settled, document.source

        def kept(artifact: SavedArtifact | StudioError) -> None:
            if isinstance(artifact, StudioError):
                self.failed.emit(artifact)
                return
            if document.source == source:
                document.saved(artifact.id, piece)
                self._later()
            self.kept.emit(TaskResult(artifact, content=piece))
            self.keep(then)  # what was edited meanwhile is not lost either

        self._ctx.run_later(lambda: outcome(lambda: self._add(piece, source)), kept)

    def _add(self, piece: Piece, source: str) -> SavedArtifact:
        from studio_music.score.formats import write
        from studio_music.score.thumbnails import score_png

        return self._ctx.library.add(
            NewArtifact(
                Kind.SCORE,
                write(piece, ".mid"),
                suffix=".mid",
                title=edited_title(piece.title) if source else piece.title,
                preview=score_png(piece),
            ),
            parents=[source] if source else [],
        )


def edited_title(title: str) -> str:
    """Return the title of a version edited by hand."""
    mark = tr("edited")
    return title if title.endswith(f"({mark})") else f"{title} ({mark})"

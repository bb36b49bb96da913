"""How music comes to the page: files, drops, other pages. Reads none itself: the runtime does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData

from studio.api import PluginContext, SavedArtifact
from studio_music.pages.phrases import tr
from studio_music.pages.takes.takes import Take, take_of
from studio_music.piece import Piece, Track
from studio_music.schema import SCORE_SUFFIXES

if TYPE_CHECKING:
    from studio_music.pages.page import MusicPage

TASK = "music.open"
_NEW_BARS = 16


class ImportController:
    """Brings scores into the library first, then to the page."""

    def __init__(self, ctx: PluginContext, page: MusicPage) -> None:
        self._ctx, self._page = ctx, page
        self._waiting: list[Path] = []

    def pick(self) -> None:
        """Ask for files and open them."""
        self.bring(self._ctx.ui.pick_files(tr("Open scores"), SCORE_SUFFIXES, many=True))

    def bring(self, paths: Sequence[Path]) -> None:
        """Open files, one after the other; the last stays in view."""
        self._waiting += paths
        self.go_on()

    def go_on(self) -> None:
        """Open the next file that waits, unless a job is at work."""
        if not self._waiting or self._page.work.busy:
            return
        path = self._waiting.pop(0)
        title = tr("Open {name}").format(name=path.name)
        self._page.work.start(TASK, {"file": str(path)}, title)

    def accept(self, artifact: SavedArtifact) -> None:
        """Take a score of the library."""

        def show(take: Take) -> None:
            if take.piece is None:
                words = tr("“{title}” cannot be read as a score.").format(title=artifact.title)
                self._page.trouble.tell(words)
                return
            self._page.add(take)
            self._page.open_take(take.id)

        self._ctx.run_later(lambda: take_of(artifact), show)

    def write_new(self) -> None:
        """Begin with an empty piece."""
        length = _NEW_BARS * Piece().metre.bar
        track = Track(tr("Melody"), role="melody")
        piece = Piece(title=tr("New piece"), length=length, tracks=(track,))

        def begin() -> None:
            self._page.document.open(piece, "")
            self._page.stage.roll.tools.set_pencil(True)
            self._page.show_stage()
            self._page.stage.roll.notes.setFocus()

        self._page.saving.keep(begin)

    def takes(self, data: QMimeData) -> bool:
        """Whether something dragged is a score."""
        return bool(_files(data))

    def drop(self, data: QMimeData) -> None:
        """Open what was dropped."""
        self.bring(_files(data))


def _files(data: QMimeData | None) -> list[Path]:
    urls = data.urls() if data is not None else []
    paths = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() in SCORE_SUFFIXES]

"""Dragging results: onto a collection, or out to other programs as files under their titles.

The files are exported beside the window, and the drag begins when they are there: whoever takes
them gets copies that say how they were made, never the files of the library.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDrag, QGuiApplication

from studio.api.window.language import tr_filled
from studio.desktop.pages.gallery.artifact_grid import ArtifactGrid
from studio.desktop.pages.gallery.shelves.collection_bar import KEYS
from studio.desktop.pages.page_services import PageServices
from studio.library.provenance.disclosure import Disclosure
from studio.library.provenance.exporter import Exporter
from studio.protocol.errors import StudioError
from studio.protocol.files.private_folder import PrivateFolder

MOST_FILES = 100
"""So many leave at once; more can be exported."""


class DragOut:
    """Starts drags of the selection of a grid."""

    def __init__(self, parts: PageServices, grid: ArtifactGrid) -> None:
        self._parts, self._grid = parts, grid
        self._copies: PrivateFolder | None = None
        """Until the window closes: a program may read what it was given later."""
        grid.drag_wanted.connect(self.begin)

    def begin(self, keys: list[int]) -> None:
        """Have the files made, then drag."""
        if self._copies is None:
            self._copies = PrivateFolder("drag")
        folder = Path(tempfile.mkdtemp(dir=self._copies.path))
        studio = self._parts.studio
        exporter = Exporter(studio.library, studio.paths, studio.settings)
        chosen = exporter.disclosure  # what it is now, not when its turn comes
        ids = partial(studio.library.search.ids, keys[:MOST_FILES])
        copy = partial(copies, exporter, ids, folder, chosen)
        self._parts.background.run(copy, partial(self._ready, keys), self._tell)

    def made(self, files: Sequence[Path]) -> bool:
        """Whether these are copies that were made for a drag."""
        own = self._copies
        return own is not None and any(path.parent.parent == own.path for path in files)

    def _ready(self, keys: list[int], copies: tuple[list[Path], list[str]]) -> None:
        files, failed = copies
        if failed:
            self._parts.studio.notices.error(failed[0], key="drag")
        if QGuiApplication.mouseButtons() & Qt.MouseButton.LeftButton:
            drag = QDrag(self._grid)
            drag.setMimeData(mime(keys, files))
            drag.setPixmap(self._parts.ui.look.icons.pixmap("layers", "accent", 32, 2.0))
            drag.exec(Qt.DropAction.CopyAction)

    def _tell(self, error: Exception) -> None:
        self._parts.studio.notices.error(error, key="drag")


def copies(
    exporter: Exporter, ids: Callable[[], list[str]], folder: Path, disclosure: Disclosure
) -> tuple[list[Path], list[str]]:
    """Export results under their titles; return the files, and what could not be written."""
    files: list[Path] = []
    failed: list[str] = []
    for id in ids():
        try:
            files += exporter.to_folder(id, folder, disclosure).files
        except StudioError as error:
            failed.append(tr_filled(error))
    return files, failed


def mime(keys: list[int], files: list[Path]) -> QMimeData:
    """Return the drag data: files for other programs, row numbers for the collections."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in files])
    data.setData(KEYS, json.dumps(keys).encode())
    return data

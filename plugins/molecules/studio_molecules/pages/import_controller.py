"""How molecules come to the page: files, drops, the clipboard, other pages. Reads none itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication

from studio.api import PluginContext, SavedArtifact
from studio_molecules.pages.modes import PREDICT
from studio_molecules.pages.phrases import tr
from studio_molecules.schema import MOLECULE_SUFFIXES

if TYPE_CHECKING:
    from studio_molecules.pages.page import MoleculePage


class ImportController:
    """Brings lists to the page; Predict reads them in the runtime."""

    def __init__(self, ctx: PluginContext, page: MoleculePage) -> None:
        self._ctx, self._page = ctx, page

    def pick(self) -> None:
        """Ask for a file and read it."""
        paths = self._ctx.ui.pick_files(tr("Open molecules"), MOLECULE_SUFFIXES)
        if paths:
            self.bring(paths[0])

    def bring(self, path: Path) -> None:
        """Read a file."""
        self._page.set_mode(PREDICT)
        self._page.composer.set_file(path)
        self._page.making.run()

    def read_list(self, text: str) -> None:
        """Read SMILES, one a line."""
        self._page.set_mode(PREDICT)
        self._page.composer.set_list(text)
        self._page.making.run()

    def paste(self) -> None:
        """Read what is on the clipboard."""
        data = QGuiApplication.clipboard().mimeData()
        if data is not None and self.takes(data):
            self.drop(data)
        else:
            self._page.trouble.tell(
                tr("There are no molecules on the clipboard. Copy SMILES or a file first.")
            )

    def takes(self, data: QMimeData) -> bool:
        """Whether something dragged may be molecules."""
        return bool(_files(data)) or (data.hasText() and not data.hasUrls())

    def drop(self, data: QMimeData) -> None:
        """Read what was dropped."""
        files = _files(data)
        if files:
            self.bring(files[0])
            if len(files) > 1:
                words = tr("One list is read at a time: {name}.").format(name=files[0].name)
                self._ctx.notices.info(words, key="molecules.drop")
        else:
            self.read_list(data.text())

    def accept(self, artifact: SavedArtifact) -> None:
        """Show a table of the library."""
        self._page.open_artifact(artifact)


def _files(data: QMimeData) -> list[Path]:
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() in MOLECULE_SUFFIXES]

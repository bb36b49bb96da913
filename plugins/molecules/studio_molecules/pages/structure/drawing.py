"""One structure, as large as there is room."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_molecules.pages.table.cell_painter import draw_structure
from studio_molecules.pages.table.depiction_cache import DepictionCache, PictureRequest


class Drawing(QWidget):
    """The picture of a molecule.

    Attributes:
        smiles: Of what; "" for nothing.
        highlight: SMARTS of what is marked.
        by_atom: The figure whose contributions of atoms are coloured.
    """

    def __init__(self, ctx: PluginContext, structures: DepictionCache) -> None:
        super().__init__()
        self._ctx, self._structures = ctx, structures
        self.smiles = self.highlight = self.by_atom = ""
        self._last = ("", QImage())
        self.setMinimumSize(120, 120)
        structures.drawn.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return the size that suits it."""
        return QSize(240, 220)

    def forget(self) -> None:
        """Clear the cache for another table, where data of the molecule may differ."""
        self.smiles = ""

    def show_molecule(self, smiles: str, called: str) -> None:
        """Show another one."""
        self.smiles = smiles
        self.setAccessibleName(tr("Structure of {name}").format(name=called))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        if not self.smiles:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        wide, high = max(40, self.width() // 20 * 20), max(40, self.height() // 20 * 20)
        ratio = self.devicePixelRatioF()
        request = PictureRequest(self.smiles, wide, high, ratio, self.highlight, self.by_atom)
        colour = QColor(self._ctx.ui.tokens.colors["raised"])
        draw_structure(painter, QRect(self.rect()), self._image(request), colour)
        painter.end()

    def _image(self, request: PictureRequest) -> QImage | None:
        """Return the picture; until it is there in a new size, the old one as it was."""
        image = self._structures.picture(request)
        if image is None:
            return self._last[1] if self._last[0] == request.smiles else None
        self._last = (request.smiles, image)
        return image

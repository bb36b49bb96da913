"""The best molecules of a search while it runs: structure, score, when it was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from studio.api import PluginContext
from studio.api.window.figures import localised
from studio.api.window.language import tr
from studio_molecules.pages.table.cell_painter import draw_structure
from studio_molecules.pages.table.depiction_cache import DepictionCache, PictureRequest

_HIGH, _LEAST, _GAP = 148, 132, 8
_PICTURE, _LINE = 96, 18
_ROUND = 8


@dataclass(frozen=True)
class TopMolecule:
    """A molecule, its score, and how many were scored when it was found."""

    smiles: str
    score: float
    step: int


class BestSoFar(QWidget):
    """A row of cards, best first; as many as there is room for."""

    def __init__(self, ctx: PluginContext, structures: DepictionCache) -> None:
        super().__init__()
        self._ctx, self._structures = ctx, structures
        self.molecules: list[TopMolecule] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        structures.drawn.connect(self.update)
        end_theme = ctx.ui.on_theme(lambda _tokens: self.update())
        self.destroyed.connect(lambda: end_theme())
        self.hide()

    def sizeHint(self) -> QSize:
        """Return its size."""
        return QSize(3 * _LEAST, _HIGH)

    def show_top(self, top: Sequence[tuple[str, float, int]]) -> None:
        """Show what each tells: SMILES, score, and after how many it was found."""
        self.molecules = [TopMolecule(*molecule) for molecule in top]
        self.setVisible(bool(self.molecules))
        scores = ", ".join(localised(f"{molecule.score:.3f}") for molecule in self.molecules)
        self.setAccessibleName(tr("Best so far: {scores}").format(scores=scores))
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self.show_top([])

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the cards."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for molecule, box in zip(self.molecules, self.boxes()):
            self._draw(painter, molecule, box)
        painter.end()

    def _draw(self, painter: QPainter, molecule: TopMolecule, box: QRect) -> None:
        colours = self._ctx.ui.tokens.colors
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours["panel"]))
        painter.drawRoundedRect(box, _ROUND, _ROUND)
        room = QRect(box.left() + 6, box.top() + 6, box.width() - 12, _PICTURE)
        ratio = self.devicePixelRatioF()
        request = PictureRequest(molecule.smiles, room.width(), room.height(), ratio)
        image = self._structures.picture(request)
        draw_structure(painter, room, image, QColor(colours["raised"]))
        line = QRect(room.left() + 4, box.bottom() - 2 * _LINE - 4, room.width() - 8, _LINE)
        for words, colour, weight in (
            (localised(f"{molecule.score:.3f}"), "text", QFont.Weight.DemiBold),
            (tr("after {count}").format(count=f"{molecule.step:,}"), "mute", QFont.Weight.Normal),
        ):
            font = QFont(self.font())
            font.setPixelSize(12)
            font.setWeight(weight)
            painter.setFont(font)
            painter.setPen(QColor(colours[colour]))
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, words)
            line.translate(0, _LINE)

    def boxes(self) -> list[QRect]:
        """Return where the cards are: of one width, as many as fit."""
        fitting = max(1, (self.width() + _GAP) // (_LEAST + _GAP))
        count = min(len(self.molecules), fitting)
        wide = (self.width() + _GAP) // max(1, min(fitting, _MOST)) - _GAP
        return [QRect(place * (wide + _GAP), 0, wide, _HIGH) for place in range(count)]

    def event(self, event: QEvent) -> bool:
        """Tell the SMILES of the card that the pointer rests on."""
        if isinstance(event, QHelpEvent):
            smiles = self._at(event.pos())
            QToolTip.showText(event.globalPos(), smiles, self)
            return True
        return super().event(event)

    def _at(self, place: QPoint) -> str:
        under = (
            molecule.smiles
            for molecule, box in zip(self.molecules, self.boxes())
            if box.contains(place)
        )
        return next(under, "")


_MOST = 8

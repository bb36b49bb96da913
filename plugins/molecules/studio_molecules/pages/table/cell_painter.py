"""Cells and cards as they are painted: a cached structure, words beside it. Reckons nothing."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.columns import NAME, figure_of
from studio_molecules.pages.table.depiction_cache import DepictionCache, PictureRequest
from studio_molecules.pages.table.model import LIGHT, ROW

CELL = QSize(132, 72)
CARD = QSize(156, 188)
"""The least size of a card; cards are as wide as fills the row."""
_PICTURE_HIGH = 112
_ROUND = 10
_SIGN = 16
_LIGHTS = {"good": "good", "fair": "warn", "poor": "bad"}

_Index = QModelIndex | QPersistentModelIndex


def draw_structure(
    painter: QPainter, box: QRect, image: QImage | None, colour: QColor, words: str = ""
) -> None:
    """Draw a structure in the middle of ``box``; a quiet bar while it is on its way."""
    if image is None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        middle = QRectF(0, 0, box.width() * 0.4, 6)
        middle.moveCenter(QRectF(box).center())
        painter.drawRoundedRect(middle, 3, 3)
    elif image.isNull():
        painter.setPen(colour)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words or "–")
    else:
        size = image.deviceIndependentSize()
        at = QRectF(box).center() - QPointF(size.width() / 2, size.height() / 2)
        painter.drawImage(QPointF(round(at.x()), round(at.y())), image)


class StructureCell(QStyledItemDelegate):
    """The first column of the table."""

    def __init__(
        self, ctx: PluginContext, collection: Collection, structures: DepictionCache
    ) -> None:
        super().__init__()
        self._ctx, self._collection, self._structures = ctx, collection, structures
        self.highlight = ""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw the ground as every cell has it, the structure on it."""
        super().paint(painter, option, index)
        smiles = self._collection.rows.molecules[index.data(ROW)].drawn
        ratio = painter.device().devicePixelRatioF()
        request = PictureRequest(smiles, CELL.width() - 8, CELL.height() - 6, ratio, self.highlight)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(self._ctx.ui.tokens.colors["raised"])
        draw_structure(painter, option.rect, self._structures.picture(request), colour)
        if smiles in self._structures.notices:
            corner = option.rect.topRight() - QPointF(_SIGN + 2, -4).toPoint()
            icon = self._ctx.ui.icon("shield-alert", "warn")
            icon.paint(painter, QRect(corner, QSize(_SIGN, _SIGN)))
        painter.restore()


class LightCell(QStyledItemDelegate):
    """A figure with a mark before it: a dot for good, a ring for fair, a square for poor."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw the cell as always, and the mark."""
        super().paint(painter, option, index)
        judged = index.data(LIGHT)
        if not judged:
            return
        colour = QColor(self._ctx.ui.tokens.colors[_LIGHTS[judged]])
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 2))
        painter.setBrush(colour if judged != "fair" else Qt.BrushStyle.NoBrush)
        at = QPointF(option.rect.left() + 10, option.rect.center().y() + 1)
        if judged == "poor":
            painter.drawRect(QRectF(at.x() - 3, at.y() - 3, 6, 6))
        else:
            painter.drawEllipse(at, 3, 3)
        painter.restore()


class Card(QStyledItemDelegate):
    """A molecule of the grid: structure, name, two or three figures.

    Attributes:
        figures: Ids of those.
        width: How wide it is, in pixels.
    """

    def __init__(
        self, ctx: PluginContext, collection: Collection, structures: DepictionCache
    ) -> None:
        super().__init__()
        self._ctx, self._collection, self._structures = ctx, collection, structures
        self.highlight = ""
        self.figures: list[str] = []
        self.width = CARD.width()

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """Return the size of every card."""
        return QSize(self.width, CARD.height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw one."""
        row = index.data(ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = option.rect.adjusted(4, 4, -4, -4)
        self._ground(painter, QRectF(box), option.state)
        colours = self._ctx.ui.tokens.colors
        smiles = self._collection.rows.molecules[row].drawn
        ratio = painter.device().devicePixelRatioF()
        wide = (box.width() - 8) // 10 * 10  # or every pixel of the window asks for new ones
        request = PictureRequest(smiles, wide, _PICTURE_HIGH, ratio, self.highlight)
        place = QRect(box.left() + 2, box.top() + 6, box.width() - 4, _PICTURE_HIGH)
        image = self._structures.picture(request)
        draw_structure(painter, place, image, QColor(colours["raised"]), tr("cannot be drawn"))
        self._words(painter, QRect(box.left() + 10, place.bottom() + 4, box.width() - 20, 52), row)
        if smiles in self._structures.notices:
            at = QRect(box.right() - _SIGN - 8, box.top() + 8, _SIGN, _SIGN)
            self._ctx.ui.icon("shield-alert", "warn").paint(painter, at)
        painter.restore()

    def _ground(self, painter: QPainter, box: QRectF, state: QStyle.StateFlag) -> None:
        colours = self._ctx.ui.tokens.colors
        flags = QStyle.StateFlag
        on, hovered = bool(state & flags.State_Selected), bool(state & flags.State_MouseOver)
        edge = "accent" if on else "line-strong" if hovered else "line"
        focused = bool(state & flags.State_HasFocus)
        painter.setPen(QPen(QColor(colours[edge]), 2 if focused and on else 1))
        painter.setBrush(QColor(colours["panel"]))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), _ROUND, _ROUND)
        if on:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours["accent-soft"]))
            painter.drawRoundedRect(box, _ROUND, _ROUND)

    def _words(self, painter: QPainter, box: QRect, row: int) -> None:
        colours, rows = self._ctx.ui.tokens.colors, self._collection.rows
        molecule = rows.molecules[row]
        metrics = painter.fontMetrics()
        name = metrics.elidedText(
            rows.text(row, NAME) or molecule.smiles, Qt.TextElideMode.ElideRight, box.width()
        )
        painter.setPen(QColor(colours["text"]))
        flags = Qt.AlignmentFlag
        painter.drawText(box, flags.AlignLeft | flags.AlignTop, name)
        small = QFont(painter.font())
        small.setPixelSize(11)
        painter.setFont(small)
        chosen = self.figures[:3]
        width = box.width() // max(1, len(chosen))
        for place, id in enumerate(chosen):
            cell = QRect(box.left() + place * width, box.top() + 19, width - 4, 32)
            painter.setPen(QColor(colours["mute"]))
            title = painter.fontMetrics().elidedText(
                figure_of(id).title, Qt.TextElideMode.ElideRight, cell.width()
            )
            painter.drawText(cell, flags.AlignLeft | flags.AlignTop, title)
            painter.setPen(QColor(colours["text"]))
            painter.drawText(cell, flags.AlignLeft | flags.AlignBottom, rows.text(row, id))

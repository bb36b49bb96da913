"""Text with formulas in it: what running text and tables share."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, QPointF, QRect, QRectF, QSizeF
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QPainter,
    QPyTextObject,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextDocumentFragment,
    QTextFormat,
)
from PySide6.QtWidgets import QWidget

from studio.api.window.ui import Ui
from studio.desktop.prose.formulas import Formula, Formulas, Outline
from studio.desktop.prose.inert_browser import InertBrowser
from studio.desktop.prose.markdown_blocks import Span

_OBJECT = QTextFormat.ObjectTypes.UserObject.value + 1
_SOURCE = QTextFormat.Property.UserProperty.value + 3
_DISPLAY = QTextFormat.Property.UserProperty.value + 4
_ALONE = QTextFormat.Property.UserProperty.value + 5
_PLACE = "\ufffc"
_SCALE = 1.08
"""The font of formulas beside that of text, so that their small letters are of one height."""
_ROOM = 2.0
_DISPLAY_ROOM = 6.0


def char_format(ui: Ui, span: Span, font: QFont) -> QTextCharFormat:
    """Return the look of a span."""
    colors = ui.tokens.colors
    form = QTextCharFormat()
    form.setFont(font)
    form.setForeground(QColor(colors["text"]))
    if span.code:
        mono = ui.mono()
        mono.setPixelSize(max(11, font.pixelSize() - 1))
        form.setFont(mono)
        form.setBackground(QColor(colors["raised"]))
    if span.marked:
        form.setBackground(QColor(colors["accent-soft"]))
    if span.raised:
        align = QTextCharFormat.VerticalAlignment
        form.setVerticalAlignment(
            align.AlignSuperScript if span.raised > 0 else align.AlignSubScript
        )
    if span.bold:
        form.setFontWeight(QFont.Weight.DemiBold)
    form.setFontItalic(span.italic)
    form.setFontStrikeOut(span.strike)
    if span.href:
        form.setAnchor(True)
        form.setAnchorHref(span.href)
        form.setForeground(QColor(colors["accent"]))
        form.setToolTip(span.href)
    return form


class FormulaText(InertBrowser):
    """Text in which formulas are drawn once their outlines are there; until then they are TeX."""

    def __init__(self, ui: Ui, formulas: Formulas, parent: QWidget | None = None) -> None:
        super().__init__(ui, parent)
        self._formulas = formulas
        self._undrawn: set[Formula] = set()
        self._painter = _FormulaPainter(formulas)
        self.document().documentLayout().registerHandler(_OBJECT, self._painter)
        formulas.drawn.connect(self._on_drawn)

    def insert_spans(self, cursor: QTextCursor, spans: Sequence[Span], font: QFont) -> None:
        """Write ``spans`` at ``cursor``."""
        for span in spans:
            self._insert(cursor, span, font, alone=len(spans) == 1)

    def _insert(self, cursor: QTextCursor, span: Span, font: QFont, *, alone: bool) -> None:
        form = char_format(self.ui, span, font)
        if span.formula:
            formula = Formula(span.text, span.formula == "display")
            if self._formulas.outline(formula) is not None:
                form.setObjectType(_OBJECT)
                form.setProperty(_SOURCE, formula.source)
                form.setProperty(_DISPLAY, formula.display)
                form.setProperty(_ALONE, alone)
                form.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignMiddle)
                cursor.insertText(_PLACE, form)
                return
            self._undrawn.add(formula)
        cursor.insertText(span.text, form)

    def redraw(self, formulas: frozenset[Formula]) -> None:
        """Write again what holds one of ``formulas``."""
        raise NotImplementedError

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copy formulas as TeX."""
        copy = QTextDocument()
        QTextCursor(copy).insertFragment(self.textCursor().selection())
        place = copy.find(_PLACE)
        while not place.isNull():
            source = str(place.charFormat().property(_SOURCE) or "")
            place.insertText(source.replace("\u2028", "\n"), QTextCharFormat())
            place = copy.find(_PLACE, place)
        data = QMimeData()
        data.setText(copy.toPlainText())
        data.setHtml(QTextDocumentFragment(copy).toHtml())
        return data

    def _on_drawn(self, formulas: frozenset[Formula]) -> None:
        mine = formulas & self._undrawn
        if mine:
            self._undrawn -= mine
            self.redraw(mine)


class _FormulaPainter(QPyTextObject):
    """Draws the outlines in a document, their baselines on that of the text."""

    def __init__(self, formulas: Formulas) -> None:
        super().__init__()
        self._formulas = formulas

    def intrinsicSize(self, document: QTextDocument, position: int, form: QTextFormat) -> QSizeF:
        """Return the room that a formula takes; one too wide shrinks to the column."""
        outline, size, middle = self._measures(document, position, form)
        if outline is None:
            return QSizeF(0, 0)
        above, below = outline.ascent * size, outline.descent * size
        metrics = QFontMetrics(form.toCharFormat().font())
        half = metrics.descent() + middle  # a line of text has this much room anyway
        if form.property(_ALONE) or above > metrics.ascent() + _ROOM:
            half = max(half, above - middle + _ROOM)
        if form.property(_ALONE) or below > metrics.descent() + _ROOM:
            half = max(half, below + middle + _ROOM)
        if form.property(_DISPLAY):
            half += _DISPLAY_ROOM
        return QSizeF(outline.width * size + 2, 2 * half)

    def drawObject(
        self,
        painter: QPainter,
        rect: QRectF | QRect,
        document: QTextDocument,
        position: int,
        form: QTextFormat,
    ) -> None:
        """Draw one formula in the colour of its text."""
        outline, size, _ = self._measures(document, position, form)
        block = document.findBlock(position)
        line = block.layout().lineForTextPosition(position - block.position())
        if outline is not None and line.isValid():
            # Qt reserves room around the middle of a small letter, and draws in that of the line.
            baseline = QRectF(rect).center().y() - line.height() / 2 + line.ascent()
            color = form.toCharFormat().foreground().color().name()
            outline.draw(painter, QPointF(rect.left() + 1, baseline), size, color)

    def _measures(
        self, document: QTextDocument, position: int, form: QTextFormat
    ) -> tuple[Outline | None, float, float]:
        """Return a formula's outline, its font's size, and the height of Qt's middle."""
        font = form.toCharFormat().font()
        size = font.pixelSize() * _SCALE
        formula = Formula(str(form.property(_SOURCE)), bool(form.property(_DISPLAY)))
        outline = self._formulas.outline(formula)
        if outline is not None:
            margin = document.findBlock(position).blockFormat().leftMargin()
            room = document.textWidth() - margin - 4
            if 0 < room < outline.width * size:
                size = room / outline.width
        return outline, size, QFontMetrics(font).xHeight() / 4

"""The pane beside the thread: a page with the passage boxed, or text with it marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QTextEdit, QVBoxLayout, QWidget

from studio.api import PluginContext, Role, StudioError, outcome
from studio_chat.documents.pdf import Box, Picture
from studio_chat.pages.documents.passage import Shown, show

_NARROWEST: Final = 320
_WIDEST: Final = 640
_SHARE: Final = 0.42
"""Of the page's width."""
_EDGE: Final = 5
"""Pixels between the lines of a passage and its box."""


class PassagePane(QFrame):
    """Hidden until a source is asked for.

    Signals:
        moved: It came or went.
    """

    moved = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.key: tuple[str, str] = ("", "")
        """Id of the message and link of the passage that is shown or being read."""
        self._source: Mapping[str, Any] = {}
        self._place = 0
        ui = ctx.ui
        self.heading = ui.elided_label()
        self.before = ui.icon_button("chevron-left", self.tr("Previous page"))
        self.after = ui.icon_button("chevron-right", self.tr("Next page"))
        self.number = ui.label("", Role.MUTE)
        away = ui.icon_button("x", self.tr("Close the passage"))
        away.clicked.connect(self.close_passage)
        self.before.clicked.connect(lambda: self._turn(-1))
        self.after.clicked.connect(lambda: self._turn(1))
        head = QHBoxLayout()
        head.setContentsMargins(14, 8, 8, 8)
        head.setSpacing(4)
        head.addWidget(self.heading.widget, 1)
        for widget in (self.before, self.number, self.after, away):
            head.addWidget(widget)
        self.page = PageView(ctx)
        self.text = QTextEdit(readOnly=True)
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.area = QScrollArea()
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidget(self.page)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        line = QFrame()
        ui.wear(line, Role.LINE_DOWN)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(line)
        column = QVBoxLayout()
        column.setSpacing(0)
        row.addLayout(column, 1)
        column.addLayout(head)
        column.addWidget(self.area, 1)
        column.addWidget(self.text, 1)
        self._shown: Shown | None = None
        self.hide()
        end_theme = ctx.ui.on_theme(lambda _tokens: self._show_text())
        self.destroyed.connect(lambda: end_theme())

    @staticmethod
    def near(widget: QWidget) -> PassagePane | None:
        """Return the pane of the page that ``widget`` is on."""
        above = widget.parentWidget()
        while above is not None:
            pane = above.findChild(PassagePane)
            if isinstance(pane, PassagePane):
                return pane
            above = above.parentWidget()
        return None

    def width_in(self, page: int) -> int:
        """Return how wide it is on a page of that width; 0 while it is hidden."""
        return 0 if self.isHidden() else int(min(max(_SHARE * page, _NARROWEST), _WIDEST))

    def open(self, key: tuple[str, str], source: Mapping[str, Any], place: int) -> None:
        """Read a document and show a stretch of it; asked again for the same, close."""
        if key == self.key:
            self.close_passage()
            return
        self.key, self._source, self._place = key, source, place
        self._read(0)

    def close_passage(self) -> None:
        """Take it away."""
        self.key = ("", "")
        self.hide()
        self.moved.emit()

    def _turn(self, step: int) -> None:
        if self._shown is not None and self._shown.page:
            self._read(self._shown.page + step)

    def _read(self, page: int) -> None:
        key, source, place = self.key, self._source, self._place

        def told(result: Shown | StudioError) -> None:
            if self.key != key:
                return  # another one was asked for meanwhile
            if isinstance(result, StudioError):
                self.close_passage()
                self._ctx.notices.error(result, key="chat.passage")
            else:
                self._show(result)

        ctx = self._ctx
        ctx.run_later(lambda: outcome(lambda: show(source, place, ctx.file_sandbox, page)), told)

    def _show(self, shown: Shown) -> None:
        self._shown = shown
        self.heading.set_text(shown.heading)
        has_page = shown.picture is not None
        for widget in (self.before, self.number, self.after):
            widget.setVisible(has_page and shown.pages > 1)
        self.before.setEnabled(shown.page > 1)
        self.after.setEnabled(shown.page < shown.pages)
        self.number.setText(f"{shown.page} / {shown.pages}")
        self.area.setVisible(has_page)
        self.text.setVisible(not has_page)
        self.show()
        self.moved.emit()
        if shown.picture is not None:
            self.page.show_page(shown.picture, shown.boxes)
            QTimer.singleShot(0, self, self._to_passage)
        self._show_text()

    def _show_text(self) -> None:
        shown = self._shown
        if shown is None or shown.picture is not None:
            return
        self.text.setPlainText(shown.text)
        color = QColor(self._ctx.ui.tokens.colors["accent"])
        color.setAlpha(56)
        selections = []
        for first, last in shown.marked:
            cursor = QTextCursor(self.text.document().findBlockByNumber(first))
            steps = QTextCursor.MoveMode.KeepAnchor
            cursor.movePosition(QTextCursor.MoveOperation.NextBlock, steps, last - first)
            cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, steps)
            selection = QTextEdit.ExtraSelection()
            selection.cursor = cursor
            selection.format.setBackground(color)
            selections.append(selection)
        self.text.setExtraSelections(selections)
        if selections:
            start = QTextCursor(selections[0].cursor)
            start.setPosition(start.selectionStart())
            self.text.setTextCursor(start)
            self.text.ensureCursorVisible()

    def _to_passage(self) -> None:
        middle = self.page.passage.center().toPoint() if self.page.boxes else QPoint()
        self.area.ensureVisible(0, middle.y(), 0, self.area.viewport().height() // 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw the page as wide as there is room."""
        super().resizeEvent(event)
        self.page.set_width(self.area.viewport().width())


class PageView(QWidget):
    """A page as it looks, with the passage on it boxed."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._image = QImage()
        self.boxes: Sequence[Box] = ()
        self._width = _NARROWEST

    def show_page(self, picture: Picture, boxes: Sequence[Box]) -> None:
        """Show a page."""
        kind = QImage.Format.Format_RGB888
        row = 3 * picture.width
        image = QImage(picture.pixels, picture.width, picture.height, row, kind)
        self._image = image.copy()  # the bytes are not ours for as long as it lives
        self.boxes = boxes
        self.set_width(self._width)
        self.update()

    def set_width(self, width: int) -> None:
        """Scale the page to ``width``."""
        self._width = width
        if not self._image.isNull():
            self.resize(self.sizeHint())

    def sizeHint(self) -> QSize:
        """Return the size of the page in view."""
        size = self._image.size()
        return QSize(self._width, round(self._width * size.height() / max(size.width(), 1)))

    @property
    def passage(self) -> QRectF:
        """What holds the lines of the passage."""
        area = QRectF()
        for box in self.boxes:
            area = area.united(self._place(box))
        return area

    def _place(self, box: Box) -> QRectF:
        left, top, right, bottom = (edge / 10_000 for edge in box)
        width, height = self.width(), self.height()
        return QRectF(left * width, top * height, (right - left) * width, (bottom - top) * height)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the page, the lines of the passage tinted, and a frame around them."""
        painter = QPainter(self)
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        painter.drawImage(QRectF(self.rect()), self._image, QRectF(self._image.rect()))
        if not self.boxes:
            return
        accent = QColor(self._ctx.ui.tokens.colors["accent"])
        tint = QColor(accent)
        tint.setAlpha(40)
        for box in self.boxes:
            painter.fillRect(self._place(box).adjusted(-2, -1, 2, 1), tint)
        painter.setPen(QPen(accent, 2))
        whole = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        for part in self._parts():
            painter.drawRoundedRect(part.adjusted(-_EDGE, -_EDGE, _EDGE, _EDGE) & whole, 4, 4)

    def _parts(self) -> list[QRectF]:
        """Return what holds lines that follow each other; a passage may have several such parts."""
        areas: list[QRectF] = []
        last = QRectF()
        for place in map(self._place, self.boxes):
            gap = place.top() - last.bottom()
            if areas and -last.height() < gap < 2.5 * place.height():
                areas[-1] = areas[-1].united(place)
            else:
                areas.append(place)
            last = place
        return areas

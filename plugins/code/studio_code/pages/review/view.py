"""The picture of a change: its rows, of which only those in view are drawn. Changes no file."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import ceil

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_code.pages.phrases import count_words
from studio_code.pages.review.hunk_bar import HunkBar
from studio_code.pages.review.hunks import Change, Choice
from studio_code.pages.review.phrases import hunk_words, lines_words
from studio_code.pages.review.rows import Row, Sort, Table

_ROW_SHARE = 1.35
"""Height of a row, of the font's own."""
_HEAD = 30
_PAD = 10
_SIGN = 18
_CACHED = 400
_MARK_ALPHA = 0.3
"""How strong the ground of a difference within a line is."""


class ReviewView(QAbstractScrollArea):
    """Shows rows and takes the keys that decide hunks.

    Signals:
        chosen: The user decided a hunk: its index, and a ``Choice``.
        fold_opened: The user wants the lines of a fold: its first line.
        moved: Another hunk is the current one.

    Attributes:
        current: Index of the hunk that keys decide; -1 while there is none.
    """

    chosen = Signal(int, object)
    fold_opened = Signal(int)
    moved = Signal(int)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self._ctx = ctx
        self.change = Change((), ())
        self.table = Table()
        self.current = -1
        self._high = ceil(QFontMetricsF(ctx.ui.mono()).height() * _ROW_SHARE)
        self._bars: dict[int, HunkBar] = {}
        self._layouts: dict[int, QTextLayout] = {}
        self._wide = 0.0
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Proposed changes"))
        self.setFont(ctx.ui.mono())
        self._words_font = QApplication.font()
        # All that is set of its own: a painter fills in the rest from the font of the code.
        self._words_font.setFamilies(self._words_font.families())
        self._words_font.setPixelSize(12)
        self.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        self.verticalScrollBar().valueChanged.connect(self._place_bars)
        end_theme = ctx.ui.on_theme(lambda _tokens: self._forget_layouts())
        self.destroyed.connect(lambda: end_theme())

    # --- what is shown ------------------------------------------------------------------------

    def show_table(self, change: Change, table: Table) -> None:
        """Show other rows; the current hunk stays if there still is one of its number."""
        self.table = table
        self._wide = table.longest * QFontMetricsF(self.font()).horizontalAdvance("0") + 2 * _PAD
        for bar in self._bars.values():
            bar.hide()
            bar.deleteLater()
        self._bars.clear()
        self._fit_bars()
        self.set_change(change)
        if not 0 <= self.current < len(change.hunks):
            self._set_current(0 if change.hunks else -1)

    @property
    def rows(self) -> Sequence[Row]:
        """Rows in view."""
        return self.table.rows

    def set_change(self, change: Change) -> None:
        """Show other choices for the same rows."""
        self.change = change
        self._layouts.clear()
        self._place_bars()
        self.viewport().update()

    def go(self, index: int) -> None:
        """Make a hunk the current one and bring it into view."""
        if 0 <= index < len(self.change.hunks):
            self._set_current(index)
            self._show_hunk(index)

    def step(self, by: int) -> None:
        """Go to the next hunk, or the one before."""
        self.go(max(0, min(len(self.change.hunks) - 1, self.current + by)))

    def decide(self, choice: Choice) -> None:
        """Decide the current hunk, then go to the next one that is open."""
        if self.current < 0:
            return
        self.chosen.emit(self.current, choice)
        order = [*range(self.current + 1, len(self.change.hunks)), *range(self.current)]
        still_open = (n for n in order if self.change.hunks[n].choice is Choice.OPEN)
        self.go(next((n for n in still_open if self.change.hunks[n].fits), self.current))

    def _set_current(self, index: int) -> None:
        self.current = index
        words = hunk_words(self.change, index)
        self.setAccessibleDescription(words)
        QAccessible.updateAccessibility(
            QAccessibleEvent(self, QAccessible.Event.DescriptionChanged)
        )
        self.viewport().update()
        self.moved.emit(index)

    def _show_hunk(self, index: int) -> None:
        first = self.table.heads[index]
        last = first
        while last + 1 < len(self.rows) and self.rows[last + 1].hunk == index:
            last += 1
        room = self.viewport().height()
        top, bottom = self._top(first), self._top(last + 1)
        bar = self.verticalScrollBar()
        if top < bar.value() or bottom > bar.value() + room:
            margin = max(0, min(80, (room - (bottom - top)) // 2))
            bar.setValue(max(0, top - margin))

    # --- keys and mouse -----------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move with J, K or arrows; A accepts, R rejects, B keeps both, U leaves open again."""
        keys = Qt.Key
        bar = self.verticalScrollBar()
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        match event.key() if plain else None:
            case keys.Key_J | keys.Key_Down:
                self.step(1)
            case keys.Key_K | keys.Key_Up:
                self.step(-1)
            case keys.Key_A:
                self.decide(Choice.ACCEPTED)
            case keys.Key_R:
                self.decide(Choice.REJECTED)
            case keys.Key_B:
                if self.current >= 0 and self.change.hunks[self.current].conflict:
                    self.decide(Choice.BOTH)
            case keys.Key_U:
                if self.current >= 0:
                    self.chosen.emit(self.current, Choice.OPEN)
            case keys.Key_PageDown | keys.Key_Space:
                bar.setValue(bar.value() + bar.pageStep())
            case keys.Key_PageUp:
                bar.setValue(bar.value() - bar.pageStep())
            case keys.Key_Home:
                self.go(0)
            case keys.Key_End:
                self.go(len(self.change.hunks) - 1)
            case _:
                event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Make the hunk under the mouse the current one, or open a fold."""
        number = self.row_at(event.position().toPoint())
        if event.button() is not Qt.MouseButton.LeftButton or number < 0:
            return
        row = self.rows[number]
        if row.sort is Sort.FOLD:
            self.fold_opened.emit(row.number)
        elif row.hunk >= 0:
            self._set_current(row.hunk)

    def row_at(self, place: QPoint) -> int:
        """Return the number of the row at a place of the viewport, or -1."""
        y = place.y() + self.verticalScrollBar().value()
        number = self._first(y)
        return number if number < len(self.rows) and y >= 0 else -1

    # --- places -------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the scroll bars."""
        super().resizeEvent(event)
        self._fit_bars()
        self._place_bars()

    def _fit_bars(self) -> None:
        view = self.viewport()
        vertical, sideways = self.verticalScrollBar(), self.horizontalScrollBar()
        vertical.setRange(0, max(0, self._top(len(self.rows)) + _PAD - view.height()))
        vertical.setPageStep(view.height())
        vertical.setSingleStep(20)
        sideways.setRange(0, max(0, ceil(self._gutter() + self._wide) - view.width()))
        sideways.setPageStep(view.width())
        sideways.setSingleStep(20)

    def _gutter(self) -> int:
        digits = len(str(self.table.largest))
        return ceil(QFontMetricsF(self.font()).horizontalAdvance("0") * digits) + 2 * _PAD + _SIGN

    def _top(self, number: int) -> int:
        """Return where a row begins in the whole picture."""
        heads = bisect_left(self.table.heads, number)
        return number * self._high + heads * (_HEAD - self._high)

    def _first(self, y: int) -> int:
        """Return the row at a height of the whole picture."""
        return max(0, bisect_right(range(len(self.rows) + 1), y, key=self._top) - 1)

    def _in_view(self) -> range:
        top = self.verticalScrollBar().value()
        first = self._first(top)
        return range(first, min(len(self.rows), self._first(top + self.viewport().height()) + 1))

    def _rect(self, number: int) -> QRect:
        top = self._top(number)
        shown = top - self.verticalScrollBar().value()
        return QRect(0, shown, self.viewport().width(), self._top(number + 1) - top)

    def _place_bars(self) -> None:
        """Lay the buttons of the hunks in view over their heads."""
        wanted: set[int] = set()
        for number in self._in_view():
            row = self.rows[number]
            if row.sort is Sort.HEAD:
                wanted.add(row.hunk)
                self._bar(row.hunk).place(self._rect(number), self.change.hunks[row.hunk])
        for index, bar in self._bars.items():
            if index not in wanted:
                bar.hide()

    def _bar(self, index: int) -> HunkBar:
        if index not in self._bars:
            bar = HunkBar(self._ctx, index, self.viewport())
            bar.chosen.connect(lambda choice, index=index: self._on_bar(index, choice))
            self._bars[index] = bar
        return self._bars[index]

    def _on_bar(self, index: int, choice: Choice) -> None:
        self._set_current(index)
        self.chosen.emit(index, choice)

    # --- painting -----------------------------------------------------------------------------

    def _forget_layouts(self) -> None:
        self._layouts.clear()
        self._place_bars()
        self.viewport().update()

    def _color(self, name: str, alpha: float | None = None) -> QColor:
        color = QColor(self._ui.tokens.colors[name])
        if alpha is not None:
            color.setAlphaF(alpha)
        return color

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows in view."""
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), self._color("panel"))
        painter.setFont(self.font())
        for number in self._in_view():
            row, rect = self.rows[number], self._rect(number)
            match row.sort:
                case Sort.HEAD:
                    self._paint_head(painter, row, rect)
                case Sort.FOLD:
                    self._paint_fold(painter, row, rect)
                case _:
                    self._paint_line(painter, number, row, rect)
            if row.hunk >= 0 and row.hunk == self.current:
                ink = "accent" if self.hasFocus() else "line-strong"
                painter.fillRect(QRect(0, rect.top(), 3, rect.height()), self._color(ink))

    def _paint_head(self, painter: QPainter, row: Row, rect: QRect) -> None:
        painter.fillRect(rect, self._color("raised"))
        painter.fillRect(QRect(0, rect.top(), rect.width(), 1), self._color("line"))
        hunk = self.change.hunks[row.hunk]
        painter.setFont(self._words_font)
        painter.setPen(self._color("text" if row.hunk == self.current else "mute"))
        room = rect.adjusted(_PAD + 4, 0, -HunkBar.WIDE, 0)
        words = lines_words(hunk)
        metrics = painter.fontMetrics()
        painter.drawText(
            room,
            Qt.AlignmentFlag.AlignVCenter,
            metrics.elidedText(words, Qt.TextElideMode.ElideRight, room.width()),
        )
        painter.setFont(self.font())

    def _paint_fold(self, painter: QPainter, row: Row, rect: QRect) -> None:
        painter.setPen(self._color("mute"))
        words = count_words(row.count, tr("1 unchanged line"), tr("{count} unchanged lines"))
        painter.drawText(
            rect.adjusted(self._gutter(), 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, f"⋯  {words}"
        )

    def _paint_line(self, painter: QPainter, number: int, row: Row, rect: QRect) -> None:
        dim = self._is_dim(row)
        ground = {Sort.NEW: "good-soft", Sort.OLD: "bad-soft"}.get(row.sort)
        if ground and not dim:
            painter.fillRect(rect, self._color(ground))
        gutter = self._gutter()
        painter.save()
        painter.setClipRect(rect.adjusted(gutter, 0, 0, 0))
        left = gutter - self.horizontalScrollBar().value()
        layout = self._layout(number, row, dim)
        top = rect.top() + (rect.height() - layout.boundingRect().height()) / 2
        layout.draw(painter, QPointF(left, top))
        if dim and row.sort is Sort.OLD:
            middle = QRectF(left, rect.center().y(), layout.maximumWidth(), 1)
            painter.fillRect(middle, self._color("faint"))
        painter.restore()
        self._paint_gutter(painter, row, rect, gutter, dim)

    def _paint_gutter(
        self, painter: QPainter, row: Row, rect: QRect, gutter: int, dim: bool
    ) -> None:
        painter.setPen(self._color("mute" if row.sort is not Sort.SAME else "faint"))
        box = rect.adjusted(0, 0, gutter - rect.width() - _PAD - _SIGN, 0)
        align = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box, align | Qt.AlignmentFlag.AlignRight, str(row.number))
        sign, ink = {Sort.NEW: ("+", "good"), Sort.OLD: ("−", "bad")}.get(row.sort, ("", "mute"))
        if sign:
            painter.setPen(self._color("faint" if dim else ink))
            spot = QRect(gutter - _SIGN - 2, rect.top(), _SIGN, rect.height())
            painter.drawText(spot, align | Qt.AlignmentFlag.AlignHCenter, sign)

    def _is_dim(self, row: Row) -> bool:
        """Return whether a line will go: rejected, or replaced by an accepted one."""
        if row.hunk < 0:
            return False
        hunk = self.change.hunks[row.hunk]
        gone = Sort.OLD if hunk.choice is Choice.ACCEPTED else Sort.NEW
        if hunk.choice is Choice.BOTH:
            return False
        return not hunk.fits or (hunk.choice is not Choice.OPEN and row.sort is gone)

    def _layout(self, number: int, row: Row, dim: bool) -> QTextLayout:
        if number in self._layouts:
            return self._layouts[number]
        if len(self._layouts) > _CACHED:
            self._layouts.clear()
        mark = "" if row.ends else tr("  (no line end)")
        layout = QTextLayout(row.text + mark, self.font())
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.NoWrap)
        option.setTabStopDistance(4 * QFontMetricsF(self.font()).horizontalAdvance(" "))
        layout.setTextOption(option)
        layout.setFormats(self._formats(row, dim, len(mark)))
        layout.beginLayout()
        layout.createLine()
        layout.endLayout()
        self._layouts[number] = layout
        return layout

    def _formats(self, row: Row, dim: bool, mark: int) -> list[QTextLayout.FormatRange]:
        units = _Units(row.text)
        whole = _range(0, units(len(row.text)) + mark)
        whole.format.setForeground(self._color("faint" if dim else "text"))
        formats = [whole]
        if not dim:
            for start, length, color in row.runs:
                run = _range(units(start), units(start + length) - units(start))
                run.format.setForeground(self._color(color))
                formats.append(run)
            ground = "good" if row.sort is Sort.NEW else "bad"
            for start, length in row.spans:
                span = _range(units(start), units(start + length) - units(start))
                span.format.setBackground(self._color(ground, _MARK_ALPHA))
                formats.append(span)
        if mark:
            ending = _range(units(len(row.text)), mark)
            ending.format.setForeground(self._color("mute"))
            formats.append(ending)
        return formats

    def focusInEvent(self, event: object) -> None:
        """Draw the mark of the current hunk as one that takes keys."""
        self.viewport().update()

    def focusOutEvent(self, event: object) -> None:
        """Draw it as one that does not."""
        self.viewport().update()


class _Units:
    """Places in a text as Qt counts them: characters above U+FFFF are two."""

    def __init__(self, text: str) -> None:
        self._text = "" if text.isascii() else text

    def __call__(self, place: int) -> int:
        return place + sum(1 for char in self._text[:place] if ord(char) > 0xFFFF)


def _range(start: int, length: int) -> QTextLayout.FormatRange:
    result = QTextLayout.FormatRange()
    result.start, result.length, result.format = start, length, QTextCharFormat()
    return result

"""The editor of one file: numbers, colours, brackets, keys. Opens and saves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCursor,
    QTextFormat,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QTextEdit, QWidget

from studio.api import Role, Ui
from studio.api.window.language import tr
from studio_code.pages.editor import typing_keys
from studio_code.pages.editor.brackets import partner
from studio_code.pages.editor.highlighter import Highlighter
from studio_code.pages.editor.open_file import OpenFile

_LEFT, _RIGHT, _FEWEST = 14, 14, 2

SMALLEST, LARGEST = 7.0, 32.0
"""Points of the letters."""
_QUOTED = ("syntax-string", "syntax-comment")
_REST_MS = 40


class CodeEdit(QPlainTextEdit):
    """Shows the document of an ``OpenFile``.

    Attributes:
        file: What is edited.
        colors: Of the theme in force.
        on_key: Asked before a key does anything; whether the key was meant for it.
        painted: Draws over the text.
        is_typing: Whether a key is just changing the text.

    Signals:
        zoomed: The user wants larger (1) or smaller (-1) letters.
        typed: A letter was typed, or a new line begun; an empty text where one was erased.
        left: The keyboard is elsewhere.
    """

    zoomed = Signal(int)
    typed = Signal(str)
    left = Signal()

    def __init__(self, ui: Ui, file: OpenFile) -> None:
        super().__init__()
        self._ui, self.file = ui, file
        self.colors = ui.tokens.colors
        self._step = typing_keys.indent_step(file.document, file.kind)
        self.on_key: Callable[[QKeyEvent], bool] | None = None
        self.painted: Callable[[QPainter], None] | None = None
        self.is_typing = False
        self._found: Sequence[tuple[int, int]] = ()
        self._found_at = -1
        ui.wear(self, Role.PLAIN)
        self.setDocument(file.document)
        self.gutter = Gutter(self, lambda: self.colors, self.lines_in_view, self.select_line_at)
        self.colored = Highlighter(file.document, ui, file.text, file.kind.lexer, self)
        self.colored.in_view = self.range_in_view
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_REST_MS)
        self._later.timeout.connect(self.show_marks)
        self._dress()
        self._connect()

    def _dress(self) -> None:
        self.set_font(self._ui.mono())
        self.setLineWrapMode(self.LineWrapMode.NoWrap)
        self.setAccessibleName(tr("Text of {name}").format(name=self.file.name))
        self.setTabChangesFocus(False)
        self.setReadOnly(bool(self.file.locked))
        keys = Qt.TextInteractionFlag.TextSelectableByKeyboard
        if self.file.locked:
            self.setTextInteractionFlags(self.textInteractionFlags() | keys)
        self.setCenterOnScroll(False)

    def _connect(self) -> None:
        self.blockCountChanged.connect(lambda _count: self._place_gutter())
        self.updateRequest.connect(self._on_update)
        self.cursorPositionChanged.connect(self._on_cursor)
        self.selectionChanged.connect(self._on_cursor)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._on_scroll())
        self.file.state_changed.connect(self._on_state)
        self._on_cursor()

    # --- looks --------------------------------------------------------------------------------

    def set_font(self, font: QFont) -> None:
        """Take another font or size."""
        self.setFont(font)
        self.file.document.setDefaultFont(font)
        wide = self.fontMetrics().horizontalAdvance(" ")
        self.setTabStopDistance((4 if self._step == "\t" else max(2, len(self._step))) * wide)
        self._place_gutter()

    @property
    def indent_words(self) -> str:
        """Return "4 spaces" or "Tabs"."""
        if self._step == "\t":
            return tr("Tabs")
        return tr("{count} spaces").format(count=len(self._step))

    def set_wrap(self, wrap: bool) -> None:
        """Break long lines at the edge, or not."""
        mode = self.LineWrapMode.WidgetWidth if wrap else self.LineWrapMode.NoWrap
        self.setLineWrapMode(mode)

    def restyle(self) -> None:
        """Take the colours of the theme in force."""
        self.colors = self._ui.tokens.colors
        self.colored.restyle()
        self.show_marks()
        self.gutter.update()

    def _on_state(self) -> None:
        if self.isReadOnly() != bool(self.file.locked):
            self.setReadOnly(bool(self.file.locked))
        if self.file.kind.lexer != self.colored.language:
            self.colored.set_language(self.file.kind.lexer)

    # --- the gutter ---------------------------------------------------------------------------

    def _place_gutter(self) -> None:
        room = self.gutter.room()
        if self.viewportMargins().left() != room:
            self.setViewportMargins(room, 0, 0, 0)
        inside = self.contentsRect()
        self.gutter.setGeometry(QRect(inside.left(), inside.top(), room, inside.height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_gutter()
        self.colored.show_lines()

    def _on_update(self, area: QRect, by: int) -> None:
        if by:
            self.gutter.scroll(0, by)
        else:
            self.gutter.update(0, area.y(), self.gutter.width(), area.height())

    def lines_in_view(self) -> Iterator[tuple[int, int]]:
        """Yield (line from 0, its top in the viewport) for each line that can be seen."""
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        while block.isValid() and top <= self.viewport().height():
            yield block.blockNumber(), round(top)
            top += self.blockBoundingRect(block).height()
            block = block.next()

    def range_in_view(self) -> tuple[int, int]:
        """Return the first and last line that can be seen, a few more for good measure."""
        first = self.firstVisibleBlock().blockNumber()
        return first, first + self.viewport().height() // max(1, self.fontMetrics().height()) + 2

    def select_line_at(self, y: int) -> None:
        """Select the line at a height of the viewport."""
        number = next((n for n, top in reversed(list(self.lines_in_view())) if top <= y), 0)
        cursor = QTextCursor(self.document().findBlockByNumber(number))
        cursor.movePosition(QTextCursor.MoveOperation.NextBlock, QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)
        self.setFocus()

    # --- marks --------------------------------------------------------------------------------

    def _on_cursor(self) -> None:
        self.file.cursor = self.textCursor()
        self._later.start()
        self._mark_line()

    def _on_scroll(self) -> None:
        self.colored.show_lines()
        if self._found:
            self._later.start()

    def set_found(self, places: Sequence[tuple[int, int]], at: int) -> None:
        """Highlight the (start, end) ranges of matches; ``at`` is the current one."""
        self._found, self._found_at = places, at
        self.show_marks()

    def _mark_line(self) -> None:
        """The line of the cursor at once; brackets follow when the hand rests."""
        others = [mark for mark in self.extraSelections() if not self._is_line(mark)]
        self.setExtraSelections([self._line_mark(), *others])

    @staticmethod
    def _is_line(mark: QTextEdit.ExtraSelection) -> bool:
        return bool(mark.format.boolProperty(QTextFormat.Property.FullWidthSelection))

    def _line_mark(self) -> QTextEdit.ExtraSelection:
        mark = QTextEdit.ExtraSelection()
        mark.format.setBackground(QColor(self.colors["raised"]))
        mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
        mark.cursor = self.textCursor()
        mark.cursor.clearSelection()
        return mark

    def show_marks(self) -> None:
        """Highlight the current line, the brackets at the cursor and the matches."""
        self.setExtraSelections([self._line_mark(), *self._found_marks(), *self._brackets()])

    def _found_marks(self) -> list[QTextEdit.ExtraSelection]:
        first, last = self.range_in_view()
        top = self.document().findBlockByNumber(first).position()
        end = self.document().findBlockByNumber(min(last, self.blockCount() - 1))
        bottom = end.position() + end.length()
        marks = []
        for number, (start, stop) in enumerate(self._found):
            if start >= bottom:
                break
            if stop > top:
                color = "accent" if number == self._found_at else "accent-soft"
                marks.append(self._mark(start, stop, color))
        return marks

    def _mark(self, start: int, stop: int, color: str) -> QTextEdit.ExtraSelection:
        mark = QTextEdit.ExtraSelection()
        mark.format.setBackground(QColor(self.colors[color]))
        if color == "accent":
            mark.format.setForeground(QColor(self.colors["on-accent"]))
        mark.cursor = QTextCursor(self.document())
        length = self.document().characterCount() - 1
        mark.cursor.setPosition(min(start, length))
        mark.cursor.setPosition(min(stop, length), QTextCursor.MoveMode.KeepAnchor)
        return mark

    def _brackets(self) -> list[QTextEdit.ExtraSelection]:
        cursor = self.textCursor()
        if cursor.hasSelection():
            return []

        def line_at(number: int) -> str | None:
            block = self.document().findBlockByNumber(number)
            return block.text() if number >= 0 and block.isValid() else None

        pair = partner(line_at, self._quoted, cursor.blockNumber(), cursor.positionInBlock())
        if pair is None:
            return []
        here, other = pair
        marks = []
        for place in (here, other):
            if place is not None:
                start = self.document().findBlockByNumber(place[0]).position() + place[1]
                marks.append(self._mark(start, start + 1, "accent-soft" if other else "bad-soft"))
        return marks

    def _quoted(self, line: int, column: int) -> bool:
        return any(
            start <= column < start + length
            for start, length, color in self.colored.runs(line)
            if color in _QUOTED
        )

    # --- places -------------------------------------------------------------------------------

    def go_to(self, line: int, column: int = 1) -> None:
        """Put the cursor into a line (from 1) and bring it into the middle of the view."""
        number = max(0, min(line - 1, self.blockCount() - 1))
        block = self.document().findBlockByNumber(number)
        cursor = QTextCursor(block)
        cursor.setPosition(block.position() + min(max(0, column - 1), block.length() - 1))
        self.setTextCursor(cursor)
        self.centerCursor()

    def name_at_cursor(self) -> str:
        """Return the name that the cursor stands in or beside; empty for none."""
        cursor = self.textCursor()
        cursor.select(cursor.SelectionType.WordUnderCursor)
        word = cursor.selectedText()
        return word if word.isidentifier() else ""

    def select(self, start: int, stop: int) -> None:
        """Select a part, and bring it into view."""
        cursor = self.textCursor()
        cursor.setPosition(start)
        cursor.setPosition(stop, QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    # --- keys ---------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Indent, break lines, comment and move lines; the rest is Qt's."""
        if self.on_key is not None and self.on_key(event):
            return
        self.is_typing = True
        before = self.document().revision()
        self._on_press(event)
        self.is_typing = False
        if self.document().revision() != before:
            text = "\n" if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) else event.text()
            held = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
            is_letter = text == "\n" or text.isprintable()
            self.typed.emit(text if is_letter and not event.modifiers() & held else "")

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell that the keyboard has gone."""
        super().focusOutEvent(event)
        self.left.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the text, then the proposal over it."""
        super().paintEvent(event)
        if self.painted is not None:
            painter = QPainter(self.viewport())
            try:
                self.painted(painter)
            finally:
                painter.end()

    def _on_press(self, event: QKeyEvent) -> None:
        deed = None if self.isReadOnly() else self._deed(event)
        if deed is None:
            if event.key() == Qt.Key.Key_Home and self._home(event):
                return
            super().keyPressEvent(event)
            return
        deed(self.textCursor())
        self.ensureCursorVisible()

    def _deed(self, event: QKeyEvent) -> Callable[[QTextCursor], None] | None:
        key, keys = event.key(), event.modifiers()
        shift, control = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
        alt, none = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.NoModifier
        step, kind = self._step, self.file.kind
        match key, keys & (shift | control | alt):
            case ((Qt.Key.Key_Return | Qt.Key.Key_Enter), (modifiers)) if modifiers == none:
                return lambda cursor: self._keep(cursor, typing_keys.break_line, kind, step)
            case Qt.Key.Key_Tab, (modifiers) if modifiers == none:
                return lambda cursor: self._keep(cursor, typing_keys.indent, step)
            case Qt.Key.Key_Backtab, _:
                return lambda cursor: self._keep(cursor, typing_keys.outdent, step)
            case Qt.Key.Key_Backspace, (modifiers) if modifiers == none:
                return self._erase if self._erases() else None
            case Qt.Key.Key_Slash, (modifiers) if modifiers == control:
                return lambda cursor: self._keep(cursor, typing_keys.toggle_comment, kind.comment)
            case Qt.Key.Key_Up, (modifiers) if modifiers == alt:
                return lambda cursor: self._keep(cursor, typing_keys.move_lines, -1)
            case Qt.Key.Key_Down, (modifiers) if modifiers == alt:
                return lambda cursor: self._keep(cursor, typing_keys.move_lines, 1)
            case Qt.Key.Key_D, (modifiers) if modifiers == control | shift:
                return lambda cursor: self._keep(cursor, typing_keys.copy_lines)
        return None

    def _keep(self, cursor: QTextCursor, deed: Callable[..., object], *more: object) -> None:
        deed(cursor, *more)
        self.setTextCursor(cursor)

    def _erases(self) -> bool:
        cursor = self.textCursor()
        before = cursor.block().text()[: cursor.positionInBlock()]
        return bool(before) and not before.strip(" ") and not cursor.hasSelection()

    def _erase(self, cursor: QTextCursor) -> None:
        if typing_keys.erase_step(cursor, self._step):
            self.setTextCursor(cursor)
        else:
            cursor.deletePreviousChar()
            self.setTextCursor(cursor)

    def _home(self, event: QKeyEvent) -> bool:
        shift = Qt.KeyboardModifier.ShiftModifier
        if event.modifiers() & ~(shift | Qt.KeyboardModifier.KeypadModifier):
            return False
        cursor = self.textCursor()
        block = cursor.block()
        column = typing_keys.home_column(block, cursor.positionInBlock())
        extend = bool(event.modifiers() & shift)
        mode = QTextCursor.MoveMode.KeepAnchor if extend else QTextCursor.MoveMode.MoveAnchor
        cursor.setPosition(block.position() + column, mode)
        self.setTextCursor(cursor)
        return True

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; with Ctrl the letters grow or shrink."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoomed.emit(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)


class Gutter(QWidget):
    """As wide as the largest number; a click selects the line."""

    def __init__(
        self,
        edit: QPlainTextEdit,
        colors: Callable[[], Mapping[str, str]],
        lines: Callable[[], Iterable[tuple[int, int]]],
        select: Callable[[int], None],
    ) -> None:
        """Stand beside ``edit``.

        Args:
            colors: Returns those of the theme in force.
            lines: Returns number and top of each line in view.
            select: Selects the line at a height.
        """
        super().__init__(edit)
        self._edit, self._colors, self._lines, self._select = edit, colors, lines, select
        self.setCursor(Qt.CursorShape.ArrowCursor)

    def room(self) -> int:
        """Return how wide it wants to be."""
        digits = max(_FEWEST, len(str(self._edit.blockCount())))
        return _LEFT + _RIGHT + digits * self._edit.fontMetrics().horizontalAdvance("9")

    def sizeHint(self) -> QSize:
        return QSize(self.room(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the numbers of the lines in view."""
        colors = self._colors()
        painter = QPainter(self)
        painter.setFont(self._edit.font())
        current = self._edit.textCursor().blockNumber()
        high = self._edit.fontMetrics().height()
        for number, top in self._lines():
            if top > event.rect().bottom():
                break
            if top + high >= event.rect().top():
                painter.setPen(QColor(colors["text" if number == current else "faint"]))
                row = QRect(0, top, self.width() - _RIGHT, high)
                painter.drawText(row, Qt.AlignmentFlag.AlignRight, str(number + 1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Select the line."""
        self._select(int(event.position().y()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll as the text does."""
        QApplication.sendEvent(self._edit.viewport(), event)

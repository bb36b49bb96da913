"""The bar that finds and replaces in the file in view. Searches beside the window, latest first."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QKeyEvent, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QToolButton

from studio.api import PluginContext, Role, StudioError, outcome
from studio.api.window.language import tr
from studio_code.pages.editor.code_edit import CodeEdit
from studio_code.pages.editor.text_search import MOST, Query, find_all, replace_all, replaced

_AFTER_MS = 120


class FindBar(QFrame):
    """Hidden unless it is asked for.

    Signals:
        closed: The keyboard goes back to the text.
    """

    closed = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._edit: CodeEdit | None = None
        self.places: list[tuple[int, int]] = []
        self._at = -1
        self._asked = 0
        self._jump = self._replace = False
        self.field, self.other = QLineEdit(), QLineEdit()
        self.words = QLabel()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER_MS)
        self._timer.timeout.connect(self._search)
        self._lay_out()
        self._connect()
        self.hide()

    def _lay_out(self) -> None:
        ui = self._ctx.ui
        self.setObjectName("findBar")
        for field, words in ((self.field, tr("Find")), (self.other, tr("Replace with"))):
            field.setPlaceholderText(words)
            field.setAccessibleName(words)
            field.setStyleSheet("min-height: 24px;")
        self._ctx.ui.wear(self.words, Role.SMALL)
        self.words.setMinimumWidth(96)
        self.case = self._toggle("Aa", tr("Match case  Alt+C"), "Alt+C")
        self.whole = self._toggle("ab", tr("Whole words  Alt+W"), "Alt+W")
        self.pattern = self._toggle(".*", tr("Regular expression  Alt+R"), "Alt+R")
        self.up = ui.icon_button("arrow-up", tr("Find previous  Shift+Return"))
        self.down = ui.icon_button("arrow-down", tr("Find next  Return"))
        self.shut = ui.icon_button("x", tr("Close  Escape"))
        self.one = ui.button(tr("Replace"))
        self.all = ui.button(tr("Replace all"))
        for button in (self.one, self.all):
            self._ctx.ui.wear(button, Role.DENSE)
        tools = QHBoxLayout()
        tools.setSpacing(2)
        for part in (self.case, self.whole, self.pattern, self.up, self.down, self.words):
            tools.addWidget(part)
        tools.addStretch(1)
        tools.addWidget(self.shut)
        below = QHBoxLayout()
        below.setSpacing(6)
        below.addWidget(self.one)
        below.addWidget(self.all)
        below.addStretch(1)
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 6, 8, 6)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.addWidget(self.field, 0, 0)
        grid.addLayout(tools, 0, 1)
        grid.addWidget(self.other, 1, 0)
        grid.addLayout(below, 1, 1)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 2)

    def _toggle(self, words: str, tip: str, keys: str) -> QToolButton:
        button = QToolButton()
        button.setText(words)
        button.setCheckable(True)
        button.setToolTip(tip)
        button.setAccessibleName(tip.split("  ")[0])
        button.setShortcut(keys)
        button.toggled.connect(lambda _on: self._soon())
        return button

    def _connect(self) -> None:
        self.field.textEdited.connect(lambda _text: self._soon())
        self.field.returnPressed.connect(lambda: self.step(1))
        self.other.returnPressed.connect(self.replace_one)
        self.up.clicked.connect(lambda _checked=False: self.step(-1))
        self.down.clicked.connect(lambda _checked=False: self.step(1))
        self.shut.clicked.connect(lambda _checked=False: self.close_bar())
        self.one.clicked.connect(lambda _checked=False: self.replace_one())
        self.all.clicked.connect(lambda _checked=False: self.replace_all())

    # --- coming and going ---------------------------------------------------------------------

    def set_edit(self, edit: CodeEdit | None) -> None:
        """Look in another text."""
        if edit is self._edit:
            return
        if self._edit is not None:
            self._edit.set_found((), -1)
            self._edit.file.changed.disconnect(self._on_text)
        self._edit = edit
        if edit is not None:
            edit.file.changed.connect(self._on_text)
            edit.destroyed.connect(self._forget)
        self._show_replace()
        if self.isVisible():
            self._search()

    def _forget(self) -> None:
        if self._edit is self.sender():
            self._edit = None

    def open_bar(self, *, replace: bool = False) -> None:
        """Show the bar; use the selection as search text."""
        self.show()
        self._replace = replace
        self._show_replace()
        if self._edit is not None:
            chosen = self._edit.textCursor().selectedText()
            if chosen and "\u2029" not in chosen:
                self.field.setText(chosen)
        self.field.setFocus()
        self.field.selectAll()
        self._search()

    def _show_replace(self) -> None:
        may = self._replace and self._edit is not None and not self._edit.isReadOnly()
        for part in (self.other, self.one, self.all):
            part.setVisible(may)

    def close_bar(self) -> None:
        """Hide the bar and its marks."""
        self.hide()
        if self._edit is not None:
            self._edit.set_found((), -1)
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes, Shift+Return goes back."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_bar()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.step(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        else:
            super().keyPressEvent(event)

    # --- searching ----------------------------------------------------------------------------

    @property
    def query(self) -> Query:
        """Current search query."""
        return Query(
            self.field.text(),
            self.case.isChecked(),
            self.whole.isChecked(),
            self.pattern.isChecked(),
        )

    def _soon(self) -> None:
        self._jump = True
        self._timer.start()

    def _on_text(self) -> None:
        if self.isVisible():
            self._timer.start()

    def _search(self) -> None:
        self._timer.stop()
        edit, query = self._edit, self.query
        if edit is None or not query.words:
            self._show([], "")
            return
        text = edit.file.text()
        self._asked += 1
        request = self._asked

        def show(matches: Any) -> None:
            if request != self._asked or edit is not self._edit or not self.isVisible():
                return
            if isinstance(matches, StudioError):
                self._show([], str(matches))
            else:
                self._show(matches, "")

        self._ctx.run_later(lambda: outcome(lambda: find_all(text, query)), show)

    def _show(self, places: list[tuple[int, int]], trouble: str) -> None:
        edit, self.places = self._edit, places
        bad = bool(trouble or (self.field.text() and not places))
        self._ctx.ui.show_invalid(self.field, bad)
        self.field.setToolTip(trouble)
        self._at = -1
        if edit is not None and places:
            start = edit.textCursor().selectionStart()
            at = bisect_left(places, (start, 0)) % len(places)
            if self._jump:
                self._go(at)
            elif places[at][0] == start:
                self._at = at
        self._jump = False
        self._say(trouble)
        if edit is not None:
            edit.set_found(self.places, self._at)

    def _say(self, trouble: str = "") -> None:
        count = len(self.places)
        if trouble:
            words = trouble.split(":")[0].split(",")[0]
        elif not self.field.text():
            words = ""
        elif not count:
            words = tr("Not found")
        else:
            many = f"{count:,}" + ("+" if count >= MOST else "")
            at = f"{self._at + 1:,}" if self._at >= 0 else "–"
            words = tr("{at} of {many}").format(at=at, many=many)
        self.words.setText(words)
        self.words.setAccessibleName(words)

    def step(self, by: int) -> None:
        """Go to the next place, or the one before; after the last comes the first."""
        if self._timer.isActive():
            self._jump = True
            self._search()
            return
        if self._edit is None or not self.places:
            return
        cursor = self._edit.textCursor()
        here = bisect_left(self.places, (cursor.selectionStart(), 0))
        on_it = here < len(self.places) and self.places[here][0] == cursor.selectionStart()
        at = here + by if on_it and cursor.hasSelection() else here if by > 0 else here - 1
        self._go(at % len(self.places))
        self._say()
        self._edit.set_found(self.places, self._at)

    def _go(self, at: int) -> None:
        self._at = at
        if self._edit is not None:
            self._edit.select(*self.places[at])

    # --- replacing ----------------------------------------------------------------------------

    def replace_one(self) -> None:
        """Replace the place that is selected and go to the next."""
        edit = self._edit
        if edit is None or edit.isReadOnly():
            return
        cursor = edit.textCursor()
        if (cursor.selectionStart(), cursor.selectionEnd()) not in self.places:
            self.step(1)
            return
        text, start = edit.file.text(), cursor.selectionStart()
        query, by = self.query, self.other.text()

        def put(result: Any) -> None:
            if isinstance(result, StudioError):
                self._show([], str(result))
            elif result is not None and edit is self._edit and edit.file.text() == text:
                cursor.insertText(result)
                edit.setTextCursor(cursor)
                self._jump = True
                self._search()

        self._ctx.run_later(lambda: outcome(lambda: replaced(text, start, query, by)), put)

    def replace_all(self) -> None:
        """Replace every place, as one step of undo."""
        edit = self._edit
        if edit is None or edit.isReadOnly() or not self.field.text():
            return
        text, query, by = edit.file.text(), self.query, self.other.text()

        def put(result: Any) -> None:
            if isinstance(result, StudioError):
                self._show([], str(result))
            elif edit is self._edit and edit.file.text() == text:
                edit.file.set_text(result[0])
                words = tr("{count} replaced; Ctrl+Z undoes it.")
                self._ctx.notices.info(words.format(count=f"{result[1]:,}"), key="code.replace")

        self._ctx.run_later(lambda: outcome(lambda: replace_all(text, query, by)), put)

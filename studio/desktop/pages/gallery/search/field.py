"""The search line: a field with completions, and one sentence under it when it means nothing."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QStringListModel, Signal
from PySide6.QtWidgets import QCompleter, QLabel, QLineEdit, QVBoxLayout, QWidget

from studio.api.window.language import tr_filled
from studio.desktop.appearance.appearance import Appearance
from studio.library.search_line import completed, completions
from studio.library.search_query import LONGEST
from studio.protocol.errors import StudioError

Vocabulary = Callable[[str], list[str]]
"""Field → what may follow it; of an empty field the names of parameters."""
_MOST = 12


class SearchField(QWidget):
    """The line.

    Attributes:
        field: Where it is typed.

    Signals:
        changed: The line is another one.
        wanted: The values of a field (or, when empty, the names of parameters) are asked for.
    """

    changed = Signal()
    wanted = Signal(str)

    def __init__(self, look: Appearance) -> None:
        super().__init__()
        self.field = QLineEdit()
        self.field.setPlaceholderText(
            self.tr("Search: words, kind:image, after:yesterday, steps>20")
        )
        self.field.setAccessibleName(self.tr("Search the library"))
        self.field.setClearButtonEnabled(True)
        self.field.setMaxLength(20 * LONGEST)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.field)
        self.sentence: QLabel = look.label("", "bad", wrap=True)
        self.sentence.hide()
        column.addWidget(self.sentence)
        self._known: dict[str, list[str]] = {}
        self._awaited: str | None = None
        self._list = QStringListModel(self)
        self._completer = QCompleter(self._list, self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setWidget(self.field)
        self._completer.setMaxVisibleItems(_MOST)
        self._completer.activated.connect(self._take)
        popup = self._completer.popup()
        assert popup is not None
        self._popup = popup
        self.field.textChanged.connect(self.changed)
        self.field.textEdited.connect(self._offer)

    @property
    def line(self) -> str:
        """The current text."""
        return self.field.text()

    def set_line(self, line: str) -> None:
        """Type something."""
        self.field.setText(line)

    def tell(self, error: StudioError | None) -> None:
        """Show an error in the search line; None clears it."""
        self.sentence.setText(tr_filled(error) if error else "")
        self.sentence.setVisible(error is not None)

    def learn(self, field: str, values: list[str]) -> None:
        """Offer ``values`` after ``field`` from now on; of the empty one: as names."""
        self._known[field] = values
        if field == self._awaited:
            self._offer()

    def forget(self) -> None:
        """Invalidate the cached values after a library change; pending requests still complete."""
        self._known.clear()

    def _offer(self) -> None:
        field, offers = completions(self.line, self.field.cursorPosition(), self._known)
        self._awaited = None
        if field not in self._known:
            self._known[field], self._awaited = [], field
            self.wanted.emit(field)
        self._list.setStringList(offers[:_MOST])
        if offers:
            self._completer.complete()
        else:
            self._popup.hide()

    def _take(self, offer: str) -> None:
        line, cursor = completed(self.line, self.field.cursorPosition(), offer)
        self.field.setText(line)
        self.field.setCursorPosition(cursor)
        if offer.endswith(":"):
            self._offer()

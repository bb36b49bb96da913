"""One filter of a column of words: what its cells contain, or which of its values are wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection as Many

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_molecules.pages.table.columns import Columns
from studio_molecules.pages.table.model import column_title

MOST_VALUES = 50
"""Of a column with more different values only what they contain is asked."""
_MOST_HIGH, _MOST_WIDE = 170, 22


class WordCard(QWidget):
    """Contains, or one of.

    Attributes:
        contains: The field for a part of the text.
        values: A box for each value there is; none where they are too many.
        parts: What Tab goes through.

    Signals:
        changed: The column; ``contains`` and the values that are wanted say what is asked.
        closed: The user wants no such filter; carries the column.
    """

    changed = Signal(str)
    closed = Signal(str)

    def __init__(self, ctx: PluginContext, column: str, rows: Columns) -> None:
        super().__init__()
        self.column = column
        called = column_title(column)
        title = ctx.ui.label(called, Role.STRONG)
        close = ctx.ui.icon_button("x", tr("Remove the filter of {figure}").format(figure=called))
        ctx.ui.wear(close, Role.TINY)
        close.clicked.connect(lambda: self.closed.emit(self.column))
        self.contains = QLineEdit()
        self.contains.setPlaceholderText(tr("Contains"))
        self.contains.setAccessibleName(tr("{column} contains").format(column=called))
        self.contains.textChanged.connect(lambda _text: self.changed.emit(self.column))
        self.values: dict[str, QCheckBox] = {}
        counts = Counter(rows.text(row, column) for row in range(len(rows)))
        boxes = self._boxes(called, counts)
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(close)
        column_of_parts = QVBoxLayout(self)
        column_of_parts.setContentsMargins(0, 4, 0, 8)
        column_of_parts.setSpacing(4)
        column_of_parts.addLayout(head)
        column_of_parts.addWidget(self.contains)
        column_of_parts.addWidget(boxes)
        self.parts = [close, self.contains, *self.values.values()]

    def _boxes(self, called: str, counts: Counter[str]) -> QScrollArea:
        """Return a box for each value, the most frequent first."""
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        few = len(counts) <= MOST_VALUES
        for value, count in counts.most_common() if few else ():
            box = QCheckBox(f"{_short(value) or tr('(empty)')}  ({count:,})")
            box.setToolTip(value[:500])
            box.toggled.connect(lambda _on: self.changed.emit(self.column))
            column.addWidget(box)
            self.values[value] = box
        area = QScrollArea()
        area.setAccessibleName(tr("{column} is one of").format(column=called))
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFixedHeight(min(inner.sizeHint().height() + 4, _MOST_HIGH))
        area.setVisible(few)
        return area

    def condition(self) -> tuple[str, frozenset[str]]:
        """Return the required substring and the accepted values; none accepts any."""
        wanted = {value for value, box in self.values.items() if box.isChecked()}
        return self.contains.text().strip(), frozenset(wanted)

    def ask(self, contains: str, wanted: Many[str]) -> None:
        """Show the condition and signal it."""
        self.contains.setText(contains)
        for value, box in self.values.items():
            box.setChecked(value in wanted)


def _short(value: str) -> str:
    words = " ".join(value.split())
    return words if len(words) <= _MOST_WIDE else f"{words[: _MOST_WIDE - 1]}…"

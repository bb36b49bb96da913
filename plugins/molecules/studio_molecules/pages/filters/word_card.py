"""One filter of a column of words: what its cells contain, or which of its values are wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection as Many

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext, Role
from studio_molecules.pages.phrases import tr
from studio_molecules.pages.table.columns import Columns
from studio_molecules.pages.table.model import column_title

MOST_VALUES = 50
"""Of a column with more different values only what they contain is asked."""
_ROWS_SEEN = 6
_VALUE = Qt.ItemDataRole.UserRole


class WordCard(QWidget):
    """Contains, or one of.

    Attributes:
        contains: The field for a part of the text.
        values: The values there are, each with how often it comes; none where they are too many.
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
        self.values = self._list(
            called, Counter(rows.text(row, column) for row in range(len(rows)))
        )
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(close)
        column_of_parts = QVBoxLayout(self)
        column_of_parts.setContentsMargins(0, 4, 0, 8)
        column_of_parts.setSpacing(4)
        column_of_parts.addLayout(head)
        column_of_parts.addWidget(self.contains)
        column_of_parts.addWidget(self.values)
        self.parts = [close, self.contains, self.values]

    def _list(self, called: str, counts: Counter[str]) -> QListWidget:
        found = QListWidget()
        found.setAccessibleName(tr("{column} is one of").format(column=called))
        found.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        found.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        few = len(counts) <= MOST_VALUES
        for value, count in counts.most_common() if few else ():
            item = QListWidgetItem(f"{' '.join(value.split())[:80] or tr('(empty)')}  {count:,}")
            item.setData(_VALUE, value)
            item.setToolTip(value[:500])
            item.setCheckState(Qt.CheckState.Unchecked)
            found.addItem(item)
        height = found.sizeHintForRow(0) * min(_ROWS_SEEN, len(counts)) + 2 * found.frameWidth()
        found.setFixedHeight(max(height, 24))
        found.setVisible(few)
        found.itemChanged.connect(lambda _item: self.changed.emit(self.column))
        return found

    def asked(self) -> tuple[str, frozenset[str]]:
        """Return what the cells must contain, and the values that are wanted; none is any."""
        items = [self.values.item(place) for place in range(self.values.count())]
        wanted = {item.data(_VALUE) for item in items if item.checkState() is Qt.CheckState.Checked}
        return self.contains.text().strip(), frozenset(wanted)

    def ask(self, contains: str, wanted: Many[str]) -> None:
        """Show what is asked, and tell it."""
        self.contains.setText(contains)
        for place in range(self.values.count()):
            item = self.values.item(place)
            on = item.data(_VALUE) in wanted
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)

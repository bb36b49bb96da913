"""The rows of the list of conversations: pinned ones, then by day.

An item model; reads no library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from studio_chat.pages.phrases import tr

HEADING = Qt.ItemDataRole.UserRole + 1
CONVERSATION = Qt.ItemDataRole.UserRole + 2

Index = QModelIndex | QPersistentModelIndex


class ConversationModel(QAbstractListModel):
    """Headings and conversations.

    ``renamed`` is what an inline edit calls, with id and title.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Any] = []
        self.renamed: Callable[[str, str], None] = lambda _id, _title: None

    def show_rows(
        self, conversations: Sequence[Any], *, found: bool, today: date | None = None
    ) -> None:
        """Show conversations in the order of the library; ``found`` ones without days."""
        rows: list[Any] = []
        heading = ""
        for row in conversations:
            day = tr("Found") if found else _heading(row, today or date.today())
            if day != heading:
                heading = day
                rows.append(day)
            rows.append(row)
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def index_of(self, conversation: str) -> QModelIndex:
        """Return where a conversation is; an invalid index if it is not shown."""
        for number, row in enumerate(self._rows):
            if not isinstance(row, str) and row.id == conversation:
                return self.index(number)
        return QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many rows there are."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a role shows."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        heading = isinstance(row, str)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return row if heading else row.title or tr("New conversation")
        if role == Qt.ItemDataRole.ToolTipRole and not heading:
            return row.title
        if role == HEADING:
            return heading
        if role == CONVERSATION:
            return None if heading else row
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Headings can neither be chosen nor renamed."""
        if not index.isValid() or isinstance(self._rows[index.row()], str):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Rename a conversation."""
        row = self.data(index, CONVERSATION)
        if row is None or not str(value).strip():
            return False
        self.renamed(row.id, str(value).strip())
        return True


def _heading(row: Any, today: date) -> str:
    if row.pinned:
        return tr("Pinned")
    day = datetime.fromtimestamp(row.updated).date()
    if day >= today:
        return tr("Today")
    if day == today - timedelta(days=1):
        return tr("Yesterday")
    if day > today - timedelta(days=7):
        return tr("Last seven days")
    if day > today - timedelta(days=30):
        return tr("Last thirty days")
    return day.strftime("%B %Y")

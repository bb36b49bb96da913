"""The rows of the list of conversations: projects, pinned ones, then by day.

An item model; reads no library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)

from studio.api.window.language import tr
from studio_chat.pages.projects.project import Project

HEADING = Qt.ItemDataRole.UserRole + 1
CONVERSATION = Qt.ItemDataRole.UserRole + 2
PROJECT = Qt.ItemDataRole.UserRole + 3
INSIDE = Qt.ItemDataRole.UserRole + 4
"""Whether a conversation is shown below its project."""
MATCH = Qt.ItemDataRole.UserRole + 5
"""The ``MessageMatch`` of a conversation that was searched for, the best of its messages."""
MIME = "application/x-offline-studio-conversation"

Index = QModelIndex | QPersistentModelIndex


class ConversationModel(QAbstractListModel):
    """Headings, projects and conversations.

    Attributes:
        renamed: What an inline edit calls, with id and title.
        moved: What a drop calls, with id and project; an empty one is none.
        closed: Ids of the projects whose conversations are folded away.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Any] = []
        self._matches: Mapping[str, Any] = {}
        self.renamed: Callable[[str, str], None] = lambda _id, _title: None
        self.moved: Callable[[str, str], None] = lambda _id, _project: None
        self.closed: set[str] = set()

    def show_rows(
        self,
        conversations: Sequence[Any],
        *,
        found: bool,
        projects: Sequence[Project] = (),
        matches: Mapping[str, Any] | None = None,
        today: date | None = None,
    ) -> None:
        """Show conversations in the order of the library; ``found`` ones without days.

        Args:
            matches: By conversation the message that a search met in it.
        """
        rows: list[Any] = []
        heading = ""
        project_ids = {project.id for project in projects} if not found else set()
        if project_ids:
            rows.append(tr("Projects"))
        for project in projects if project_ids else ():
            rows.append(project)
            if project.id not in self.closed:
                rows += [row for row in conversations if row.folder == project.id]
        for row in conversations:
            if row.folder in project_ids:
                continue
            day = tr("Found") if found else _heading(row, today or date.today())
            if day != heading:
                heading = day
                rows.append(day)
            rows.append(row)
        self.beginResetModel()
        self._rows, self._matches = rows, matches or {}
        self.endResetModel()

    def index_of(self, conversation: str) -> QModelIndex:
        """Return where a conversation is; an invalid index if it is not shown."""
        for number, row in enumerate(self._rows):
            if not isinstance(row, str | Project) and row.id == conversation:
                return self.index(number)
        return QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return how many rows there are."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the value of a row for a role."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        heading, project = isinstance(row, str), isinstance(row, Project)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return row if heading else row.title or tr("New conversation")
        if role == Qt.ItemDataRole.ToolTipRole and not heading:
            return row.title
        if role == HEADING:
            return heading
        if role == CONVERSATION:
            return None if heading or project else row
        if role == MATCH:
            return None if heading or project else self._matches.get(row.id)
        if role == PROJECT:
            return row if project else None
        if role == INSIDE:
            above = self._rows[: index.row()]
            return not heading and any(
                isinstance(entry, Project) and entry.id == row.folder for entry in above
            )
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Headings can neither be chosen nor renamed; conversations are dragged to projects."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        row, flag = self._rows[index.row()], Qt.ItemFlag
        if isinstance(row, str):
            return flag.ItemIsDropEnabled
        usable = flag.ItemIsEnabled | flag.ItemIsSelectable
        if isinstance(row, Project):
            return usable | flag.ItemIsDropEnabled
        return usable | flag.ItemIsEditable | flag.ItemIsDragEnabled | flag.ItemIsDropEnabled

    # --- dragging -----------------------------------------------------------------------------

    def mimeTypes(self) -> list[str]:
        """Return the MIME types of a dragged conversation."""
        return [MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Return the id of a dragged conversation."""
        data = QMimeData()
        row = indexes[0].data(CONVERSATION) if indexes else None
        if row is not None:
            data.setData(MIME, row.id.encode())
        return data

    def canDropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        """A conversation falls on anything: what lies in a project leads into it."""
        return data.hasFormat(MIME) and parent.isValid()

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        """Put a conversation into the project it was dropped on, or out of its own."""
        if not self.canDropMimeData(data, action, row, column, parent):
            return False
        target = self._rows[parent.row()]
        inside = self.data(parent, INSIDE)
        project = target.id if isinstance(target, Project) else target.folder if inside else ""
        self.moved(bytes(data.data(MIME).data()).decode(), project)
        return True

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

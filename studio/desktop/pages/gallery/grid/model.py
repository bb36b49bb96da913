"""Item model of the grid: the keys of all rows, and the artifacts loaded so far."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from studio.desktop.main_thread.bridge import Background
from studio.library import Artifact, Library

Index = QModelIndex | QPersistentModelIndex
Report = Callable[[Exception], None]

_KEPT = 2_000
"""So many artifacts are remembered, the last looked at."""
AHEAD = 40
"""So many are read beyond what is in view, on either side."""


class ArtifactItemModel(QAbstractListModel):
    """The artifacts that a search found; each is read when it comes into view.

    Attributes:
        keys: The numbers of their rows, newest first.
    """

    def __init__(self, library: Library, background: Background, report: Report) -> None:
        super().__init__()
        self._library, self._background, self._report = library, background, report
        self.keys: array[int] = array("q")
        self._artifacts: OrderedDict[int, Artifact] = OrderedDict()
        self._asked: set[int] = set()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.keys)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        artifact = self.at(index.row())
        if artifact is None:
            return None
        if role == Qt.ItemDataRole.UserRole:
            return artifact
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{artifact.kind}: {artifact.title or artifact.prompt or artifact.text}"[:200]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    def replace(self, keys: array[int], artifacts: Mapping[int, Artifact]) -> None:
        """Show others, of which some are read already."""
        self.beginResetModel()
        self.keys = keys
        self._artifacts = OrderedDict(artifacts)
        self._asked.clear()
        self.endResetModel()

    def at(self, row: int) -> Artifact | None:
        """Return the artifact of a row if it is read."""
        return self._artifacts.get(self.keys[row]) if 0 <= row < len(self.keys) else None

    def row(self, key: int) -> int:
        """Return the row of a number, -1 if it was not found."""
        row = bisect_left(self.keys, -key, key=lambda number: -number)
        return row if row < len(self.keys) and self.keys[row] == key else -1

    def row_of(self, id: str) -> int:
        """Return the row of an artifact that is read, -1 of another."""
        for key, artifact in self._artifacts.items():
            if artifact.id == id:
                return self.row(key)
        return -1

    def want(self, rows: Iterable[int]) -> None:
        """Load missing artifacts of these rows in the background, then repaint them."""
        missing = [
            key
            for key in (self.keys[row] for row in rows if 0 <= row < len(self.keys))
            if key not in self._artifacts and key not in self._asked
        ]
        if not missing:
            return
        self._asked.update(missing)
        keys = self.keys
        self._background.run(
            lambda: self._library.search.rows(missing),
            lambda artifacts: self._got(artifacts) if keys is self.keys else None,
            self._report,
        )

    def _got(self, artifacts: Mapping[int, Artifact]) -> None:
        self._asked.difference_update(artifacts)
        self._artifacts.update(artifacts)
        while len(self._artifacts) > _KEPT:
            self._artifacts.popitem(last=False)
        rows = sorted(row for row in map(self.row, artifacts) if row >= 0)
        if rows:
            self.dataChanged.emit(self.index(rows[0]), self.index(rows[-1]))

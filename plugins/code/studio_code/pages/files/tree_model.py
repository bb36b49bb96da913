"""The folder as a tree: each folder is read when it is opened, beside the window."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from studio.api import PluginContext, StudioError
from studio.api.window.language import tr
from studio_code.pages.files.folder_listing import Listed, Listing, list_folder
from studio_code.pages.workspace import Workspace

Index = QModelIndex | QPersistentModelIndex


class Node:
    """A row; ``rows`` is None until its folder was read."""

    __slots__ = ("again", "folder", "loading", "name", "note", "parent", "quiet", "rows")

    def __init__(self, parent: Node | None, listed: Listed, note: bool = False) -> None:
        self.parent, self.name = parent, listed.name
        self.folder, self.quiet, self.note = listed.folder, listed.quiet, note
        self.rows: list[Node] | None = None
        self.loading = False
        self.again = False
        """Whether it changed while it was being read."""

    @property
    def path(self) -> str:
        """Its path in the folder; empty for the root."""
        if self.parent is None:
            return ""
        above = self.parent.path
        return f"{above}/{self.name}" if above else self.name


class TreeModel(QAbstractItemModel):
    """Files and folders of the workspace.

    Signals:
        listed: A folder was read (its path).
        failed: A ``StudioError``: it cannot be read.
    """

    listed = Signal(str)
    failed = Signal(object)

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self._ctx, self._workspace = ctx, workspace
        self.root = Node(None, Listed("", folder=True))

    # --- what there is ------------------------------------------------------------------------

    def reset(self) -> None:
        """Begin anew with the folder that is open."""
        before = self.root  # alive until no index points to it
        self.beginResetModel()
        self.root = Node(None, Listed("", folder=True))
        self.endResetModel()
        del before
        if self._workspace.root is not None:
            self.fetchMore(QModelIndex())

    def node(self, index: Index) -> Node:
        """Return the row of an index; the root for none."""
        item = index.internalPointer() if index.isValid() else None
        return item if isinstance(item, Node) else self.root

    def index_of(self, path: str) -> QModelIndex:
        """Return the index of a path, if its folders were read."""
        node, index = self.root, QModelIndex()
        for part in path.split("/") if path else ():
            rows = node.rows or []
            at = next((n for n, row in enumerate(rows) if row.name == part and not row.note), -1)
            if at < 0:
                return QModelIndex()
            node, index = rows[at], self.index(at, 0, index)
        return index

    def reload(self, path: str) -> None:
        """Read a loaded folder again; expanded folders stay expanded."""
        index = self.index_of(path)
        node = self.node(index) if index.isValid() or not path else None
        if node is not None and node.loading:
            node.again = True
        elif node is not None and node.rows is not None:
            self._read(node)

    def read_folders(self) -> list[str]:
        """Return the paths of the folders that were read."""
        folders, waiting = [], [self.root]
        while waiting:
            node = waiting.pop()
            if node.rows is not None:
                folders.append(node.path)
                waiting += [row for row in node.rows if row.folder]
        return folders

    # --- reading ------------------------------------------------------------------------------

    def canFetchMore(self, parent: Index) -> bool:
        node = self.node(parent)
        return node.folder and node.rows is None and not node.loading

    def fetchMore(self, parent: Index) -> None:
        self._read(self.node(parent))

    def _read(self, node: Node) -> None:
        root, path = self._workspace.root, node.path
        if root is None:
            return
        node.loading = True

        def show(listing: Listing | StudioError) -> None:
            node.loading = False
            if root != self._workspace.root or self._lost(node):
                return
            if isinstance(listing, StudioError):
                node.rows = node.rows or []
                self.failed.emit(listing)
                return
            self._fill(node, listing)
            self.listed.emit(path)
            if node.again:
                node.again = False
                self._read(node)

        def read() -> Listing | StudioError:
            try:
                return list_folder(root, path)
            except StudioError as error:
                return error

        self._ctx.run_later(read, show)

    def _lost(self, node: Node) -> bool:
        while node.parent is not None:
            if node not in (node.parent.rows or ()):
                return True
            node = node.parent
        return node is not self.root

    def _fill(self, node: Node, listing: Listing) -> None:
        """Insert a listing; existing rows keep their identity and expansion."""
        index = self._index(node)
        old_rows = {(row.name, row.folder): row for row in node.rows or () if not row.note}
        rows = [old_rows.get((row.name, row.folder)) or Node(node, row) for row in listing.rows]
        if listing.left_out:
            words = tr("… {count} more: type in the field above").format(
                count=f"{listing.left_out:,}"
            )
            rows.append(Node(node, Listed(words, folder=False, quiet=True), note=True))
        old = node.rows
        if old and [(r.name, r.folder) for r in old] == [(r.name, r.folder) for r in rows]:
            return
        ids = set(map(id, rows))
        for at in range(len(old or ()) - 1, -1, -1):
            if old is not None and id(old[at]) not in ids:
                self.beginRemoveRows(index, at, at)
                del old[at]
                self.endRemoveRows()
        if not old:
            self._insert_all(index, node, rows)
            return
        for at, row in enumerate(rows):
            if at >= len(old) or old[at] is not row:
                self.beginInsertRows(index, at, at)
                old.insert(at, row)
                self.endInsertRows()

    def _insert_all(self, index: QModelIndex, node: Node, rows: list[Node]) -> None:
        if not rows:
            node.rows = []
            return
        self.beginInsertRows(index, 0, len(rows) - 1)
        node.rows = rows
        self.endInsertRows()

    def _index(self, node: Node) -> QModelIndex:
        if node.parent is None:
            return QModelIndex()
        return self.createIndex((node.parent.rows or []).index(node), 0, node)

    # --- Qt's questions -----------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        rows = self.node(parent).rows or []
        return self.createIndex(row, column, rows[row]) if row < len(rows) else QModelIndex()

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        above = self.node(index).parent
        return QModelIndex() if above is None else self._index(above)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(self.node(parent).rows or ())

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 1

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008
        node = self.node(parent)
        return node.folder and (node.rows is None or bool(node.rows))

    def flags(self, index: Index) -> Qt.ItemFlag:
        enabled = Qt.ItemFlag.ItemIsEnabled
        return enabled if self.node(index).note else enabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        node = self.node(index)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return node.name
            case Qt.ItemDataRole.ToolTipRole:
                return node.path
            case Qt.ItemDataRole.DecorationRole:
                return None if node.note else self._ctx.ui.icon(self._icon(node), "mute")
            case Qt.ItemDataRole.ForegroundRole:
                return self._ink(node)
        return None

    def _icon(self, node: Node) -> str:
        if node.folder:
            return "folder"
        code = node.name.rpartition(".")[2] not in ("txt", "md", "log", "csv")
        return "file-code" if code else "file-text"

    def _ink(self, node: Node) -> Any:
        from PySide6.QtGui import QColor

        return QColor(self._ctx.ui.tokens.colors["faint" if node.quiet else "text"])

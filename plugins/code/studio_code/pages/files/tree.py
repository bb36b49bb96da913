"""The folder beside the editor: a tree, a field that finds files by name, a menu. Reads no disk."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QModelIndex, QPoint, QSize, QStringListModel, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QSizePolicy,
    QStackedWidget,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_code.pages.files.file_actions import FileActions
from studio_code.pages.files.file_finder import best
from studio_code.pages.files.folder_listing import walk
from studio_code.pages.files.tree_model import TreeModel
from studio_code.pages.workspace import Workspace

_MAX_CHARS = 200


class Tree(QWidget):
    """The left column.

    Signals:
        menu_asked: The list of recent folders is wanted, at this place on the screen.
    """

    menu_asked = Signal(QPoint)

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self._ctx, self._workspace = ctx, workspace
        self.deeds = FileActions(ctx, workspace)
        self.model = TreeModel(ctx, workspace)
        self.view = _View()
        self.view.setModel(self.model)
        self.hits = QListView()
        self._found = QStringListModel()
        self.hits.setModel(self._found)
        self.field = QLineEdit()
        self.name_field = NameField()
        self._title = QLabel()
        self._files: list[str] = []
        self._wanted = ""
        self._lay_out()
        self._connect()
        self.show_root()

    def _lay_out(self) -> None:
        self._ctx.ui.wear(self._title, Role.STRONG)
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._new = self._ctx.ui.icon_button("plus", tr("New file or folder"))
        self._more = self._ctx.ui.icon_button("folder-open", tr("Open a folder  Ctrl+O"))
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 6, 0)
        head.setSpacing(2)
        for part, stretch in ((self._title, 1), (self._new, 0), (self._more, 0)):
            head.addWidget(part, stretch)
        self.field.setPlaceholderText(tr("Find a file"))
        self.field.setAccessibleName(tr("Find a file by name"))
        self.field.setClearButtonEnabled(True)
        self.field.setStyleSheet("min-height: 24px;")
        fields = QVBoxLayout()
        fields.setContentsMargins(10, 0, 10, 4)
        fields.addWidget(self.field)
        fields.addWidget(self.name_field)
        self.hits.setUniformItemSizes(True)
        self.hits.setTextElideMode(Qt.TextElideMode.ElideLeft)
        self.hits.setAccessibleName(tr("Matching files"))
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.hits)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addLayout(fields)
        below = QVBoxLayout()
        below.setContentsMargins(6, 0, 0, 0)
        below.addWidget(self._stack)
        column.addLayout(below, 1)

    def _connect(self) -> None:
        self.view.activated.connect(self._on_activated)
        self.view.clicked.connect(self._on_activated)
        self.view.customContextMenuRequested.connect(self._show_menu)
        self.view.binned.connect(lambda: self._bin(self.selected()))
        self.view.renamed.connect(lambda: self.rename(self.selected()))
        self.hits.clicked.connect(lambda index: self._open_hit(index.data()))
        self.hits.activated.connect(lambda index: self._open_hit(index.data()))
        self.field.textChanged.connect(self._find)
        self.field.returnPressed.connect(self._open_first)
        self._new.clicked.connect(lambda _checked=False: self._show_new())
        self._more.clicked.connect(
            lambda _checked=False: self.menu_asked.emit(
                self._more.mapToGlobal(self._more.rect().bottomLeft())
            )
        )
        self._workspace.root_changed.connect(self.show_root)
        self._workspace.disk_changed.connect(self._on_disk)
        self._workspace.current_changed.connect(self._follow)
        self.model.failed.connect(self._workspace.failed)
        self.model.listed.connect(lambda _path: self._follow())

    # --- showing ------------------------------------------------------------------------------

    def show_root(self) -> None:
        """Show the folder that is open now."""
        root = self._workspace.root
        self._title.setText(root.name or str(root) if root else tr("No folder"))
        self._title.setToolTip(str(root) if root else "")
        self._new.setEnabled(root is not None)
        self.field.setEnabled(root is not None)
        self.field.clear()
        self._files = []
        self.model.reset()

    def _on_disk(self, path: str) -> None:
        if not path:
            for folder in self.model.read_folders():
                self.model.reload(folder)
        parent = path.rpartition("/")[0]
        self.model.reload(parent)
        while parent:  # a folder that was made on the way
            parent = parent.rpartition("/")[0]
            self.model.reload(parent)

    def _follow(self) -> None:
        """Mark the file in view, where its folder is open already."""
        file = self._workspace.current
        index = self.model.index_of(file.path) if file is not None else QModelIndex()
        if index.isValid() and index != self.view.currentIndex():
            self.view.setCurrentIndex(index)

    def selected(self) -> str:
        """Return the path that is selected; empty for none."""
        return self.model.node(self.view.currentIndex()).path

    # --- opening ------------------------------------------------------------------------------

    def _on_activated(self, index: QModelIndex) -> None:
        node = self.model.node(index)
        if node.note:
            self.field.setFocus()
        elif node.folder:
            self.view.setExpanded(index, not self.view.isExpanded(index))
        else:
            self._workspace.open(node.path)

    def _find(self, query: str) -> None:
        self._wanted = query.strip()
        self._stack.setCurrentWidget(self.hits if self._wanted else self.view)
        root, listed = self._workspace.root, self._files
        if not self._wanted or root is None:
            self._files = []  # the next search looks anew
            return

        def look() -> tuple[list[str], list[str]]:
            files = listed or walk(root)
            return files, best(query, files)

        def show(result: tuple[list[str], list[str]]) -> None:
            if self._wanted == query.strip() and root == self._workspace.root:
                self._files = result[0]
                self._found.setStringList(result[1])

        self._ctx.run_later(look, show)

    def _open_first(self) -> None:
        paths = self._found.stringList()
        if self._wanted and paths:
            self._open_hit(paths[0])

    def _open_hit(self, path: str) -> None:
        self._workspace.open(path)

    # --- the menus ----------------------------------------------------------------------------

    def _folder_of(self, path: str) -> str:
        node = self.model.node(self.model.index_of(path))
        return path if node.folder else path.rpartition("/")[0]

    def _show_new(self) -> None:
        menu, folder = self._ctx.ui.menu(), self._folder_of(self.selected())
        self._add_new(menu, folder)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._new.mapToGlobal(self._new.rect().bottomLeft()))

    def _add_new(self, menu, folder: str) -> None:  # type: ignore[no-untyped-def]
        icon = self._ctx.ui.icon
        menu.addAction(icon("file-text"), tr("New file…"), partial(self.make, folder, False))
        menu.addAction(icon("folder-plus"), tr("New folder…"), partial(self.make, folder, True))

    def _show_menu(self, at: QPoint) -> None:
        index = self.view.indexAt(at)
        node = self.model.node(index)
        if self._workspace.root is None or node.note:
            return
        menu, path, icon = self._ctx.ui.menu(), node.path, self._ctx.ui.icon
        self._add_new(menu, path if node.folder else path.rpartition("/")[0])
        if path:
            menu.addSeparator()
            menu.addAction(icon("pencil"), tr("Rename…  F2"), partial(self.rename, path))
            menu.addAction(icon("copy"), tr("Copy path"), partial(self._ctx.ui.copy, path))
            menu.addAction(icon("trash-2"), tr("Delete  Del"), partial(self._bin, path))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.view.viewport().mapToGlobal(at))

    def make(self, folder: str, is_folder: bool) -> None:
        """Ask for a name and make a file or a folder."""
        where = folder or (self._workspace.root.name if self._workspace.root else "")
        words = tr("New folder in {where}") if is_folder else tr("New file in {where}")
        if folder:
            self.view.expand(self.model.index_of(folder))
        self.name_field.ask(
            words.format(where=where),
            "",
            lambda name: self.deeds.make(folder, name, is_folder=is_folder),
        )

    def rename(self, path: str) -> None:
        """Ask for another name."""
        if path:
            name = path.rpartition("/")[2]
            words = tr("New name of {name}").format(name=name)
            self.name_field.ask(words, name, lambda new: self.deeds.rename(path, new))

    def _bin(self, path: str) -> None:
        if path:
            self.deeds.bin(path)


class _View(QTreeView):
    """The tree itself.

    Signals:
        binned, renamed: The key for it was pressed.
    """

    binned = Signal()
    renamed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setAnimated(False)
        self.setIndentation(14)
        self.setIconSize(QSize(16, 16))
        self.setExpandsOnDoubleClick(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setAccessibleName(tr("Files in the folder"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete bins, F2 renames."""
        if event.key() == Qt.Key.Key_Delete:
            self.binned.emit()
        elif event.key() == Qt.Key.Key_F2:
            self.renamed.emit()
        else:
            super().keyPressEvent(event)


class NameField(QLineEdit):
    """Hidden unless it asks; Return answers, Escape and a click elsewhere do not."""

    def __init__(self) -> None:
        super().__init__()
        self._then: Callable[[str], None] | None = None
        self.setMaxLength(_MAX_CHARS)
        self.returnPressed.connect(self._answer)
        self.hide()

    def ask(self, words: str, name: str, then: Callable[[str], None]) -> None:
        """Ask; ``name`` is there already, selected up to its suffix."""
        self._then = then
        self.setPlaceholderText(words)
        self.setAccessibleName(words)
        self.setText(name)
        stem = name.rfind(".")
        self.setSelection(0, stem if stem > 0 else len(name))
        self.show()
        self.setFocus()

    def _answer(self) -> None:
        then, name = self._then, self.text().strip()
        self._end()
        if then is not None and name:
            then(name)

    def _end(self) -> None:
        self._then = None
        self.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape asks no more."""
        if event.key() == Qt.Key.Key_Escape:
            self._end()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Asking ends when the user turns to something else."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self._end()

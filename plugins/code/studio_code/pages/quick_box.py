"""A small box over the page: go to a line, or to a file by a few letters of its name."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QStringListModel, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListView, QVBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_code.pages.files.file_finder import best
from studio_code.pages.files.folder_listing import walk
from studio_code.pages.workspace import Workspace

_WIDTH, _LIST_HIGH, _TOP = 480, 300, 48


class QuickBox(QFrame):
    """Hidden unless it is asked for; Escape and a click elsewhere close it."""

    def __init__(self, ctx: PluginContext, workspace: Workspace, page: QWidget) -> None:
        super().__init__(page)
        self._ctx, self._workspace, self._page = ctx, workspace, page
        self._files: list[str] = []
        self._go_to: Callable[[int], None] | None = None
        ctx.ui.wear(self, Role.SHEET)
        self.field = QLineEdit()
        self.list = QListView()
        self.list.setUniformItemSizes(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideLeft)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setAccessibleName(tr("Matching files"))
        self._model = QStringListModel()
        self.list.setModel(self._model)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.addWidget(self.field)
        column.addWidget(self.list)
        self.field.textChanged.connect(self._look)
        self.field.installEventFilter(self)
        self.list.clicked.connect(lambda _index: self._take())
        self.hide()

    def open_files(self) -> None:
        """Ask for a file of the folder."""
        if self._workspace.root is None:
            return
        self._go_to, self._files = None, []
        self.list.show()
        self._open(tr("Open a file: type a few letters of its name"))
        self._look("")

    def go_to_line(self, last: int, go: Callable[[int], None]) -> None:
        """Ask for a line from 1 to ``last``."""
        self._go_to = go
        self.list.hide()
        self._open(tr("Go to line, 1 to {last}").format(last=f"{last:,}"))

    def _open(self, words: str) -> None:
        self.field.clear()
        self.field.setPlaceholderText(words)
        self.field.setAccessibleName(words)
        wide = min(_WIDTH, self._page.width() - 40)
        high = _LIST_HIGH if self.list.isVisibleTo(self) else self.field.sizeHint().height() + 22
        self.setGeometry((self._page.width() - wide) // 2, _TOP, wide, high)
        self.show()
        self.raise_()
        self.field.setFocus()

    def close_box(self) -> None:
        """Put it away."""
        self.hide()

    # --- looking ------------------------------------------------------------------------------

    def _look(self, query: str) -> None:
        root, listed = self._workspace.root, self._files
        if self._go_to is not None or root is None or not self.isVisible():
            return

        def look() -> tuple[list[str], list[str]]:
            files = listed or walk(root)
            return files, best(query, files)

        def show(result: tuple[list[str], list[str]]) -> None:
            if query == self.field.text() and root == self._workspace.root:
                self._files = result[0]
                self._model.setStringList(result[1])
                self.list.setCurrentIndex(self._model.index(0))

        self._ctx.run_later(look, show)

    def _take(self) -> None:
        words, go = self.field.text().strip(), self._go_to
        index = self.list.currentIndex()
        self.close_box()
        if go is not None:
            if words.isdecimal():
                go(int(words[:9]))
        elif index.isValid():
            self._workspace.open(str(index.data()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The keys of the field that move in the list, take and close."""
        if watched is self.field and isinstance(event, QKeyEvent) and self._key(event):
            return True
        if watched is self.field and event.type() == QEvent.Type.FocusOut:
            self.close_box()
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        if event.type() != QEvent.Type.KeyPress:
            return False
        match event.key():
            case Qt.Key.Key_Escape:
                self.close_box()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._take()
            case Qt.Key.Key_Down | Qt.Key.Key_Up:
                step = 1 if event.key() == Qt.Key.Key_Down else -1
                row = self.list.currentIndex().row() + step
                if 0 <= row < self._model.rowCount():
                    self.list.setCurrentIndex(self._model.index(row))
            case _:
                return False
        return True

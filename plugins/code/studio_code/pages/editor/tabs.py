"""The row of tabs: one for each open file, in an order that can be changed. Opens none itself."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QMouseEvent
from PySide6.QtWidgets import QTabBar, QToolButton

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_code.pages.editor.open_file import OpenFile
from studio_code.pages.workspace import Workspace


class Tabs(QTabBar):
    """Follows the workspace.

    Signals:
        close_asked: A file (``OpenFile``) is to be closed.
    """

    close_asked = Signal(object)

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self._ctx, self._workspace = ctx, workspace
        self._following = False
        self.setMovable(True)
        self.setExpanding(False)
        self.setDrawBase(False)
        self.setUsesScrollButtons(True)
        self.setIconSize(QSize(14, 14))
        self.setStyleSheet("QTabBar::tab { margin-right: 2px; padding: 7px 8px 6px 10px; }")
        self.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.setAccessibleName(tr("Open files"))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._show_menu)
        self.currentChanged.connect(self._on_chosen)
        self.tabMoved.connect(self._on_moved)
        workspace.opened.connect(self._add)
        workspace.closed.connect(self._remove)
        workspace.current_changed.connect(self._follow)
        workspace.state_changed.connect(lambda _path: self._retitle())

    def file(self, at: int) -> OpenFile | None:
        """Return the file of a tab."""
        data = self.tabData(at)
        return data if isinstance(data, OpenFile) else None

    # --- following ----------------------------------------------------------------------------

    def _add(self, file: OpenFile) -> None:
        self._following = True
        at = self.insertTab(self._workspace.files.index(file), file.name)
        self.setTabData(at, file)
        close = QToolButton()
        self._ctx.ui.wear(close, Role.TINY)
        close.setIcon(self._ctx.ui.icon("x", "mute"))
        close.setIconSize(QSize(12, 12))
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        close.clicked.connect(lambda _checked=False: self.close_asked.emit(file))
        self.setTabButton(at, QTabBar.ButtonPosition.RightSide, close)
        self._following = False
        self._retitle()

    def _remove(self, file: OpenFile) -> None:
        self._following = True
        for at in range(self.count()):
            if self.file(at) is file:
                self.removeTab(at)
                break
        self._following = False
        self._retitle()
        self._follow()

    def _follow(self) -> None:
        file = self._workspace.current
        if file is not None:
            self._following = True
            self.setCurrentIndex(self._workspace.files.index(file))
            self._following = False

    def _on_chosen(self, at: int) -> None:
        if not self._following and at >= 0:
            self._workspace.set_current(self.file(at))

    def _on_moved(self, _from: int, _to: int) -> None:
        order = [self.file(at) for at in range(self.count())]
        self._workspace.files[:] = [file for file in order if file is not None]
        self._workspace.state_changed.emit("")

    # --- titles -------------------------------------------------------------------------------

    def _retitle(self) -> None:
        names = [file.name for file in self._workspace.files]
        for at in range(self.count()):
            file = self.file(at)
            if file is None:
                continue
            twins = names.count(file.name) > 1 and "/" in file.path
            name = "/".join(file.path.split("/")[-2:]) if twins else file.name
            self.setTabText(at, name.replace("&", "&&"))
            self.setTabToolTip(at, self._words(file))
            self.setAccessibleTabName(at, self._words(file))
            self._mark(at, file, name)

    def _mark(self, at: int, file: OpenFile, name: str) -> None:
        icon, color = "", ""
        if file.outside is not None or file.gone:
            icon, color = "triangle-alert", "warn"
        elif file.locked:
            icon, color = "lock", "mute"
        elif file.dirty:
            icon, color = "circle-dot", "accent"
        self.setTabIcon(at, self._ctx.ui.icon(icon, color) if icon else QIcon())
        close = self.tabButton(at, QTabBar.ButtonPosition.RightSide)
        if close is not None:
            words = tr("Close {name}").format(name=name)
            close.setToolTip(words)
            close.setAccessibleName(words)

    def _words(self, file: OpenFile) -> str:
        state = ""
        if file.gone:
            state = tr("deleted on disk")
        elif file.outside is not None:
            state = tr("changed by another program")
        elif file.locked:
            state = tr("read-only")
        elif file.dirty:
            state = tr("not saved")
        return f"{file.path} – {state}" if state else file.path

    # --- hands --------------------------------------------------------------------------------

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The middle button closes."""
        at = self.tabAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.MiddleButton and at >= 0:
            self.close_asked.emit(self.file(at))
        else:
            super().mouseReleaseEvent(event)

    def _show_menu(self, place: QPoint) -> None:
        at = self.tabAt(place)
        file = self.file(at) if at >= 0 else None
        if file is None:
            return
        menu = self._ctx.ui.menu()
        others = [other for other in self._workspace.files if other is not file]
        menu.addAction(tr("Close"), partial(self.close_asked.emit, file))
        action = menu.addAction(tr("Close the others"), partial(self._close_all, others))
        action.setEnabled(bool(others))
        menu.addSeparator()
        menu.addAction(tr("Copy path"), partial(self._ctx.ui.copy, file.path))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.mapToGlobal(place))

    def _close_all(self, files: list[OpenFile]) -> None:
        for file in files:
            self.close_asked.emit(file)

    def step(self, by: int) -> None:
        """Show the next tab, or the one before."""
        if self.count():
            self.setCurrentIndex((self.currentIndex() + by) % self.count())

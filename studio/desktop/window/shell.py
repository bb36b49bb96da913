"""The main window: rail, page, panel, status bar, and what floats over them. Knows no studio."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeySequence,
    QPaintEvent,
    QResizeEvent,
    QShortcut,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from studio.api.intake import local_files
from studio.desktop.appearance.appearance import Appearance, restyle
from studio.desktop.widgets.empty_states import EmptyState, ErrorState
from studio.desktop.widgets.focus_ring import FocusRing
from studio.desktop.window.activity import Activity
from studio.desktop.window.confirmation import show_confirm
from studio.desktop.window.job_drawer import JobDrawer
from studio.desktop.window.notice_area import NoticeArea
from studio.desktop.window.page_host import PageHost
from studio.desktop.window.page_spec import PageSpec
from studio.desktop.window.rail import Rail
from studio.desktop.window.side_panel import SidePanel
from studio.desktop.window.status_bar import StatusBar
from studio.desktop.window.window_state import KnownPage, WindowState

_MINIMUM = QSize(760, 480)
_USUAL = QSize(1280, 800)
_NAMES_WIDTH = 1200
"""Pixels from which there is room for the names in the rail beside a page and its panel."""
_PAGE_WIDTH = 640
"""Pixels that a page has at least beside its panel; in a narrower window the panel lies over it."""
_FRAME = QSize(8, 40)
"""Room on a screen that the window manager takes for the title bar and the borders."""
_TURN_MS = 1
"""After 0 ms Qt would go on in the same turn of the event loop, before it draws or takes a key."""


class MainWindow(QMainWindow):
    """The shell. ``app`` fills it with pages and connects it to the studio.

    Attributes:
        center: What fills the window; sheets and popovers lie on it.
        may_close: Asked when the user closes the window; False keeps it open.

    Signals:
        painted: The first frame is on its way to the screen; once.
        closing: The window is about to go; keep what must be kept.
        page_opened: Id of the page now in view.
        files_dropped: Paths that were dropped where no page took them.
    """

    painted = Signal()
    closing = Signal()
    page_opened = Signal(str)
    files_dropped = Signal(list)

    def __init__(
        self, look: Appearance, activity: Activity, state: WindowState, copy: Callable[[str], None]
    ) -> None:
        super().__init__()
        self.look, self.activity, self.state = look, activity, state
        self.may_close: Callable[[], bool] = lambda: True
        self._was_painted = False
        self.setWindowTitle("Offline Studio")
        self.setMinimumSize(_MINIMUM)
        self.setAcceptDrops(True)
        self.rail = Rail(look)
        self.pages = PageHost(look, copy)
        self.banner = Banner(look)
        self.center = center = QWidget()
        self.panel = SidePanel(look, center)
        self.panel.hide()
        self._panel_room = QWidget()
        """Keeps the page clear of the panel, where the window has room for both."""
        self._has_panel = self._lies_over = False
        center.setObjectName("window")
        self.setCentralWidget(center)
        self.status_bar = StatusBar(look, activity, center)
        self.drawer = JobDrawer(look, activity, center)
        self.notices = NoticeArea(look, center, copy)
        self._rail: tuple[KnownPage, ...] = ()
        self._wanted = ""
        """The page that is in view, or on its way there."""
        self._focus_ring = FocusRing(look.theme, self)
        self._lay_out(center)
        self._connect()
        self._restore(state)
        look.theme.dress(self)
        self.pages.focus_skeleton()

    # --- pages --------------------------------------------------------------------------------

    def set_pages(self, specs: Sequence[PageSpec]) -> None:
        """Take the pages there are now, in the order of the rail."""
        rail = tuple(KnownPage(s.id, s.title, s.icon, s.group) for s in specs)
        self.pages.set_specs(specs)
        if rail == self._rail:
            return
        self.state.rail = self._rail = rail
        self.rail.show_pages(specs)
        self._bind_numbers()
        self._order_tabs()

    def open_page(self, page_id: str) -> bool:
        """Bring a page into view; False if there is no such page."""
        if self.pages.spec(page_id) is None:
            return False
        self._wanted = page_id
        self.pages.open(page_id)
        return True

    def go_to(self, page_id: str) -> None:
        """Bring a page into view for somebody who waits at the window, and may change their mind.

        A page that was never open is built in one turn of the event loop and shown in the next, so
        that neither keys nor frames wait for both.
        """
        if self.pages.is_ready(page_id) or self.pages.spec(page_id) is None:
            self.open_page(page_id)
            return
        self._wanted = page_id
        self.rail.mark(page_id)
        self._in_turns(
            page_id, lambda: self.pages.prepare(page_id), lambda: self.open_page(page_id)
        )

    def fold_panel(self, folded: bool) -> None:
        """Put the parameter panel out of the way, or back."""
        if self._has_room_for_panel():
            self.state.panel_folded = folded
        self._lies_over = not folded
        self._place_floats()

    def toggle_rail(self) -> None:
        """Hide the names of the pages in the rail, or show them, where there is room."""
        if self._has_room_for_names():
            self.state.rail_folded = not self.state.rail_folded
            self._place_rail()
            self._place_floats()

    def toggle_panel(self) -> None:
        """Fold the parameter panel or unfold it."""
        self.fold_panel(self.panel.isVisibleTo(self.center))

    # --- life ---------------------------------------------------------------------------------

    def keep_state(self) -> WindowState:
        """Collect the state to restore after a restart, including that of the pages."""
        self.state.maximized = self.isMaximized()
        if not self.state.maximized:
            # Of the frame, as move() wants it: else each start would be lower by a title bar.
            self.state.geometry = (self.x(), self.y(), self.width(), self.height())
        self.state.page = self.pages.current or self._wanted or self.state.page
        self.state.pages = self.pages.states()
        self.state.theme = str(self.look.theme.mode)
        self.state.reduced_motion = self.look.theme.reduced_motion
        self.state.language = self.look.language.choice
        return self.state

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.may_close():
            self.closing.emit()
            event.accept()
        else:
            event.ignore()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.files_dropped.emit(local_files(event.mimeData()))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self.painted.emit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_rail()
        self._place_floats()

    def show_problem(
        self,
        text: str,
        retry: Callable[[], None],
        look_around: Callable[[], None],
        restore: Callable[[], None] | None = None,
    ) -> None:
        """Say why the studio cannot be opened, and offer ways on."""
        back = ((self.tr("Restore a backup…"), "archive-restore", restore),) if restore else ()
        self.pages.show_instead(
            ErrorState(
                self.look,
                self.tr("Offline Studio could not be opened"),
                text,
                (
                    (self.tr("Try again"), "refresh-cw", retry),
                    *back,
                    (self.tr("Continue without saving"), "eye", look_around),
                ),
            )
        )

    def show_repair(self, done: int, total: int) -> None:
        """Say that the library is being repaired, and how far that is."""
        how_far = self.tr("{done} of {total} results.").format(done=f"{done:,}", total=f"{total:,}")
        words = self.tr("Its database is being rebuilt from your files. Nothing is lost.")
        title = self.tr("The library is being repaired")
        self.pages.show_instead(EmptyState(self.look, "wrench", title, f"{words}\n{how_far}"))

    def ask_to_close(self, jobs: int, close: Callable[[], None]) -> None:
        """Ask whether jobs that run may be stopped."""
        what = (
            self.tr("1 job is still running. Closing stops it.")
            if jobs == 1
            else self.tr("{n} jobs are still running. Closing stops them.")
        )
        show_confirm(
            self.look,
            self.center,
            self.tr("Close Offline Studio?"),
            what.format(n=jobs),
            self.tr("Stop and close"),
            close,
            danger=True,
        )

    # --- inside -------------------------------------------------------------------------------

    def _in_turns(
        self, page_id: str, step: Callable[[], object], *rest: Callable[[], object]
    ) -> None:
        """Take the steps to a page, a frame between, unless another is wanted by then."""

        def turn() -> None:
            if self._wanted == page_id:
                step()
                if rest:
                    self._in_turns(page_id, *rest)

        QTimer.singleShot(_TURN_MS, self, turn)

    def _lay_out(self, center: QWidget) -> None:
        column = QVBoxLayout(center)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.rail)
        middle = QVBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.banner)
        middle.addWidget(self.pages, 1)
        row.addLayout(middle, 1)
        row.addWidget(self._panel_room)
        column.addLayout(row, 1)
        column.addWidget(self.status_bar)

    def _connect(self) -> None:
        self.rail.chosen.connect(self.go_to)
        self.rail.fold_asked.connect(self.toggle_rail)
        self.pages.opened.connect(self._on_opened)
        self.panel.fold_asked.connect(lambda: self.fold_panel(True))
        self.panel.resized.connect(self._place_floats)
        self.status_bar.panel_clicked.connect(self.toggle_panel)
        self.status_bar.jobs_clicked.connect(self.drawer.toggle)
        self.drawer.moved.connect(self._place_floats)
        self._numbers: list[QShortcut] = []
        self._page_shortcuts: list[QShortcut] = []

    def shortcut(self, keys: str, run: Callable[[], object]) -> QShortcut:
        """Bind keys for the whole window."""
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.activated.connect(run)
        return shortcut

    def _bind_numbers(self) -> None:
        _unbind(self._numbers)
        self._numbers = [
            self.shortcut(button.keys, partial(self.go_to, button.spec.id))
            for button in self.rail.buttons()
            if button.keys
        ]

    def _restore(self, state: WindowState) -> None:
        self.resize(self._fitting(_USUAL))
        if state.geometry:
            self._restore_geometry(*state.geometry)
        if state.maximized:
            self.setWindowState(self.windowState() | self.windowState().WindowMaximized)
        self.pages.load_states(state.pages)
        self.rail.show_pages(
            [
                PageSpec(page.id, page.title, page.icon, _not_yet, group=page.group)
                for page in state.rail
            ]
        )
        self.rail.mark(state.page)

    def _restore_geometry(self, x: int, y: int, width: int, height: int) -> None:
        """Go where the window was, if a screen is still there."""
        self.resize(self._fitting(QSize(width, height)))
        room = [screen.availableGeometry() for screen in self.screen().virtualSiblings()]
        if any(area.contains(x + 40, y + 20) for area in room):
            self.move(x, y)

    def _fitting(self, wanted: QSize) -> QSize:
        """Clamp a size to the screen and to the minimum size of the window."""
        room = self.screen().availableSize() - _FRAME
        return wanted.boundedTo(room).expandedTo(_MINIMUM)

    def _on_opened(self, page_id: str) -> None:
        self.rail.mark(page_id)
        self.state.page = page_id
        spec = self.pages.spec(page_id)
        if spec is not None:
            self.setWindowTitle(f"{spec.title} – Offline Studio")
        self._bind_page()
        self._show_panel()
        self.page_opened.emit(page_id)

    def _order_tabs(self) -> None:
        """Set the tab order: rail, page, parameters, status bar."""
        chain = [*self.rail.stops(), self.pages, self.panel, self.status_bar]
        for before, after in itertools.pairwise(chain):
            QWidget.setTabOrder(before, after)

    def _bind_page(self) -> None:
        """The keys of a page's actions hold while it is in view."""
        _unbind(self._page_shortcuts)
        page = self.pages.page()
        self._page_shortcuts = [
            self.shortcut(action.shortcut, action.run)
            for action in (page.actions if page is not None else ())
            if action.shortcut
        ]

    def _show_panel(self) -> None:
        page = self.pages.page()
        panel = page.panel if page is not None else None
        self.panel.show_panel(panel)
        self._has_panel = panel is not None
        self._lies_over = False
        self.status_bar.panel_button.setVisible(self._has_panel)
        self._place_floats()

    def _settle(self) -> None:
        """Lay out now: what floats over the page goes by where it is."""
        if (layout := self.center.layout()) is not None:
            layout.activate()

    def _has_room_for_names(self) -> bool:
        return self.width() >= _NAMES_WIDTH

    def _place_rail(self) -> None:
        has_room = self._has_room_for_names()
        self.rail.fold(self.state.rail_folded or not has_room, may_change=has_room)
        self._settle()

    def _has_room_for_panel(self) -> bool:
        room = self.center.width() - self.rail.width() - self.panel.width()
        return room >= _PAGE_WIDTH

    def _place_panel(self, height: int) -> None:
        """Put the panel beside the page; in a narrow window over it, while the user wants it."""
        beside = self._has_room_for_panel()
        shown = self._has_panel and (self._lies_over if not beside else not self.state.panel_folded)
        width = self.panel.width()
        self._panel_room.setFixedWidth(width if shown and beside else 0)
        self._settle()
        self.panel.setGeometry(self.center.width() - width, 0, width, height)
        self.panel.setVisible(shown)
        self.panel.raise_()

    def _place_floats(self) -> None:
        height = self.center.height() - self.status_bar.height()
        self._place_panel(height)
        self.drawer.place(self.rail.width(), height, self.center.width())
        self.notices.place(self.center.width() - 16, height - self.drawer.covered() - 16)


def _unbind(shortcuts: Sequence[QShortcut]) -> None:
    for shortcut in shortcuts:
        shortcut.setEnabled(False)  # at once: it is deleted only when the loop comes round
        shortcut.deleteLater()


def _not_yet() -> NoReturn:
    raise RuntimeError("Offline Studio is still starting")


class Banner(QFrame):
    """Hidden until there is something to say."""

    def __init__(self, look: Appearance) -> None:
        super().__init__()
        self.setObjectName("banner")
        self._icon = look.icon_label("triangle-alert", "warn")
        self._message = look.label("", "strong", wrap=True)
        self._hint = look.label("", "small", wrap=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 8, 20, 8)
        row.setSpacing(12)
        row.addWidget(self._icon)
        column = QVBoxLayout()
        column.setSpacing(1)
        column.addWidget(self._message)
        column.addWidget(self._hint)
        row.addLayout(column, 1)
        self.hide()

    def say(self, message: str, hint: str = "", level: str = "warn") -> None:
        """Show a sentence; an empty one hides the strip."""
        self._message.setText(message)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self._icon.set_icon("triangle-alert" if level == "warn" else "circle-alert", level)
        restyle(self, "level", level)
        self.setAccessibleName(f"{message} {hint}".strip())
        self.setVisible(bool(message))

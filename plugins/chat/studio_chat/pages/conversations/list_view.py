"""The list of conversations: find, open, rename, pin, bin.

Opens none itself: it says which is wanted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QVBoxLayout,
)

from studio.api import Conversations, PluginContext, Role, WorkQueue
from studio_chat.pages.conversations import pdf
from studio_chat.pages.conversations.delegate import WIDTH, RowDelegate, dots
from studio_chat.pages.conversations.import_controller import ImportController
from studio_chat.pages.conversations.model import (
    CONVERSATION,
    MATCH,
    PROJECT,
    ConversationModel,
)
from studio_chat.pages.projects.project import Project, Projects
from studio_chat.pages.projects.project_actions import ProjectActions
from studio_chat.pages.whole_file import write_by

_SEARCH_MS = 150
_MATCHES = 500
"""Messages of which a search shows a line."""
EXPORTS = (".md", ".html", ".pdf", ".json")


class ConversationList(QFrame):
    """The column at the left.

    Signals:
        opened: Id of the conversation to show, and of the message in it; mostly empty.
        new_asked: The user wants a new one.
        binned: Id of one that went to the bin.
        renamed: Id of one that has another title.
    """

    opened = Signal(str, str)
    new_asked = Signal()
    binned = Signal(str)
    renamed = Signal(str)

    def __init__(self, ctx: PluginContext, work_queue: WorkQueue, projects: Projects) -> None:
        super().__init__()
        self._ctx, self._work_queue, self._projects = ctx, work_queue, projects
        self.projects = ProjectActions(ctx, work_queue, projects, self)
        self.projects.search_asked.connect(self.search_in)
        projects.changed.append(self.refresh)
        self._scope = ""
        """Id of the project that is searched in; empty for all conversations."""
        self._current = ""
        self.writing: Callable[[str], bool] = lambda _id: False
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(self.tr("Conversations"))
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search"))
        self.search.setAccessibleName(self.tr("Search conversations"))
        self.search.setToolTip(self.tr("Search titles and messages (Ctrl+F)"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(
            ctx.ui.icon("search", "mute"), QLineEdit.ActionPosition.LeadingPosition
        )
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(_SEARCH_MS)
        self._delay.timeout.connect(self.refresh)
        self.search.textChanged.connect(lambda _: self._delay.start())
        new = ctx.ui.icon_button("square-pen", self.tr("New conversation (Ctrl+N)"))
        new.clicked.connect(self.new_asked)
        more = ctx.ui.icon_button("ellipsis", self.tr("More"))
        more.clicked.connect(
            lambda: self.more_menu().popup(more.mapToGlobal(more.rect().bottomLeft()))
        )
        self.more: list[tuple[str, str, Callable[[], None]]] = []
        """Icon, title and deed of what the page adds to the menu at the top."""
        self.imports = ImportController(ctx)
        self.imports.imported.connect(self.refresh)
        self.model = ConversationModel()
        self.model.renamed = self._rename
        self.model.moved = projects.move
        self.closed: Callable[[str], bool] = self.model.closed.__contains__
        self.view = _View(self)
        self.view.setModel(self.model)
        self.view.setItemDelegate(RowDelegate(self, self.view))
        self.view.clicked.connect(self._open)
        self.view.activated.connect(self._open)
        self._scope_chip = ctx.ui.button("", "folder", dense=True, tip=self.tr("Search everywhere"))
        self._scope_chip.clicked.connect(lambda: self.search_in(""))
        self._scope_chip.hide()
        self._nothing = ctx.ui.label("", Role.MUTE, wrap=True)
        self._nothing.setMargin(10)
        self._nothing.hide()
        head = QHBoxLayout()
        head.setContentsMargins(12, 14, 10, 6)
        head.setSpacing(6)
        head.addWidget(self.search, 1)
        head.addWidget(new)
        head.addWidget(more)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 1, 0)
        column.setSpacing(0)
        column.addLayout(head)
        chip = QHBoxLayout()
        chip.setContentsMargins(12, 0, 10, 4)
        chip.addWidget(self._scope_chip)
        chip.addStretch(1)
        column.addLayout(chip)
        column.addWidget(self._nothing)
        column.addWidget(self.view, 1)
        column.addWidget(self.imports)

    @property
    def ctx(self) -> PluginContext:
        """For the delegate."""
        return self._ctx

    @property
    def current(self) -> str:
        """Id of the conversation that is open."""
        return self._current

    def refresh(self) -> None:
        """Read the list again."""
        query = self.search.text().strip()
        store, scope = self._ctx.library.conversations, self._scope or None

        def read() -> tuple[list[Any], dict[str, Any]]:
            matches = store.search(query, _MATCHES) if query else ()
            best = {match.conversation.id: match for match in reversed(matches)}
            return list(store.list(query, folder=scope, limit=1000)), best

        self._work_queue.do(read, lambda listed: self._show(query, *listed))

    def search_in(self, project: str) -> None:
        """Show and search only the conversations of a project; of all for an empty id."""
        scope = self._projects.get(project)
        self._scope = scope.id if scope else ""
        self._scope_chip.setVisible(scope is not None)
        self._scope_chip.setText(f"{scope.title}  ×" if scope else "")
        self.refresh()
        self.search.setFocus()

    def set_current(self, conversation: str) -> None:
        """Mark the conversation that is open; empty for a new one."""
        self._current = conversation
        self.view.setCurrentIndex(self.model.index_of(conversation))
        self.view.viewport().update()

    def _show(self, query: str, rows: list[Any], matches: Mapping[str, Any]) -> None:
        if query != self.search.text().strip() or self.view.is_editing:
            return
        place = self.view.verticalScrollBar().value()
        if self._scope and self._projects.get(self._scope) is None:
            self.search_in("")  # it went to the bin
            return
        is_search = bool(query or self._scope)
        projects = self._projects.all()
        self.model.show_rows(rows, found=is_search, projects=projects, matches=matches)
        self.view.setCurrentIndex(self.model.index_of(self._current))
        self.view.verticalScrollBar().setValue(place)
        none = (
            self.tr("Nothing found for “{query}”.").format(query=query)
            if query
            else self.tr("Your conversations will be listed here.")
        )
        self._nothing.setText(none)
        self._nothing.setVisible(not rows)

    def _open(self, index: QModelIndex) -> None:
        row = index.data(CONVERSATION)
        if row is not None:
            match = index.data(MATCH)
            self.opened.emit(row.id, match.message.id if match else "")
        elif (project := index.data(PROJECT)) is not None:
            self.model.closed ^= {project.id}
            self.refresh()

    def more_menu(self) -> QMenu:
        """Return the menu of actions other than opening a conversation."""
        menu: QMenu = self._ctx.ui.menu()
        self.projects.add_all(menu)
        for icon, title, call in self.more:
            menu.addAction(self._ctx.ui.icon(icon), title, call)
        title = self.tr("Import conversations…")
        menu.addAction(self._ctx.ui.icon("upload"), title, self.imports.ask)
        return menu

    # --- what can be done with one ------------------------------------------------------------

    def menu_at(self, index: QModelIndex) -> QMenu | None:
        """Return the menu of a row; None for a heading."""
        row, project = index.data(CONVERSATION), index.data(PROJECT)
        if isinstance(project, Project):
            return self.projects.menu_for(project)
        return self.menu_for(row) if row is not None else None

    def menu_for(self, row: Any) -> QMenu:
        """Return the menu of one conversation."""
        ui, menu = self._ctx.ui, QMenu(self)
        index = self.model.index_of(row.id)
        pin = (self.tr("Unpin"), "pin-off") if row.pinned else (self.tr("Pin"), "pin")
        menu.addAction(ui.icon("pencil"), self.tr("Rename") + "\tF2", lambda: self.view.edit(index))
        menu.addAction(ui.icon(pin[1]), pin[0], lambda: self._pin(row))
        menu.addAction(
            ui.icon("download"), self.tr("Export…"), lambda: self.export(row.id, row.title)
        )
        self.projects.add_move(menu, row)
        menu.addSeparator()
        menu.addAction(ui.icon("trash-2"), self.tr("Move to bin") + "\tDel", lambda: self.bin(row))
        return menu

    def export(self, conversation: str, title: str) -> None:
        """Write a conversation to a file that the user names."""
        name = _file_name(title) + EXPORTS[0]
        path = self._ctx.ui.save_file(self.tr("Export the conversation"), name, EXPORTS)
        if path is None:
            return
        path = path if path.suffix else path.with_suffix(EXPORTS[0])
        store = self._ctx.library.conversations

        def done(_none: None) -> None:
            words = self.tr("Saved as {name}.").format(name=path.name)
            self._ctx.notices.info(words, key="chat.export")

        self._work_queue.do(lambda: export_to(store, conversation, path), done)

    def bin(self, row: Any) -> None:
        """Put a conversation in the bin, with an offer to take it back."""
        store = self._ctx.library.conversations

        def restore() -> None:
            self._work_queue.do(lambda: store.restore(row.id), lambda _: self._back(row.id))

        def done(_row: Any) -> None:
            self.refresh()
            self.binned.emit(row.id)
            words = self.tr("“{title}” is in the bin.").format(title=row.title)
            self._ctx.notices.offer(words, self.tr("Undo"), restore, key=f"chat.bin.{row.id}")

        self._work_queue.do(lambda: store.bin(row.id), done)

    def _back(self, conversation: str) -> None:
        self.refresh()
        self.opened.emit(conversation, "")

    def _pin(self, row: Any) -> None:
        store = self._ctx.library.conversations
        self._work_queue.do(lambda: store.pin(row.id, not row.pinned), lambda _: self.refresh())

    def _rename(self, id: str, title: str) -> None:
        store = self._ctx.library.conversations

        def done(_row: Any) -> None:
            self.refresh()
            self.renamed.emit(id)

        self._work_queue.do(lambda: store.rename(id, title), done)


def export_to(store: Conversations, conversation: str, path: Path) -> None:
    """Write a conversation to ``path`` in the format of its suffix. Slow.

    Raises:
        StudioError: It is not there, or the file cannot be written; what was there stays.
    """
    if path.suffix.lower() != ".pdf":
        store.export(conversation, path)
        return
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch) / "page.html"
        store.export(conversation, page)
        html, title = page.read_text("utf-8"), store.get(conversation).title
    write_by(path, lambda part: pdf.write(html, title, part))


def _file_name(title: str) -> str:
    name = "".join(c if c.isalnum() or c in " -_" else " " for c in title)
    return " ".join(name.split())[:60] or "conversation"


class _View(QListView):
    """The list itself: keys and the menu."""

    def __init__(self, owner: ConversationList) -> None:
        super().__init__(owner)
        self._owner = owner
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(owner.tr("Conversations"))
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.DoubleClicked
        )
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDragDropOverwriteMode(True)  # onto a row, never between two
        self.setTextElideMode(Qt.TextElideMode.ElideRight)

    @property
    def is_editing(self) -> bool:
        """Whether a title is being changed in place."""
        return self.state() == QAbstractItemView.State.EditingState

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Bin with Delete, open the menu with the menu key."""
        row, project = self.currentIndex().data(CONVERSATION), self.currentIndex().data(PROJECT)
        if event.key() == Qt.Key.Key_Delete and row is not None:
            self._owner.bin(row)
        elif event.key() == Qt.Key.Key_Delete and project is not None:
            self._owner.projects.bin(project)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer the actions of the row under the mouse."""
        keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if keyboard else self.indexAt(event.pos())
        if (menu := self._owner.menu_at(index)) is not None:
            spot = self.visualRect(index).bottomLeft() if keyboard else event.pos()
            menu.popup(self.viewport().mapToGlobal(spot))

    def mousePressEvent(self, event: Any) -> None:
        """Open the menu on the dots of a row."""
        index = self.indexAt(event.pos())
        menu = None
        if index.isValid() and dots(self.visualRect(index)).contains(event.pos()):
            menu = self._owner.menu_at(index)
        if menu is not None:
            spot = self.visualRect(index).bottomRight() - QPoint(24, 0)
            menu.popup(self.viewport().mapToGlobal(spot))
            return
        super().mousePressEvent(event)

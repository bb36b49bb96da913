"""The list of conversations: find, open, rename, pin, bin.

Opens none itself: it says which is wanted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QContextMenuEvent, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from studio.api import Conversations, PluginContext, Role, WorkQueue
from studio_chat.pages.conversations import pdf
from studio_chat.pages.conversations.import_controller import ImportController
from studio_chat.pages.conversations.model import CONVERSATION, HEADING, ConversationModel
from studio_chat.pages.whole_file import write_by

WIDTH = 240
_ROW, _HEADING_ROW = 32, 30
_SEARCH_MS = 150
EXPORTS = (".md", ".html", ".pdf", ".json")


class ConversationList(QFrame):
    """The column at the left.

    Signals:
        opened: Id of the conversation to show.
        new_asked: The user wants a new one.
        binned: Id of one that went to the bin.
        renamed: Id of one that has another title.
    """

    opened = Signal(str)
    new_asked = Signal()
    binned = Signal(str)
    renamed = Signal(str)

    def __init__(self, ctx: PluginContext, work_queue: WorkQueue) -> None:
        super().__init__()
        self._ctx, self._work_queue = ctx, work_queue
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
        self.view = _View(self)
        self.view.setModel(self.model)
        self.view.setItemDelegate(_Delegate(self))
        self.view.clicked.connect(self._open)
        self.view.activated.connect(self._open)
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
        listed = self._ctx.library.conversations.list
        self._work_queue.do(lambda: listed(query, limit=1000), lambda rows: self._show(query, rows))

    def set_current(self, conversation: str) -> None:
        """Mark the conversation that is open; empty for a new one."""
        self._current = conversation
        self.view.setCurrentIndex(self.model.index_of(conversation))
        self.view.viewport().update()

    def _show(self, query: str, rows: list[Any]) -> None:
        if query != self.search.text().strip() or self.view.is_editing:
            return
        place = self.view.verticalScrollBar().value()
        self.model.show_rows(rows, found=bool(query))
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
            self.opened.emit(row.id)

    def more_menu(self) -> QMenu:
        """Return what can be done beside opening one."""
        menu: QMenu = self._ctx.ui.menu()
        for icon, title, call in self.more:
            menu.addAction(self._ctx.ui.icon(icon), title, call)
        title = self.tr("Import conversations…")
        menu.addAction(self._ctx.ui.icon("upload"), title, self.imports.ask)
        return menu

    # --- what can be done with one ------------------------------------------------------------

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
        self.opened.emit(conversation)

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
    kept = "".join(c if c.isalnum() or c in " -_" else " " for c in title)
    return " ".join(kept.split())[:60] or "conversation"


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
        self.setTextElideMode(Qt.TextElideMode.ElideRight)

    @property
    def is_editing(self) -> bool:
        """Whether a title is being changed in place."""
        return self.state() == QAbstractItemView.State.EditingState

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Bin with Delete, open the menu with the menu key."""
        row = self.currentIndex().data(CONVERSATION)
        if event.key() == Qt.Key.Key_Delete and row is not None:
            self._owner.bin(row)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the conversation under the mouse."""
        keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if keyboard else self.indexAt(event.pos())
        row = index.data(CONVERSATION)
        if row is not None:
            spot = self.visualRect(index).bottomLeft() if keyboard else event.pos()
            self._owner.menu_for(row).popup(self.viewport().mapToGlobal(spot))

    def mousePressEvent(self, event: Any) -> None:
        """Open the menu on the dots of a row."""
        index = self.indexAt(event.pos())
        row = index.data(CONVERSATION)
        if row is not None and dots(self.visualRect(index)).contains(event.pos()):
            spot = self.visualRect(index).bottomRight() - QPoint(24, 0)
            self._owner.menu_for(row).popup(self.viewport().mapToGlobal(spot))
            return
        super().mousePressEvent(event)


def dots(row: QRect) -> QRect:
    """Return where the dots of a row are."""
    return QRect(row.right() - 34, row.top(), 28, row.height())


class _Delegate(QStyledItemDelegate):
    """Draws a row: title, pin, dots under the mouse."""

    def __init__(self, owner: ConversationList) -> None:
        super().__init__(owner)
        self._owner = owner

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Headings are lower."""
        return QSize(WIDTH, _HEADING_ROW if index.data(HEADING) else _ROW)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw one row."""
        colors = self._owner.ctx.ui.tokens.colors
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = option.rect
        font = option.font
        if index.data(HEADING):
            font.setPixelSize(11)
            font.setWeight(font.Weight.DemiBold)
            painter.setFont(font)
            painter.setPen(QColor(colors["mute"]))
            spot = rect.adjusted(18, 8, -12, 0)
            painter.drawText(spot, Qt.AlignmentFlag.AlignVCenter, index.data())
            painter.restore()
            return
        self._paint_row(painter, option, index, colors)
        painter.restore()

    def _paint_row(self, painter: QPainter, option: Any, index: Any, colors: Any) -> None:
        row, rect = index.data(CONVERSATION), option.rect.adjusted(8, 1, -6, -1)
        hover = bool(option.state & QStyle.StateFlag.State_MouseOver)
        focus = bool(option.state & QStyle.StateFlag.State_HasFocus) and bool(
            option.state & QStyle.StateFlag.State_KeyboardFocusChange
        )
        open_now = row.id == self._owner.current
        painter.setPen(QColor(colors["accent"]) if focus else Qt.PenStyle.NoPen)
        if open_now or hover or focus:
            painter.setBrush(QColor(colors["accent-soft" if open_now else "raised"]))
            painter.drawRoundedRect(rect, 6, 6)
        right = rect.right() - 8
        icon = "ellipsis" if hover else "pin" if row.pinned else ""
        if self._owner.writing(row.id) and not hover:
            icon = "loader-circle"
        if icon:
            color = "accent" if icon == "loader-circle" else "mute"
            pixmap = self._owner.ctx.ui.icon(icon, color).pixmap(QSize(14, 14))
            right -= 18
            painter.drawPixmap(right + 4, rect.center().y() - 6, 14, 14, pixmap)
        painter.setPen(QColor(colors["text"]))
        room = QRect(rect.left() + 10, rect.top(), right - rect.left() - 12, rect.height())
        text = painter.fontMetrics().elidedText(
            index.data(), Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)

    def createEditor(self, parent: QWidget, option: Any, index: Any) -> QWidget:
        """Edit a title in its row."""
        editor = QLineEdit(parent)
        editor.setAccessibleName(self.tr("Title"))
        editor.setMaxLength(200)
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: Any, index: Any) -> None:
        """Cover the row with the editor."""
        editor.setGeometry(option.rect.adjusted(8, 0, -6, 0))

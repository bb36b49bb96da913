"""The command palette: type a few letters, press Enter. Displays commands; runs none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from studio.desktop.appearance.appearance import Appearance, line
from studio.desktop.widgets.sheet import Overlay

_WIDTH, _ROW, _ROWS = 580, 40, 9
_RECENT = 20
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Command:
    """One line of the palette.

    Attributes:
        id: Stable, to remember what was used lately.
        group: What sort of thing it is: "Page", "Action", "Conversation", …
        words: More to find it by; not shown.
    """

    id: str
    title: str
    run: Callable[[], object]
    icon: str = "command"
    group: str = ""
    shortcut: str = ""
    words: str = ""
    color: str = "mute"


class CommandPalette(Overlay):
    """Opens over the window with all commands there are at that moment."""

    def __init__(
        self,
        look: Appearance,
        window: QWidget,
        collect: Callable[[], Sequence[Command]],
        used: list[str],
    ) -> None:
        super().__init__(look, window)
        self._collect = collect
        self._used = used
        self._commands: Sequence[Command] = ()
        self.setAccessibleName(self.tr("Command palette"))
        self._edit = QLineEdit()
        self._edit.setProperty("plain", True)
        self._edit.setFont(look.fonts.body(15))
        self._edit.setPlaceholderText(self.tr("Search actions, pages, conversations, results…"))
        self._edit.setAccessibleName(self.tr("Search"))
        self._edit.textChanged.connect(self._search)
        self._edit.installEventFilter(self)
        self._rows = _Rows()
        self._list = QListView()
        self._list.setModel(self._rows)
        self._list.setItemDelegate(_Painter(look))
        self._list.setMouseTracking(True)
        self._list.setUniformItemSizes(True)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setAccessibleName(self.tr("Commands"))
        self._list.clicked.connect(self._run)
        self._none = look.label(self.tr("No results."), "mute")
        self._none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._none.setFixedHeight(_ROW * 2)
        self._lay_out(look)

    def toggle(self) -> None:
        """Open the palette, or close it."""
        if self.isVisible():
            self.dismiss()
            return
        self._commands = self._collect()
        self._edit.clear()
        self._search("")
        self.open(self._edit)

    def visible_titles(self) -> list[str]:
        """Return the titles in view, best first."""
        return [command.title for command in self._rows.commands]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            watched is self._edit
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
        ):
            return self._on_key(event)
        return super().eventFilter(watched, event)

    def _on_key(self, event: QKeyEvent) -> bool:
        steps = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: _ROWS - 1,
            Qt.Key.Key_PageUp: 1 - _ROWS,
        }
        key = Qt.Key(event.key())
        if key in steps:
            self._step(steps[key], wrap=abs(steps[key]) == 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(self._list.currentIndex())
        elif key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            self._step(1 if key is Qt.Key.Key_Tab else -1, wrap=True)
        else:
            return False
        return True

    def _step(self, by: int, wrap: bool) -> None:
        count = self._rows.rowCount()
        if not count:
            return
        row = self._list.currentIndex().row() + by
        row = row % count if wrap else max(0, min(row, count - 1))
        self._list.setCurrentIndex(self._rows.index(row))

    def _search(self, text: str) -> None:
        self._rows.show(self._ranked(text.strip()))
        self._list.setCurrentIndex(self._rows.index(0))
        count = self._rows.rowCount()
        self._list.setVisible(count > 0)
        self._none.setVisible(count == 0)
        self._list.setFixedHeight(min(count, _ROWS) * _ROW)

    def _ranked(self, query: str) -> list[Command]:
        recent = {used: len(self._used) - place for place, used in enumerate(self._used)}
        if not query:
            return sorted(self._commands, key=lambda c: -recent.get(c.id, 0))
        scored = []
        for place, command in enumerate(self._commands):
            points = max(
                score(query, command.title),
                0.6 * score(query, f"{command.group} {command.title} {command.words}"),
            )
            if points:
                scored.append((-points - 0.2 * recent.get(command.id, 0), place, command))
        return [command for *_, command in sorted(scored, key=lambda entry: entry[:2])]

    def _run(self, index: _Index) -> None:
        command = self._rows.command(index)
        if command is None:
            return
        self._used[:] = [command.id, *(used for used in self._used if used != command.id)][:_RECENT]
        self.dismiss()
        command.run()

    def _lay_out(self, look: Appearance) -> None:
        card = QFrame()
        card.setProperty("surface", "sheet")
        card.setFixedWidth(_WIDTH)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(20, 90, 20, 20)
        outer.addWidget(card, 0, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(card)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(18, 12, 16, 12)
        head.setSpacing(12)
        head.addWidget(look.icon_label("search", "mute", 18))
        head.addWidget(self._edit, 1)
        head.addWidget(look.label("Esc", "key"), 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addLayout(head)
        layout.addWidget(line())
        inner = QVBoxLayout()
        inner.setContentsMargins(6, 6, 6, 6)
        inner.addWidget(self._list)
        inner.addWidget(self._none)
        layout.addLayout(inner)


class _Rows(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.commands: list[Command] = []

    def show(self, commands: list[Command]) -> None:
        self.beginResetModel()
        self.commands = commands
        self.endResetModel()

    def command(self, index: _Index) -> Command | None:
        return self.commands[index.row()] if 0 <= index.row() < len(self.commands) else None

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008  Qt's own default
        return 0 if parent.isValid() else len(self.commands)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        command = self.command(index)
        if command is None:
            return None
        if role == Qt.ItemDataRole.UserRole:
            return command
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{command.title}, {command.group}"
        return None


class _Painter(QStyledItemDelegate):
    def __init__(self, look: Appearance) -> None:
        super().__init__()
        self._look = look
        self._font = look.fonts.body()
        self._small = look.fonts.body(12)

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(200, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        command: Command = index.data(Qt.ItemDataRole.UserRole)
        color, rect = self._look.theme.color, option.rect.adjusted(2, 1, -2, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(color("hover" if chosen else "raised"))
            painter.drawRoundedRect(rect, 8, 8)
        ink = "accent" if chosen and command.color == "mute" else command.color
        ratio = painter.device().devicePixelRatioF()
        icon = self._look.icons.pixmap(command.icon, ink, 16, ratio)
        painter.drawPixmap(rect.left() + 12, rect.center().y() - 8, icon)
        right = self._paint_right(painter, rect, command)
        painter.setFont(self._font)
        painter.setPen(color("text"))
        room = QRect(rect.left() + 42, rect.top(), right - rect.left() - 54, rect.height())
        title = painter.fontMetrics().elidedText(
            command.title, Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, title)
        painter.restore()

    def _paint_right(self, painter: QPainter, rect: QRect, command: Command) -> int:
        """Paint group and shortcut; return where the title must end."""
        color = self._look.theme.color
        painter.setFont(self._small)
        right = rect.right() - 12
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        if command.shortcut:
            width = painter.fontMetrics().horizontalAdvance(command.shortcut) + 14
            key = QRect(right - width, rect.center().y() - 10, width, 20)
            painter.setPen(color("line-strong"))
            painter.setBrush(color("raised"))
            painter.drawRoundedRect(key, 5, 5)
            painter.setPen(color("mute"))
            painter.drawText(key, Qt.AlignmentFlag.AlignCenter, command.shortcut)
            right -= width + 10
        painter.setPen(color("mute"))
        painter.drawText(
            QRect(rect.left(), rect.top(), right - rect.left(), rect.height()), flags, command.group
        )
        return right - painter.fontMetrics().horizontalAdvance(command.group)


_START, _WORD, _RUN, _LETTER = 12, 8, 5, 1


def score(query: str, title: str) -> float:
    """Return how well ``query`` fits; 0 if its letters are not in ``title`` in order.

    Words of the query may come in any order; letters that begin words or follow each other count
    more, and of two that fit alike the shorter title wins.
    """
    total = 0.0
    for word in query.casefold().split():
        fits = _score_word(word, title.casefold())
        if not fits:
            return 0.0
        total += fits
    return total / (1 + len(title) / 200) if total else 1.0


def _score_word(word: str, title: str) -> float:
    at = title.find(word)
    if at >= 0:
        start = _START if at == 0 else _WORD if _begins_word(title, at) else 0
        return start + (_RUN + _LETTER) * len(word) + _RUN
    return _score_letters(word, title)


def _score_letters(word: str, title: str) -> float:
    """Letters in order, from where a word begins: a few gaps are allowed, a scatter is not."""
    first = next(
        (n for n, one in enumerate(title) if one == word[0] and _begins_word(title, n)), -1
    )
    if first < 0:
        return 0.0
    points, at, gaps = 0.0, first - 1, 0
    for letter in word:
        index = title.find(letter, at + 1)
        if index < 0:
            return 0.0
        begins = _begins_word(title, index)
        gaps += index != at + 1 and not begins
        points += _LETTER + (_WORD if begins else _RUN if index == at + 1 else 0)
        at = index
    return points if gaps <= 1 + len(word) // 3 else 0.0


def _begins_word(title: str, at: int) -> bool:
    return at == 0 or not title[at - 1].isalnum()

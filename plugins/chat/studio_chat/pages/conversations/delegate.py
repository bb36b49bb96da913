"""Draws the rows of the list of conversations, and edits a title in its row."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import (
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from studio.api import PluginContext
from studio_chat.pages.conversations.model import (
    CONVERSATION,
    HEADING,
    INSIDE,
    MATCH,
    PROJECT,
)
from studio_chat.pages.projects.project import Project

WIDTH = 240
_ROW, _HEADING_ROW, _SNIPPET, _INSET = 32, 30, 18, 18
_MARKED = re.compile(r"\[([^][]*)\]")


class Owner(Protocol):
    """State of the list that the delegate draws."""

    writing: Callable[[str], bool]
    closed: Callable[[str], bool]

    @property
    def ctx(self) -> PluginContext: ...

    @property
    def current(self) -> str: ...


def dots(row: QRect) -> QRect:
    """Return where the dots of a row are."""
    return QRect(row.right() - 34, row.top(), 28, row.height())


class RowDelegate(QStyledItemDelegate):
    """Draws a row: title, pin, dots under the mouse."""

    def __init__(self, owner: Owner, parent: QObject) -> None:
        super().__init__(parent)
        self._owner = owner

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Headings are lower; a search shows a line of what it met."""
        height = _HEADING_ROW if index.data(HEADING) else _ROW
        return QSize(WIDTH, height + (_SNIPPET if index.data(MATCH) else 0))

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
        if (project := index.data(PROJECT)) is not None:
            self._paint_project(painter, option, project, colors)
        else:
            self._paint_row(painter, option, index, colors)
        painter.restore()

    def _ground(self, painter: QPainter, option: Any, rect: QRect, open_now: bool) -> bool:
        """Draw what lies under a row; return whether the mouse is over it."""
        colors = self._owner.ctx.ui.tokens.colors
        hover = bool(option.state & QStyle.StateFlag.State_MouseOver)
        focus = bool(option.state & QStyle.StateFlag.State_HasFocus) and bool(
            option.state & QStyle.StateFlag.State_KeyboardFocusChange
        )
        painter.setPen(QColor(colors["accent"]) if focus else Qt.PenStyle.NoPen)
        if open_now or hover or focus:
            painter.setBrush(QColor(colors["accent-soft" if open_now else "raised"]))
            painter.drawRoundedRect(rect, 6, 6)
        return hover

    def _paint_project(self, painter: QPainter, option: Any, project: Project, colors: Any) -> None:
        rect = option.rect.adjusted(8, 1, -6, -1)
        hover = self._ground(painter, option, rect, False)
        icon, right = self._owner.ctx.ui.icon, rect.right() - 8
        if hover:
            right -= 18
            dots_icon = icon("ellipsis", "mute").pixmap(QSize(14, 14))
            painter.drawPixmap(right + 4, rect.center().y() - 6, 14, 14, dots_icon)
        name = "folder" if self._owner.closed(project.id) else "folder-open"
        folder = icon(name, "mute").pixmap(QSize(14, 14))
        painter.drawPixmap(rect.left() + 8, rect.center().y() - 6, 14, 14, folder)
        painter.setPen(QColor(colors["text"]))
        room = QRect(rect.left() + 30, rect.top(), right - rect.left() - 32, rect.height())
        words = painter.fontMetrics().elidedText(
            project.title, Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, words)

    def _paint_row(self, painter: QPainter, option: Any, index: Any, colors: Any) -> None:
        row, rect = index.data(CONVERSATION), option.rect.adjusted(8, 1, -6, -1)
        if index.data(INSIDE):
            rect = rect.adjusted(_INSET, 0, 0, 0)
        hover = self._ground(painter, option, rect, row.id == self._owner.current)
        if (match := index.data(MATCH)) is not None:
            below = QRect(rect.left() + 10, rect.bottom() - 22, rect.width() - 20, 18)
            rect = rect.adjusted(0, 0, 0, -_SNIPPET)
            self._paint_snippet(painter, option, below, match.snippet)
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

    def _paint_snippet(self, painter: QPainter, option: Any, room: QRect, snippet: str) -> None:
        words = " ".join(_MARKED.sub(r"\1", snippet).split())
        font = QFont(option.font)
        font.setPixelSize(11)
        painter.save()
        painter.setFont(font)
        painter.setPen(QColor(self._owner.ctx.ui.tokens.colors["mute"]))
        shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()

    def createEditor(self, parent: QWidget, option: Any, index: Any) -> QWidget:
        """Edit a title in its row."""
        editor = QLineEdit(parent)
        editor.setAccessibleName(self.tr("Title"))
        editor.setMaxLength(200)
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: Any, index: Any) -> None:
        """Cover the row with the editor."""
        editor.setGeometry(option.rect.adjusted(8, 0, -6, 0))

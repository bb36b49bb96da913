"""The steps of a plan as a list that the user edits: ticked, moved, written anew, before and while
they are done. Knows no task.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from studio.api import BadInput, PluginContext
from studio.api.window.language import tr
from studio_code.generation.steps import Step, read_step

_STATE = Qt.ItemDataRole.UserRole
NOW, DONE, FAILED, UNSURE = "now", "done", "failed", "unsure"
"""UNSURE is done as well, but what was tried of it did not work."""
_ICONS = {NOW: ("loader-circle", "accent"), DONE: ("circle-check", "good"),
          FAILED: ("circle-alert", "warn"), UNSURE: ("triangle-alert", "warn"),
          "": ("circle", "mute")}  # fmt: skip


_PADDING = 24
"""Pixels beside a text that the style sheet takes and Qt forgets when it counts the lines."""


class _Rows(QStyledItemDelegate):
    """As high as the wrapped text needs."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        option.rect.setWidth(option.rect.width() - _PADDING)
        return super().sizeHint(option, index)


class StepList(QListWidget):
    """One step a row: ``Add a discount [shop.py]``.

    Signals:
        edited: Something in it is another.
    """

    edited = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.setAccessibleName(tr("Steps of the plan"))
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setWordWrap(True)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setItemDelegate(_Rows(self))
        self.setSpacing(1)
        self.setIconSize(QSize(14, 14))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemChanged.connect(lambda _item: self.edited.emit())
        end_theme = ctx.ui.on_theme(lambda _tokens: self._restyle())
        self.destroyed.connect(lambda: end_theme())

    # --- what is in it ------------------------------------------------------------------------

    def show_steps(self, steps: Iterable[Step]) -> None:
        """Show other steps, all ticked."""
        self.clear()
        for step in steps:
            self._insert(self.count(), step.line())
        self.edited.emit()

    def rows(self) -> list[dict[str, Any]]:
        """Return text, tick and state of each row, as plain data."""
        return [
            {"text": i.text(), "ticked": self.is_ticked(i), "state": i.data(_STATE) or ""}
            for i in self._items()
        ]

    def restore(self, rows: Any) -> None:
        """Show what ``rows`` returned; bears anything else."""
        self.clear()
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and isinstance(row.get("text"), str):
                item = self._insert(
                    self.count(), row["text"], ticked=row.get("ticked") is not False
                )
                state = row.get("state")
                self.mark(item, state if state in (DONE, FAILED, UNSURE) else "")
        self.edited.emit()

    def waiting(self) -> list[QListWidgetItem]:
        """Return the rows that are ticked and not done yet, in their order."""
        return [i for i in self._items() if self.is_ticked(i) and i.data(_STATE) in ("", None)]

    def left(self) -> list[QListWidgetItem]:
        """Return the rows that are ticked and not done: those that wait, and those that failed."""
        ended = (NOW, DONE, UNSURE)
        return [i for i in self._items() if self.is_ticked(i) and i.data(_STATE) not in ended]

    def try_again(self) -> None:
        """Let the ticked steps that failed wait again."""
        for item in self.left():
            self.mark(item, "")

    def others(self, item: QListWidgetItem) -> list[str]:
        """Return the texts of the other rows that are ticked."""
        return [
            other.text() for other in self._items() if other is not item and self.is_ticked(other)
        ]

    @staticmethod
    def is_ticked(item: QListWidgetItem) -> bool:
        """Return whether a step is to be done."""
        return item.checkState() == Qt.CheckState.Checked

    @staticmethod
    def step_of(item: QListWidgetItem) -> Step:
        """Return the step of a row.

        Raises:
            BadInput: It names a file outside of the folder, or is blank.
        """
        step = read_step(item.text())
        if step is None:
            raise BadInput(tr("A step is empty."), tr("Say what to do, or delete it."))
        return step

    def mark(self, item: QListWidgetItem, state: str, why: str = "") -> None:
        """Show the state of a step; blank for still to do. ``why`` becomes the tool tip."""
        if self.row(item) < 0:
            return  # it was deleted meanwhile
        self.blockSignals(True)
        item.setData(_STATE, state)
        item.setIcon(self._ctx.ui.icon(*_ICONS[state]))
        item.setToolTip(why or tr("Double-click to edit; drag to move"))
        self.blockSignals(False)
        self.viewport().update()

    # --- the hands of the user ----------------------------------------------------------------

    def add(self) -> None:
        """Add a step below the one that is selected, to be written."""
        row = self.currentRow() + 1 if self.currentRow() >= 0 else self.count()
        item = self._insert(row, tr("New step"))
        self.setCurrentItem(item)
        self.edited.emit()
        self.editItem(item)

    def remove(self) -> None:
        """Delete the selected step."""
        if self.currentRow() >= 0:
            self.takeItem(self.currentRow())
            self.edited.emit()

    def shift(self, by: int) -> None:
        """Move the selected step up or down."""
        row = self.currentRow()
        if row >= 0 and 0 <= row + by < self.count():
            item = self.takeItem(row)
            self.insertItem(row + by, item)
            self.setCurrentItem(item)
            self.edited.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete deletes, Alt and an arrow moves."""
        alt = event.modifiers() & Qt.KeyboardModifier.AltModifier
        if event.key() == Qt.Key.Key_Delete:
            self.remove()
        elif alt and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.shift(-1 if event.key() == Qt.Key.Key_Up else 1)
        else:
            super().keyPressEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """A step was moved with the mouse."""
        super().dropEvent(event)
        self.edited.emit()

    def _insert(self, row: int, text: str, *, ticked: bool = True) -> QListWidgetItem:
        item = QListWidgetItem(text)
        flags = Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsUserCheckable
        item.setFlags((item.flags() | flags) & ~Qt.ItemFlag.ItemIsDropEnabled)
        item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        self.blockSignals(True)
        self.insertItem(row, item)
        self.blockSignals(False)
        self.mark(item, "")
        return item

    def _items(self) -> list[QListWidgetItem]:
        return [self.item(row) for row in range(self.count())]

    def _restyle(self) -> None:
        for item in self._items():
            self.mark(item, item.data(_STATE) or "", item.toolTip())

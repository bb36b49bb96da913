"""The rows that could not be read, each with its line and the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext
from studio_molecules.pages.wording import tr

_LINE_WIDE, _ROW_HIGH = 70, 26


class Faults(QDialog):
    """A list to read and to copy."""

    def __init__(
        self, ctx: PluginContext, faults: Sequence[Mapping[str, Any]], untold: int, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._ctx, self._faults = ctx, faults
        self.setWindowTitle(tr("Rows that were left out"))
        self.resize(620, 380)
        words = QLabel(fault_words(len(faults) + untold))
        words.setProperty("role", "heading")
        self.list = QTreeWidget()
        self.list.setAccessibleName(tr("Rows that were left out"))
        self.list.setHeaderLabels([tr("Line"), tr("Reason")])
        self.list.setRootIsDecorated(False)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setUniformRowHeights(True)
        self.list.headerItem().setTextAlignment(0, Qt.AlignmentFlag.AlignRight)
        for fault in faults:
            item = QTreeWidgetItem([f"{fault['line']:,}", str(fault["reason"])])
            item.setTextAlignment(0, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setToolTip(1, str(fault["reason"]))
            item.setSizeHint(0, QSize(_LINE_WIDE, _ROW_HIGH))
            self.list.addTopLevelItem(item)
        copy = ctx.ui.button(tr("Copy list"), "copy")
        copy.clicked.connect(self._copy)
        close = ctx.ui.button(tr("Close"), primary=True)
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        more = tr("{count} more are not listed.").format(count=f"{untold:,}") if untold else ""
        row.addWidget(QLabel(more), 1)
        row.addWidget(copy)
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(12)
        column.addWidget(words)
        column.addWidget(self.list, 1)
        column.addLayout(row)

    def _copy(self) -> None:
        lines = [f"{fault['line']}\t{fault['reason']}" for fault in self._faults]
        self._ctx.ui.copy("\n".join(lines))


def fault_words(count: int) -> str:
    """Return "3 rows could not be read"."""
    if count == 1:
        return tr("1 row could not be read")
    return tr("{count} rows could not be read").format(count=f"{count:,}")

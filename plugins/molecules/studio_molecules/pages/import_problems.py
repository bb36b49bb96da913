"""Problems of an imported list: rows skipped or truncated, each with line and reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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

from studio.api import PluginContext, Role
from studio.api.window.language import tr

_LINE_WIDE, _ROW_HIGH = 70, 26


class ImportProblems(QDialog):
    """A list to read and to copy."""

    def __init__(
        self,
        ctx: PluginContext,
        faults: Sequence[Mapping[str, Any]],
        untold: int,
        parent: QWidget,
        merge: Callable[[], None] | None = None,
    ) -> None:
        """Show ``faults``; ``merge`` reads the list again with repeated rows as one."""
        super().__init__(parent)
        self._ctx, self._faults = ctx, faults
        title = tr("Skipped, modified and repeated rows")
        self.setWindowTitle(title)
        self.resize(620, 380)
        words = ctx.ui.label(title, Role.HEADING)
        self.list = QTreeWidget()
        self.list.setAccessibleName(title)
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
        self.merge = ctx.ui.button(tr("Merge repeated rows"), "list")
        self.merge.setToolTip(tr("Read it again: numbers averaged, texts side by side"))
        if merge is None:
            self.merge.hide()
        else:
            self.merge.clicked.connect(self.accept)
            self.merge.clicked.connect(lambda _on=False: merge())
        row.addWidget(self.merge)
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


def faults_of(meta: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the rows of a list that are not as they were in it, in the order of their lines."""
    rows = [*_rows(meta, "faults"), *_rows(meta, "remarks"), *_rows(meta, "repeated")]
    return sorted(rows, key=lambda row: int(row["line"]))


def told_of(meta: Mapping[str, Any]) -> str:
    """Return how many rows were left out, cut or there twice, and what became of a lead."""
    untold = int(meta.get("faults_untold", 0))
    repeats, lead = int(meta.get("repeats", 0)), str(meta.get("remark") or "")
    message = (
        _counted(
            len(_rows(meta, "faults")) + untold,
            tr("1 row could not be read; the others are here."),
            tr("{count} rows could not be read; the others are here."),
        ),
        _counted(
            sum("salt" in str(row.get("reason")) for row in _rows(meta, "remarks")),
            tr("1 salt or mixture was reduced to its largest fragment."),
            tr("{count} salts or mixtures were reduced to their largest fragments."),
        ),
        _counted(
            sum("neutralised" in str(row.get("reason")) for row in _rows(meta, "remarks")),
            tr("1 molecule was neutralised."),
            tr("{count} molecules were neutralised."),
        ),
        _counted(
            repeats,
            *_REPEATS.get(str(meta.get("repeats_are")), _REPEATS["first"])(),
        ),
        tr("About the lead: {remark}.").format(remark=lead) if lead else "",
    )
    return " ".join(filter(None, message))


_REPEATS = {
    "keep": lambda: (
        tr("1 row repeats an earlier one and is kept."),
        tr("{count} rows repeat earlier ones and are kept."),
    ),
    "merge": lambda: (
        tr("1 row was merged with an earlier one of the same molecule."),
        tr("{count} rows were merged with earlier ones of the same molecules."),
    ),
    "first": lambda: (
        tr("1 row repeats an earlier one."),
        tr("{count} rows repeat earlier ones."),
    ),
}


def _rows(meta: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = meta.get(name)
    return value if isinstance(value, list) else []


def _counted(count: int, one: str, many: str) -> str:
    if not count:
        return ""
    return one if count == 1 else many.format(count=f"{count:,}")

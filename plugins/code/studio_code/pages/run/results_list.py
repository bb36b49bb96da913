"""Tests with their outcome, and problems: a list of which each row leads to its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_code.pages.evidence.evidence import outcomes
from studio_code.pages.evidence.phrases import OUTCOME_ICONS, outcome_words
from studio_code.pages.run.problems import Problem, gist

_PLACE = Qt.ItemDataRole.UserRole
_ROW, _MOST_ROWS = 28, 9


class ResultsList(QTreeWidget):
    """Hidden while it is empty.

    Signals:
        place_asked: The user wants to see a line: path, line.
    """

    place_asked = Signal(str, int)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.setAccessibleName(tr("Tests and problems"))
        self.setColumnCount(2)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setHeaderHidden(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.itemActivated.connect(self._go)
        self.itemClicked.connect(self._go)
        self.hide()

    def clear_all(self) -> None:
        """Show nothing."""
        self.clear()
        self.hide()

    def show_tests(self, result: Mapping[str, Any], texts: Mapping[str, str]) -> None:
        """List the tests of a run, those that failed first."""
        self.clear_all()
        for row in outcomes(result):
            icon, color = OUTCOME_ICONS.get(row.outcome, ("circle-help", "mute"))
            message = gist(row.message) or outcome_words(row.outcome)
            place = (row.path, row.line) if row.path in texts and row.line else None
            tip = row.message or f"{row.name}: {outcome_words(row.outcome)}"
            self._add(icon, color, row.title, message, place, tip)
        self._settle()

    def show_problems(self, problems: Sequence[Problem], after_tests: bool) -> None:
        """List what went wrong; after a list of tests those are listed already."""
        if after_tests and self.topLevelItemCount():
            return
        self.clear_all()
        for problem in problems:
            place = (problem.path, problem.line) if problem.path and problem.line else None
            where = f"{problem.path}:{problem.line}" if place else ""
            self._add(
                "circle-x", "bad", where or tr("Problem"), problem.words, place, problem.words
            )
        self._settle()

    def _add(
        self,
        icon: str,
        color: str,
        title: str,
        message: str,
        place: tuple[str, int] | None,
        tip: str,
    ) -> None:
        item = QTreeWidgetItem([title, message])
        item.setIcon(0, self._ctx.ui.icon(icon, color))
        item.setToolTip(0, tip)
        item.setToolTip(1, tip)
        item.setData(0, _PLACE, place)
        self.addTopLevelItem(item)

    def _settle(self) -> None:
        self.resizeColumnToContents(0)
        self.setColumnWidth(0, min(self.columnWidth(0), max(140, self.width() // 2)))
        self.setVisible(self.topLevelItemCount() > 0)

    def fit(self, *, beside: bool) -> None:
        """Take no more height than the rows need, or all there is ``beside`` the output."""
        rows = min(self.topLevelItemCount(), _MOST_ROWS)
        self.setMaximumHeight(16_777_215 if beside else _ROW * rows + 6)

    def _go(self, item: QTreeWidgetItem) -> None:
        place = item.data(0, _PLACE)
        if place:
            self.place_asked.emit(str(place[0]), int(place[1]))

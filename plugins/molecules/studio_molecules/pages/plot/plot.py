"""The plot with its choices above it: which figures, and which way is better."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_molecules.pages.plot.scatter import Scatter
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.columns import figure_of
from studio_molecules.pages.table.model import column_title

_X, _Y = ("score", "sa", "mw"), ("similarity", "qed", "logp")
_NARROW = 520


class Plot(QWidget):
    """Scatter plot with its axis choices.

    Signals:
        opened: The user opens the selection in detail.
    """

    opened = Signal()

    def __init__(self, ctx: PluginContext, collection: Collection) -> None:
        super().__init__()
        self._ctx, self._collection = ctx, collection
        self.scatter = Scatter(ctx, collection)
        self.scatter.opened.connect(self.opened)
        self.box_x, self.box_y = self._choice(tr("X")), self._choice(tr("Upwards"))
        self.box_colour, self.box_size = self._extra(tr("Colour")), self._extra(tr("Size"))
        self.way_x, self.way_y = self._way(), self._way()
        self._more = {self.way_x: True, self.way_y: True}
        self.front_label = ctx.ui.label("", Role.WARN)
        self.front_label.setToolTip(
            tr("Molecules that no other beats in both properties (Pareto front)")
        )
        self._labels: list[QLabel] = []
        row = QHBoxLayout()
        row.setSpacing(4)
        for words, box, way in (
            (tr("X"), self.box_x, self.way_x),
            (tr("Y"), self.box_y, self.way_y),
        ):
            label = ctx.ui.label(words, Role.MUTE)
            self._labels.append(label)
            for part in (label, box, way):
                row.addWidget(part)
            row.addSpacing(8)
        row.addStretch(1)
        row.addWidget(self.front_label)
        looks = QHBoxLayout()
        looks.setSpacing(4)
        for words, box in ((tr("Colour"), self.box_colour), (tr("Size"), self.box_size)):
            looks.addWidget(ctx.ui.label(words, Role.MUTE))
            looks.addWidget(box)
            looks.addSpacing(8)
        looks.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addLayout(looks)
        column.addWidget(self.scatter, 1)
        collection.replaced.connect(self._on_replaced)
        collection.figured.connect(lambda _id: self._on_replaced())
        self.scatter.looked.connect(self._show_found)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Words give way where there is little room; the boxes have names of their own."""
        super().resizeEvent(event)
        for label in self._labels:
            label.setVisible(self.width() > _NARROW)

    def _choice(self, name: str) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.setToolTip(name)
        box.setMaximumWidth(170)
        box.currentIndexChanged.connect(self._on_axes)
        return box

    def _extra(self, name: str) -> QComboBox:
        """Return the choice of a figure that dots say by their looks, or of none."""
        box = QComboBox()
        box.setAccessibleName(name)
        box.setToolTip(tr("{what} of the dots").format(what=name))
        box.setMaximumWidth(170)
        box.currentIndexChanged.connect(self._on_looks)
        return box

    def _on_looks(self) -> None:
        self.scatter.dots.colour = str(self.box_colour.currentData() or "")
        self.scatter.dots.size = str(self.box_size.currentData() or "")
        self.scatter.refresh()

    def _way(self) -> QToolButton:
        button: QToolButton = self._ctx.ui.icon_button("arrow-up", tr("More is better"))
        button.clicked.connect(lambda: self.set_way(button, not self._more[button]))
        return button

    def set_way(self, way: QToolButton, more: bool) -> None:
        """Say whether more is better on the axis of ``way``."""
        self._more[way] = more
        self._on_ways()

    def _on_replaced(self) -> None:
        figures = self._collection.rows.figures
        for box, usual in ((self.box_x, _X), (self.box_y, _Y)):
            box.blockSignals(True)
            box.clear()
            for figure in figures:
                box.addItem(column_title(figure), figure)
            wanted = next((id for id in usual if id in figures), "")
            box.setCurrentIndex(max(0, box.findData(wanted)))
            box.blockSignals(False)
        for box in (self.box_colour, self.box_size):
            current = box.currentData()
            box.blockSignals(True)
            box.clear()
            box.addItem(tr("None"), "")
            for figure in figures:
                box.addItem(column_title(figure), figure)
            box.setCurrentIndex(max(0, box.findData(current)))
            box.blockSignals(False)
        self._on_looks()
        self._on_axes()

    def _on_axes(self) -> None:
        for box, way in ((self.box_x, self.way_x), (self.box_y, self.way_y)):
            self._more[way] = figure_of(str(box.currentData() or "")).wanted != "low"
        self._on_ways()

    def _on_ways(self) -> None:
        for way, more in self._more.items():
            words = tr("More is better") if more else tr("Less is better")
            way.setIcon(self._ctx.ui.icon("arrow-up" if more else "arrow-down", "text"))
            way.setToolTip(words)
            way.setAccessibleName(words)
        self.scatter.more_x, self.scatter.more_y = self._more.values()
        self.scatter.set_axes(
            str(self.box_x.currentData() or ""), str(self.box_y.currentData() or "")
        )

    def _show_found(self) -> None:
        words = tr("{count} on the Pareto front")
        self.front_label.setText(
            words.format(count=len(self.scatter.best)) if self.scatter.best else ""
        )

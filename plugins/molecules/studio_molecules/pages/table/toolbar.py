"""Row above the table: view modes and actions."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from studio.api import PluginContext
from studio.api.window.language import tr

TABLE, GRID, PLOT = "table", "grid", "plot"
_WIDE = 440


@dataclass
class _Part:
    """Whether there is room for a part of the page, and whether it is closed for want of it."""

    fits: bool = True
    gave_way: bool = False


class Toolbar(QWidget):
    """Buttons.

    Attributes:
        views: Table, grid or plot.
        filters, detail: Whether those parts are in view.

    Signals:
        columns_asked, recent_asked, set_asked: A menu is wanted; carries where on the screen.
        export_asked: The user wants a file.
    """

    columns_asked = Signal(QPoint)
    recent_asked = Signal(QPoint)
    set_asked = Signal(QPoint)
    export_asked = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.views = ctx.ui.switch_bar(
            tr("View"),
            (
                (TABLE, "table", tr("Table")),
                (GRID, "layout-grid", tr("Grid")),
                (PLOT, "circle-dot", tr("Plot")),
            ),
        )
        self.views.choose(TABLE)
        self._parts: dict[QToolButton, _Part] = {}
        self.filters = self._toggle("funnel", tr("Filters"))
        self.detail = self._toggle("panel-bottom", tr("Details"))
        self.columns = self._button("sliders-horizontal", tr("Choose properties"))
        self.columns.clicked.connect(lambda: self.columns_asked.emit(_below(self.columns)))
        self.recent = self._button("history", tr("Earlier tables"))
        self.recent.clicked.connect(lambda: self.recent_asked.emit(_below(self.recent)))
        self.set = self._button("layers", tr("Predict, cluster, combine"))
        self.set.clicked.connect(lambda: self.set_asked.emit(_below(self.set)))
        self.export = ctx.ui.button(tr("Export"), "download", dense=True)
        self.export.setAccessibleName(tr("Export"))
        self.export.setToolTip(tr("Save the selected, the shown or all molecules to a file"))
        self.export.clicked.connect(lambda: self.export_asked.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.filters)
        row.addWidget(self.views.widget)
        row.addStretch(1)
        for part in (self.set, self.columns, self.recent, self.detail, self.export):
            row.addWidget(part)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Words give way to icons where there is little room."""
        super().resizeEvent(event)
        wide = self.width() >= _WIDE
        self.views.show_words(wide)
        self.export.setText(tr("Export") if wide else "")

    def _button(self, icon: str, words: str) -> QToolButton:
        button: QToolButton = self._ctx.ui.icon_button(icon, words)
        return button

    def _toggle(self, icon: str, words: str) -> QToolButton:
        button = self._button(icon, words)
        button.setCheckable(True)
        button.setChecked(True)
        part = self._parts[button] = _Part()
        button.toggled.connect(lambda _on: setattr(part, "gave_way", False))
        return button

    def make_room(self, *, filters: bool, detail: bool) -> None:
        """Close a part that does not fit any more; open it again when it fits, if it was open."""
        for button, fits in ((self.filters, filters), (self.detail, detail)):
            part = self._parts[button]
            if fits and not part.fits and part.gave_way:
                button.setChecked(True)
            elif part.fits and not fits and button.isChecked():
                button.setChecked(False)
                part.gave_way = True
            part.fits = fits

    def wanted(self, button: QToolButton) -> bool:
        """Whether a part is in view, or would be if there were room."""
        return button.isChecked() or self._parts[button].gave_way

    def want(self, button: QToolButton, wanted: bool) -> None:
        """Open or close a part, as far as there is room."""
        part = self._parts[button]
        button.setChecked(wanted and part.fits)
        part.gave_way = wanted and not part.fits


def _below(button: QWidget) -> QPoint:
    return button.mapToGlobal(button.rect().bottomLeft())

"""Shows a plot of the library: read beside the window, small in its place, large in a sheet."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from studio.api.window.language import tr_filled
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.main_thread.bridge import Background
from studio.desktop.plot import files
from studio.desktop.plot.chart import Chart
from studio.desktop.plot.view import PlotView
from studio.desktop.widgets.sheet import Sheet

_HEIGHT = 240
_LARGE = (900, 520)


class PlotViewer(QWidget):
    """A plot, and a button that enlarges it.

    Attributes:
        view: Where it is drawn; None until it is read.
    """

    def __init__(self, look: Appearance, background: Background, path: Path, title: str) -> None:
        super().__init__()
        self._look, self._title = look, title
        self.view: PlotView | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self.setMinimumHeight(_HEIGHT)
        background.run(lambda: files.read(path), self._show, self._tell)

    def enlarge(self) -> None:
        """Show it in a sheet over the window."""
        if self.view is None:
            return
        window = self.window()
        width = min(_LARGE[0], window.width() - 48)
        sheet = Sheet(self._look, window, self._title or self.tr("Plot"), width)
        large = PlotView(self._look, self.view.chart, self._title)
        large.setMinimumHeight(min(_LARGE[1], window.height() - 160))
        sheet.body.addWidget(large)
        sheet.show_sheet(large)

    def _show(self, chart: Chart) -> None:
        if not isValid(self):
            return
        self.view = PlotView(self._look, chart, self._title)
        self.view.setMinimumHeight(_HEIGHT)
        self._column.addWidget(self.view)
        foot = QHBoxLayout()
        foot.addStretch()
        larger = self._look.icon_button("maximize-2", self.tr("Enlarge the plot"))
        larger.clicked.connect(self.enlarge)
        foot.addWidget(larger)
        self._column.addLayout(foot)

    def _tell(self, error: Exception) -> None:
        if isValid(self):
            label = self._look.label(tr_filled(error), "small", wrap=True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._column.addWidget(label)
            self._column.addStretch()

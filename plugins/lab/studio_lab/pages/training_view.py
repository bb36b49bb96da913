"""How a training goes, or went: its charts at the left, samples of the model at the right."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio.api.plot import Plot
from studio.api.window.ui import PlotView, SwitchBar
from studio_lab.pages.phrases import about_losses, about_plot, in_words, plot_name, tr

_NARROW = 700
_CHART_MOST = 520
_SIDE_BY_SIDE = 4
"""So many charts have a button each; of more one is chosen from a list."""


class TrainingView(QWidget):
    """Shows what it is given; asks nobody.

    Attributes:
        chosen: The title of the chart in view.
    """

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self._plots: dict[str, Plot] = {}
        self._bar: SwitchBar | None = None
        self.choice = ctx.ui.combo_box()
        self.choice.setAccessibleName(tr("Chart"))
        self.choice.hide()
        self.choice.activated.connect(lambda at: self._choose(self.choice.itemData(at)))
        self._view: PlotView | None = None
        self.chosen = ""
        self.samples = SampleSheet()
        self._heading = ctx.ui.elided_label("", Role.HEADING)
        self._about = ctx.ui.label("", Role.MUTE, wrap=True)
        self._caption = ctx.ui.label("", Role.SMALL, wrap=True)
        self._charts = QVBoxLayout()
        self._charts.setSpacing(8)
        self._charts.addWidget(self.choice, 0, Qt.AlignmentFlag.AlignLeft)
        self._charts.addWidget(self._about)
        beside = QVBoxLayout()
        beside.setSpacing(8)
        self.report = ctx.ui.prose_view()
        beside.addWidget(self._caption)
        beside.addWidget(self.samples, 1)
        beside.addWidget(self.report.widget)
        beside.addStretch()
        self._sides = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._sides.setSpacing(24)
        self._sides.addLayout(self._charts, 3)
        self._sides.addLayout(beside, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._heading.widget)
        column.addLayout(self._sides, 1)

    def begin(self, title: str) -> None:
        """Show nothing yet of a training that is called ``title``."""
        self._heading.set_text(title)
        self._plots.clear()
        self._rebuild()
        self.show_samples(QImage(), "")
        self.show_report("")

    def show_report(self, text: str) -> None:
        """Show what was found out, as Markdown, in the place of samples."""
        self.report.set_text(text)
        self.report.widget.setVisible(bool(text))
        self.samples.setVisible(not text)

    def show_plot(self, plot: Plot) -> None:
        """Show a chart, in the place of an older one of that title."""
        is_new = plot.title not in self._plots
        self._plots[plot.title] = plot
        if is_new:
            self._rebuild()
        elif plot.title == self.chosen and self._view is not None:
            self._view.set_plot(in_words(plot))

    def show_samples(self, image: QImage, caption: str) -> None:
        """Show what the model makes; a null image is none."""
        self.samples.set_image(image)
        self._caption.setText(caption)

    def resizeEvent(self, event: object) -> None:
        """Charts stand above the samples where there is little room."""
        ways = QBoxLayout.Direction
        self._sides.setDirection(ways.TopToBottom if self.width() < _NARROW else ways.LeftToRight)

    def _rebuild(self) -> None:
        titles = [*self._plots]
        if self.chosen not in titles:
            self.chosen = titles[0] if titles else ""
        if self._bar is not None:
            self._charts.removeWidget(self._bar.widget)
            self._bar.widget.deleteLater()
            self._bar = None
        self.choice.clear()
        self.choice.setVisible(len(titles) > _SIDE_BY_SIDE)
        if len(titles) > _SIDE_BY_SIDE:
            for title in titles:
                self.choice.addItem(plot_name(title), title)
            self.choice.setCurrentIndex(titles.index(self.chosen))
        elif len(titles) > 1:
            choices = [(title, "", plot_name(title)) for title in titles]
            self._bar = self._ui.switch_bar(tr("Chart"), choices)
            self._bar.choose(self.chosen)
            self._bar.on_choose(self._choose)
            self._charts.insertWidget(0, self._bar.widget, 0, Qt.AlignmentFlag.AlignLeft)
        self._show_chosen()

    def _choose(self, title: str) -> None:
        self.chosen = title
        self._show_chosen()

    def _show_chosen(self) -> None:
        plot = self._plots.get(self.chosen)
        names = tuple(each.name for each in plot.series) if plot else ()
        self._about.setText(about_losses(names) or about_plot(self.chosen))
        if plot is None:
            if self._view is not None:
                self._view.widget.hide()
            return
        if self._view is None:
            self._view = self._ui.plot_view(in_words(plot))
            self._view.widget.setMaximumHeight(_CHART_MOST)
            self._charts.insertWidget(self._charts.count() - 1, self._view.widget, 1)
        self._view.set_plot(in_words(plot))
        self._view.widget.show()


class SampleSheet(QWidget):
    """A picture as large as its room; small ones are enlarged in whole pixels, unsmoothed."""

    def __init__(self) -> None:
        super().__init__()
        self.image = QImage()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Samples"))

    def sizeHint(self) -> QSize:
        return QSize(320, 320)

    def set_image(self, image: QImage) -> None:
        """Show another one; a null image is none."""
        self.image = image
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.image.isNull():
            return
        painter = QPainter(self)
        size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        smooth = size.width() < self.image.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawImage(QRectF(0, 0, size.width(), size.height()), self.image)

"""Results of a job: charts and reports at the left, samples at the right."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QFrame,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext, Role
from studio.api.plot import Plot
from studio.api.window.language import tr
from studio.api.window.ui import PlotView, SwitchBar
from studio_lab.pages.explanations import about_figures
from studio_lab.pages.phrases import about_losses, about_plot, in_words, plot_name

_NARROW = 700
_CHART_MOST, _CHARTS_PART = 520, 3
_SIDE_BY_SIDE = 4
"""So many have a button each; of more one is chosen from a list."""
_FIRST = ("Report", "Comparison", "Loss")
"""What is shown of several, where nothing was chosen."""


class TrainingView(QWidget):
    """Shows given results; requests none.

    Attributes:
        chosen: The title of the chart or report in view.
        notes: Shows deviations from the plan.
        report: Shows the report, if one is chosen.
        texts: Shows generated texts.
    """

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self._shown: dict[str, Plot | str] = {}
        self._results: dict[str, tuple[QImage | str, str]] = {}
        self._view: PlotView | None = None
        self.chosen = self._chosen_results = ""
        self._is_chosen_by_hand = False
        self.samples, self.report, self.texts = (
            SampleSheet(),
            ctx.ui.prose_view(),
            ctx.ui.prose_view(),
        )
        self.choice = _Choice(ctx, tr("Chart"), self._choose)
        self.choice_results = _Choice(ctx, tr("Samples"), self._choose_results)
        self._heading = ctx.ui.elided_label("", Role.HEADING)
        self._about = ctx.ui.label("", Role.MUTE, wrap=True)
        self._caption = ctx.ui.label("", Role.SMALL, wrap=True)
        self.notes = ctx.ui.label("", Role.MUTE, wrap=True)
        self._waits = ctx.ui.label(
            tr("Charts and samples appear here after a few seconds."), Role.MUTE, wrap=True
        )
        self._pane = QScrollArea()
        self._pane.setWidgetResizable(True)
        self._pane.setFrameShape(QFrame.Shape.NoFrame)
        self._pane.setWidget(self.report.widget)
        self._lay_out()

    def _lay_out(self) -> None:
        self._charts = QVBoxLayout()
        self._charts.addWidget(self.choice)
        self._charts.addWidget(self._pane, 1)
        self._charts.addWidget(self._about)
        self._beside = QWidget()
        beside = QVBoxLayout(self._beside)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self.choice_results)
        beside.addWidget(self._caption)
        beside.addWidget(self.samples, 1)
        beside.addWidget(self.texts.widget, 1)
        self._sides = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._sides.addLayout(self._charts, _CHARTS_PART)
        self._sides.addWidget(self._beside, 2)
        self._sides.setSpacing(24)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._heading.widget)
        column.addWidget(self.notes)
        column.addWidget(self._waits)
        column.addLayout(self._sides, 1000)
        column.addStretch(1)  # while there is nothing, the heading stays on top
        for widget in (self._charts, beside, column):
            widget.setSpacing(8)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see of the job yet."""
        return not (self._shown or self._results)

    def begin(self, title: str) -> None:
        """Show nothing yet of a job that is called ``title``."""
        self._heading.set_text(title)
        self._shown, self._results = {}, {}
        self._is_chosen_by_hand = False
        self.show_notes([])
        self._show_chosen()
        self._show_results()

    def show_notes(self, notes: list[str]) -> None:
        """Show what went otherwise than planned, above everything else."""
        self.notes.setText(" ".join(notes))
        self.notes.setVisible(bool(notes))

    def show_plot(self, plot: Plot) -> None:
        """Show a chart, in the place of an older one of that title."""
        self._show(plot.title, plot)

    def show_report(self, title: str, text: str) -> None:
        """Show Markdown in the place of a chart."""
        self._show(title, text)

    def show_samples(self, title: str, content: QImage | str, caption: str) -> None:
        """Show samples of the model, a picture or a text, replacing older ones."""
        self._results[title] = (content, caption)
        if self._chosen_results not in self._results:
            self._chosen_results = title
        self._show_results()

    def resizeEvent(self, event: object) -> None:
        """Charts stand above the samples where there is little room."""
        ways = QBoxLayout.Direction
        self._sides.setDirection(ways.TopToBottom if self.width() < _NARROW else ways.LeftToRight)

    def _show(self, title: str, content: Plot | str) -> None:
        self._shown[title] = content
        first = next((name for name in _FIRST if name in self._shown), next(iter(self._shown)))
        if self.chosen not in self._shown or not self._is_chosen_by_hand:
            self.chosen = first
        self._show_chosen()

    def _choose(self, title: str) -> None:
        self.chosen, self._is_chosen_by_hand = title, True
        self._show_chosen()

    def _choose_results(self, title: str) -> None:
        self._chosen_results = title
        self._show_results()

    def _show_chosen(self) -> None:
        content = self._shown.get(self.chosen)
        is_plot, is_report = isinstance(content, Plot), isinstance(content, str)
        self._give_room()
        self.choice.offer([*self._shown], self.chosen)
        self._about.setText(_about(self.chosen, content))
        self._about.setVisible(bool(self._about.text()))
        self._pane.setVisible(is_report)
        self.report.set_text(content if isinstance(content, str) else "")
        self._beside.setVisible(bool(self._results) and not is_report)
        if isinstance(content, Plot):
            self._draw(content)
        if self._view is not None:
            self._view.widget.setVisible(is_plot)

    def _give_room(self) -> None:
        """Leave the samples all of the width where there is no chart."""
        self._waits.setVisible(self.is_empty)
        self._sides.setStretch(0, _CHARTS_PART if self._shown else 0)

    def _draw(self, plot: Plot) -> None:
        if self._view is None:
            self._view = self._ui.plot_view(in_words(plot))
            self._view.widget.setMaximumHeight(_CHART_MOST)
            self._charts.insertWidget(1, self._view.widget, 1)
        self._view.set_plot(in_words(plot))

    def _show_results(self) -> None:
        content, caption = self._results.get(self._chosen_results, ("", ""))
        self._give_room()
        self._beside.setVisible(bool(self._results) and not self._pane.isVisibleTo(self))
        self.choice_results.offer([*self._results], self._chosen_results)
        is_picture = isinstance(content, QImage)
        self.samples.setVisible(is_picture)
        self.samples.set_image(content if isinstance(content, QImage) else QImage())
        self.texts.widget.setVisible(not is_picture)
        self.texts.set_text(content if isinstance(content, str) else "")
        self._caption.setText(caption)


def _about(title: str, content: Plot | str | None) -> str:
    losses = content.series if isinstance(content, Plot) and title == "Loss" else ()
    return (
        about_losses(tuple(line.name for line in losses))
        or about_plot(title)
        or about_figures(title)
    )


class _Choice(QWidget):
    """One of a few by buttons, of many by a list; hidden where there is nothing to choose."""

    def __init__(self, ctx: PluginContext, name: str, chosen: Callable[[str], None]) -> None:
        super().__init__()
        self._ui, self._name, self._chosen = ctx.ui, name, chosen
        self._titles: list[str] = []
        self._bar: SwitchBar | None = None
        self.combo = ctx.ui.combo_box()
        self.combo.setAccessibleName(name)
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.combo.activated.connect(lambda at: self._tell(self.combo.itemData(at)))
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self.combo, 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()

    def offer(self, titles: list[str], chosen: str) -> None:
        """Offer these, of which one is chosen."""
        if titles != self._titles:
            self._titles = titles
            self._rebuild()
        if chosen in titles:
            self.combo.setCurrentIndex(titles.index(chosen))
            if self._bar is not None:
                self._bar.choose(chosen)

    def _rebuild(self) -> None:
        titles, is_long = self._titles, len(self._titles) > _SIDE_BY_SIDE
        self.combo.clear()
        for title in titles:
            self.combo.addItem(plot_name(title), title)
        if self._bar is not None:
            self._column.removeWidget(self._bar.widget)
            self._bar.widget.hide()  # it goes later, and is in the way until then
            self._bar.widget.deleteLater()
            self._bar = None
        if not is_long and len(titles) > 1:
            choices = [(title, "", plot_name(title)) for title in titles]
            self._bar = self._ui.switch_bar(self._name, choices)
            self._bar.on_choose(self._tell)
            self._column.addWidget(self._bar.widget, 0, Qt.AlignmentFlag.AlignLeft)
        self.combo.setVisible(is_long)
        self.setVisible(len(titles) > 1)

    def _tell(self, title: str) -> None:
        self._chosen(title)


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

"""The page of tasks that bring none: their forms at the right, progress and results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from studio.api.artifacts import SavedArtifact
from studio.api.jobs import JobHandle
from studio.api.manifest import TaskEntry
from studio.api.params import Params
from studio.api.plot import Plot
from studio.api.window.context import Page, PageAction, PluginContext
from studio.api.window.language import tr_filled
from studio.desktop import phrases
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.language import declared
from studio.desktop.kit.pixels import image_of
from studio.desktop.pages.page_frame import Column, PageFrame, card
from studio.desktop.pages.task_forms import TaskForms
from studio.desktop.plot.view import PlotView
from studio.desktop.ui import WindowUi
from studio.protocol.errors import StudioError
from studio.protocol.states import JobState

PREVIEW_SIDE = 320
_CHART_HEIGHT = 240
_WIDEST = 640
"""Pixels that a result is wide at most."""
Show = Callable[[SavedArtifact, Callable[[QWidget], None]], None]
"""Calls back with what shows a result."""


def build(
    ctx: PluginContext, tasks: Sequence[tuple[TaskEntry, type[Params]]], title: str, show: Show
) -> Page:
    """Return a full page for ``tasks``; ``show`` displays their results."""
    page = TaskPage(ctx, tasks, title, show)
    name = tasks[0][0].id
    return Page(
        page,
        page.panel,
        save_state=page.forms.save_state,
        restore_state=page.forms.restore_state,
        accept=page.take,
        reuse=page.forms.reuse,
        run=page.run.run,
        actions=[PageAction(f"{name}.run", title, page.run.run, "play", "Ctrl+Return")],
        focus=page.button.widget.setFocus,
    )


class TaskPage(QWidget):
    """Runs its tasks repeatedly and shows their results.

    Attributes:
        panel: The forms and the button under them.
        forms: The forms, one visible at a time.
        run: Runs the current job.
    """

    def __init__(
        self,
        ctx: PluginContext,
        tasks: Sequence[tuple[TaskEntry, type[Params]]],
        title: str,
        show: Show,
    ) -> None:
        super().__init__()
        assert isinstance(ctx.ui, WindowUi)
        self._ui, self._show = ctx.ui, show
        self._tasks = [entry for entry, _ in tasks]
        self.trouble = ctx.ui.trouble_row()
        self.forms = TaskForms(ctx, tasks, self.trouble.tell)
        self.button = ctx.kit.run_button(self.tr("Run"))
        self.run = ctx.kit.run_controller(
            prepare=self.forms.request,
            button=self.button,
            trouble=self.trouble,
            name=tasks[0][0].id,
        )
        self.run.on_start(self._on_start)
        self.panel = self._panel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._frame = PageFrame(ctx.ui.look, declared(title))
        layout.addWidget(self._frame)
        self._empty = ctx.ui.empty_state(
            "play",
            self.tr("No results yet"),
            self.tr(
                "Set the parameters on the right, then press Run. Results are saved to the library."
            ),
        )
        self._results = Column()
        self._results.hide()
        self._frame.body.addWidget(self.trouble)
        self._frame.body.addWidget(self._empty, 1)
        self._frame.body.addWidget(self._results, 1)
        self.forms.on_task(lambda task: self._frame.say(declared(task.summary)))

    def take(
        self, artifact: SavedArtifact, task: str = "", params: Mapping[str, Any] | None = None
    ) -> None:
        """Fill a form with an artifact: that of ``task``, or of the first that accepts it."""
        self.forms.take(artifact, task, params or {})

    def _panel(self) -> QWidget:
        panel = QWidget()
        column = QVBoxLayout(panel)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.forms, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(20, 8, 16, 20)
        foot.addWidget(self.button.widget)
        column.addLayout(foot)
        return panel

    def _on_start(self, job: JobHandle) -> None:
        self._empty.hide()
        self._results.show()
        title = next((task.title for task in self._tasks if task.id == job.task), job.task)
        shown = RunCard(self._ui, declared(title), self._show)
        self._results.cards.insertWidget(0, shown)
        shown.follow(job)


class RunCard(QWidget):
    """One run: state in words, progress, preview, text, results."""

    def __init__(self, ui: WindowUi, title: str, show: Show) -> None:
        super().__init__()
        self._look: Appearance = ui.look
        self._show, self._ui = show, ui
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        frame, self._column = card()
        outer.addWidget(frame)
        head = QHBoxLayout()
        head.setSpacing(8)
        self._icon = self._look.icon_label("clock")
        head.addWidget(self._icon)
        head.addWidget(self._look.label(title, "strong"))
        head.addStretch()
        self._state = self._look.label("", "small")
        head.addWidget(self._state)
        self._column.addLayout(head)
        self._progress = ui.progress_row(stop=False)
        self._column.addWidget(self._progress)
        self._preview = self._look.label("")
        self._preview.hide()
        self._column.addWidget(self._preview)
        self._charts = QVBoxLayout()
        self._column.addLayout(self._charts)
        self._views: dict[str, PlotView] = {}
        self.text = self._look.label("", wrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.hide()
        self._column.addWidget(self.text)

    def follow(self, job: JobHandle) -> None:
        """Show everything that ``job`` tells."""
        self._progress.follow(job)
        job.on_state(self._while_there(self._on_state))
        job.on_preview(self._while_there(self._on_preview))
        job.on_plot(self._while_there(self._on_plot))
        job.on_text(self._while_there(self._on_text))
        job.on_artifact(self._while_there(self._on_artifact))
        job.on_failed(self._while_there(self._on_failed))

    def _while_there(self, call: Callable[..., None]) -> Callable[..., None]:
        """Return what calls it, until the page is gone: a job may outlive it."""
        return lambda *args: call(*args) if isValid(self) else None

    def _on_state(self, state: JobState, reason: str) -> None:
        icon, color = phrases.STATE_ICON[state]
        self._icon.set_icon(icon, color)
        self._state.setText(phrases.state(state, reason))
        if state.is_terminal:
            self._preview.hide()
            for view in self._views.values():  # the results have what is worth keeping
                view.hide()

    def _on_preview(self, pixels: Any, note: str) -> None:
        image = image_of(pixels)
        if image.isNull():
            return
        self._preview.setPixmap(_fitted(QPixmap.fromImage(image)))
        self._preview.setAccessibleName(note or self.tr("Preview"))
        self._preview.show()

    def _on_plot(self, plot: Plot) -> None:
        view = self._views.get(plot.title)
        if view is not None:
            view.set_plot(plot)
            return
        view = self._views[plot.title] = self._ui.plot_view(plot)
        view.setFixedHeight(_CHART_HEIGHT)
        self._charts.addWidget(view)

    def _on_text(self, text: str, tokens: int, channel: str) -> None:
        self.text.setText(self.text.text() + text)
        self.text.show()

    def _on_artifact(self, artifact: SavedArtifact) -> None:
        place = QVBoxLayout()
        self._column.addLayout(place)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._look.icon_label("circle-check", "good"))
        name = artifact.title or artifact.kind
        row.addWidget(
            self._look.label(self.tr("Saved to the library: {name}").format(name=name), "small")
        )
        row.addStretch()
        self._column.addLayout(row)
        self._preview.hide()
        if artifact.text and self.text.text():
            return  # it was read while it was written

        def shown(widget: QWidget) -> None:
            if isValid(self):
                widget.setMaximumWidth(_WIDEST)
                place.addWidget(widget)

        self._show(artifact, shown)

    def _on_failed(self, error: StudioError) -> None:
        self.text.setText(tr_filled(error))
        self.text.show()


def _fitted(pixmap: QPixmap) -> QPixmap:
    if max(pixmap.width(), pixmap.height()) <= PREVIEW_SIDE:
        return pixmap
    return pixmap.scaled(
        PREVIEW_SIDE,
        PREVIEW_SIDE,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )

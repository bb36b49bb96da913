"""The page of any task that brings none: form at the right, progress and results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api.artifacts import SavedArtifact
from studio.api.jobs import JobHandle, JobRequest
from studio.api.manifest import TaskEntry
from studio.api.params import Params
from studio.api.window.context import Page, PageAction, PluginContext
from studio.desktop import formatting
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.language import declared
from studio.desktop.kit.pixels import image_of
from studio.desktop.pages.page_frame import Column, PageFrame, card
from studio.desktop.ui import WindowUi
from studio.protocol.errors import StudioError
from studio.protocol.states import JobState

PREVIEW_SIDE = 320


def build(ctx: PluginContext, task: TaskEntry, params: type[Params]) -> Page:
    """Return a full page for ``task``."""
    page = TaskPage(ctx, task, params)
    return Page(
        page,
        page.panel,
        save_state=page.save_state,
        restore_state=page.restore_state,
        actions=[PageAction(f"{task.id}.run", task.title, page.run.run, "play", "Ctrl+Return")],
        focus=page.button.widget.setFocus,
    )


class TaskPage(QWidget):
    """Runs one task again and again, and shows what it made.

    Attributes:
        panel: The form and the button under it.
        form: The form.
        run: Runs the job in hand.
    """

    def __init__(self, ctx: PluginContext, task: TaskEntry, params: type[Params]) -> None:
        super().__init__()
        assert isinstance(ctx.ui, WindowUi)
        self._ui, self._task, self._params = ctx.ui, task, params
        self.form = ctx.ui.form(params)
        self.button = ctx.kit.run_button(self.tr("Run"))
        self.trouble = ctx.ui.trouble_row()
        self.run = ctx.kit.run_controller(
            prepare=self._request, button=self.button, trouble=self.trouble
        )
        self.run.on_start(self._on_start)
        self.panel = self._panel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        frame = PageFrame(ctx.ui.look, declared(task.title), declared(task.summary))
        layout.addWidget(frame)
        self._empty = ctx.ui.empty_state(
            "play",
            self.tr("No results yet"),
            self.tr(
                "Set the parameters on the right, then press Run. Results are saved to the library."
            ),
        )
        self._results = Column()
        self._results.hide()
        frame.body.addWidget(self.trouble)
        frame.body.addWidget(self._empty, 1)
        frame.body.addWidget(self._results, 1)

    def _panel(self) -> QWidget:
        panel = QWidget()
        column = QVBoxLayout(panel)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.form.widget, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(20, 8, 20, 20)
        foot.addWidget(self.button.widget)
        column.addLayout(foot)
        return panel

    def _request(self) -> JobRequest:
        params = self._params.parse(self.form.values())
        return JobRequest(self._task.id, params, title=self._task.title)

    def _on_start(self, job: JobHandle) -> None:
        self._empty.hide()
        self._results.show()
        shown = RunCard(self._ui, self._task.title)
        self._results.cards.insertWidget(0, shown)
        shown.follow(job)

    # --- state --------------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Return what the form says."""
        return {"values": self.form.values()}

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Show what the form said."""
        values = state.get("values")
        if isinstance(values, Mapping):
            self.form.set_values(values)


class RunCard(QWidget):
    """One run: state in words, progress, preview, text, results."""

    def __init__(self, ui: WindowUi, title: str) -> None:
        super().__init__()
        self._look: Appearance = ui.look
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
        self.text = self._look.label("", wrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.hide()
        self._column.addWidget(self.text)

    def follow(self, job: JobHandle) -> None:
        """Show everything that ``job`` tells."""
        self._progress.follow(job)
        job.on_state(self._on_state)
        job.on_preview(self._on_preview)
        job.on_text(self._on_text)
        job.on_artifact(self._on_artifact)
        job.on_failed(self._on_failed)

    def _on_state(self, state: JobState, reason: str) -> None:
        icon, color = formatting.STATE_ICON[state]
        self._icon.set_icon(icon, color)
        self._state.setText(formatting.state(state, reason))
        if state.is_terminal:
            self._preview.hide()

    def _on_preview(self, pixels: Any, note: str) -> None:
        image = image_of(pixels)
        if image.isNull():
            return
        self._preview.setPixmap(_fitted(QPixmap.fromImage(image)))
        self._preview.setAccessibleName(note or self.tr("Preview"))
        self._preview.show()

    def _on_text(self, text: str, tokens: int, channel: str) -> None:
        self.text.setText(self.text.text() + text)
        self.text.show()

    def _on_artifact(self, artifact: SavedArtifact) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        shown = False
        if artifact.kind == "image":
            pixmap = QPixmap(str(artifact.path))
            if not pixmap.isNull():
                picture = self._look.label("")
                picture.setPixmap(_fitted(pixmap))
                picture.setAccessibleName(artifact.title)
                self._column.addWidget(picture)
                shown = True
        elif artifact.text and not self.text.text():
            self.text.setText(artifact.text)
            self.text.show()
        row.addWidget(self._look.icon_label("circle-check", "good"))
        name = artifact.title or artifact.kind
        row.addWidget(
            self._look.label(self.tr("Saved to the library: {name}").format(name=name), "small")
        )
        row.addStretch()
        self._column.addLayout(row)
        if shown:
            self._preview.hide()

    def _on_failed(self, error: StudioError) -> None:
        self.text.setText(str(error))
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

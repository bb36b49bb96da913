"""The page of any task that brings none: form at the right, progress and results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from studio.api.artifacts import SavedArtifact
from studio.api.gui import JobHandle, Page, PageAction, PluginContext
from studio.api.manifest import TaskEntry
from studio.api.params import Params
from studio.desktop import words
from studio.desktop.look import Look
from studio.desktop.pages.frame import Column, PageFrame, card
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
        actions=[PageAction(f"{task.id}.run", task.title, page.run, "play", "Ctrl+Return")],
        focus=page.run_button.setFocus,
    )


class TaskPage(QWidget):
    """Runs one task again and again, and shows what it made.

    Attributes:
        panel: The form and the button under it.
        form: The form.
        job: The job in hand, or None.
    """

    def __init__(self, ctx: PluginContext, task: TaskEntry, params: type[Params]) -> None:
        super().__init__()
        assert isinstance(ctx.ui, WindowUi)
        self._ctx, self._task, self._params = ctx, task, params
        self._look = look = ctx.ui.look
        self.job: JobHandle | None = None
        self.form = ctx.ui.form(params)
        self.run_button = look.button(self.tr("Run"), "play", kind="primary")
        self.run_button.clicked.connect(self._run_or_stop)
        self.panel = self._panel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._frame = PageFrame(look, task.title, task.summary)
        layout.addWidget(self._frame)
        self._empty = ctx.ui.empty_state(
            "play",
            self.tr("Nothing made yet"),
            self.tr("Set what you want on the right, then press Run. Results stay in the gallery."),
        )
        self._results = Column()
        self._results.hide()
        self._frame.body.addWidget(self._empty, 1)
        self._frame.body.addWidget(self._results, 1)
        self._card: RunCard | None = None

    # --- running ------------------------------------------------------------------------------

    def run(self) -> None:
        """Start the task with what the form says."""
        if self.job is not None:
            return
        try:
            params = self._params.parse(self.form.values())
            job = self._ctx.tasks.submit(self._task.id, params, title=self._task.title)
        except StudioError as error:
            self._ctx.notices.error(error, key=self._task.id)
            return
        self.job = job
        self._empty.hide()
        self._results.show()
        self._card = RunCard(self._look, self._task.title)
        self._results.cards.insertWidget(0, self._card)
        self._card.follow(job)
        job.on_state(self._on_state)
        job.on_failed(lambda error: self._ctx.notices.error(error, key=self._task.id))

    def _run_or_stop(self) -> None:
        if self.job is None:
            self.run()
        else:
            self.job.cancel()
            self.run_button.setEnabled(False)

    def _on_state(self, state: JobState, reason: str) -> None:
        if state.is_terminal:
            self.job = None
        running = self.job is not None
        self.run_button.setEnabled(True)
        self.run_button.setText(self.tr("Stop") if running else self.tr("Run"))
        self.run_button.setIcon(
            self._look.icons.icon("circle-stop" if running else "play", "on-accent", on="accent")
        )

    # --- state --------------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Return what the form says."""
        return {"values": self.form.values()}

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Show what the form said."""
        values = state.get("values")
        if isinstance(values, Mapping):
            self.form.set_values(values)

    def _panel(self) -> QWidget:
        panel = QWidget()
        column = QVBoxLayout(panel)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.form.widget, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(20, 8, 20, 20)
        foot.addWidget(self.run_button)
        column.addLayout(foot)
        return panel


class RunCard(QWidget):
    """One run: state in words, progress, preview, text, results."""

    def __init__(self, look: Look, title: str) -> None:
        super().__init__()
        self._look = look
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        frame, column = card()
        outer.addWidget(frame)
        head = QHBoxLayout()
        head.setSpacing(8)
        self._icon = look.icon_label("clock")
        head.addWidget(self._icon)
        head.addWidget(look.label(title, "strong"))
        head.addStretch()
        self._state = look.label("", "small")
        head.addWidget(self._state)
        column.addLayout(head)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 0)
        column.addWidget(self._bar)
        self._preview = look.label("")
        self._preview.hide()
        column.addWidget(self._preview)
        self.text = look.label("", wrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.hide()
        column.addWidget(self.text)
        self._column = column

    def follow(self, job: JobHandle) -> None:
        """Show everything that ``job`` tells."""
        job.on_state(self._on_state)
        job.on_progress(self._on_progress)
        job.on_preview(self._on_preview)
        job.on_text(self._on_text)
        job.on_artifact(self._on_artifact)
        job.on_failed(self._on_failed)

    def _on_state(self, state: JobState, reason: str) -> None:
        icon, color = words.STATE_ICON[state]
        self._icon.set_icon(icon, color)
        self._state.setText(words.state(state, reason))
        if state.is_terminal:
            self._bar.hide()
            self._preview.hide()

    def _on_progress(self, done: float, total: float, message: str, left: float | None) -> None:
        self._bar.setRange(0, 1000 if total else 0)
        self._bar.setValue(round(1000 * done / total) if total else 0)
        parts = [message or self.tr("running")]
        if left is not None:
            parts.append(self.tr("{time} left").format(time=words.duration(left)))
        self._state.setText(" · ".join(parts))

    def _on_preview(self, pixels: Any, note: str) -> None:
        image = _image(pixels)
        if image is None:
            return
        pixmap = QPixmap.fromImage(image)
        self._preview.setPixmap(_fitted(pixmap))
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
            self._look.label(self.tr("Saved in the gallery: {name}").format(name=name), "small")
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


def _image(pixels: Any) -> QImage | None:
    """Return an (H, W, 3 or 4) uint8 buffer as a picture; None if it is none."""
    view = memoryview(pixels)
    if view.ndim != 3 or view.shape is None or view.shape[2] not in (3, 4):
        return None
    height, width, channels = view.shape
    layout = QImage.Format.Format_RGB888 if channels == 3 else QImage.Format.Format_RGBA8888
    return QImage(view.tobytes(), width, height, width * channels, layout).copy()

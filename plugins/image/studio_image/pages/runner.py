"""One job of the page: submits it, follows it, turns its previews into pictures. Draws nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from studio.api import JobHandle, PluginContext, SavedArtifact, StudioError
from studio_image.pages.modes import Mode
from studio_image.pages.results import Result


class Runner(QObject):
    """Runs one job at a time.

    Signals:
        previewed: The picture as it is now.
        made: A ``Result`` is on disk.
        ended: It is over: the last artifact's id or "", and a note for the user or "".
        failed: It is over with a ``StudioError``.
    """

    previewed = Signal(QImage)
    made = Signal(object)
    ended = Signal(str, str)
    failed = Signal(object)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.job: JobHandle | None = None
        self._mode: Mode | None = None
        self._params: dict[str, Any] = {}
        self._source = ""
        self._first = ""

    @property
    def busy(self) -> bool:
        """Whether a job is at work."""
        return self.job is not None

    @property
    def task(self) -> str:
        """The task that was started last."""
        return self._mode.task if self._mode is not None else ""

    def start(self, mode: Mode, params: dict[str, Any], title: str, source: str) -> None:
        """Submit a job.

        Args:
            source: Id of the artifact it works on, or "".

        Raises:
            StudioError: The parameters are wrong, or no weights fit.
        """
        parsed = mode.params.parse(params)
        self._mode, self._params, self._source, self._first = mode, params, source, ""
        job = self._ctx.tasks.submit(
            mode.task, parsed, title=title, parents=[source] if source else []
        )
        self.job = job
        job.on_preview(self._on_preview).on_artifact(self._on_artifact).on_done(self._on_done)
        job.on_failed(self._on_failed).on_cancelled(lambda: self._end(""))

    def _on_preview(self, buffer: Any, _note: str) -> None:
        image = image_of(buffer)
        if not image.isNull():
            self.previewed.emit(image)

    def _on_artifact(self, artifact: SavedArtifact) -> None:
        assert self._mode is not None
        recipe = artifact.meta.get("params")
        params = dict(recipe) if isinstance(recipe, Mapping) else dict(self._params)
        if isinstance(artifact.meta.get("seed"), int):
            params["seed"] = artifact.meta["seed"]
        self._first = self._first or artifact.id
        self.made.emit(Result(artifact, self._mode.task, params, self._source))

    def _on_done(self, result: Mapping[str, Any]) -> None:
        note = result.get("note")
        self._end(note if isinstance(note, str) else "")

    def _on_failed(self, error: StudioError) -> None:
        self.job = None
        self.failed.emit(error)

    def _end(self, note: str) -> None:
        self.job = None
        self.ended.emit(self._first, note)


def parts_of(image: QImage) -> list[QImage]:
    """Return the square pictures that stand side by side in a preview; one picture as it is."""
    side = image.height()
    count = image.width() // side if side else 0
    if count < 2 or image.width() != count * side:
        return [image]
    return [image.copy(place * side, 0, side, side) for place in range(count)]


def image_of(buffer: Any) -> QImage:
    """Return an (H, W, 3 or 4) uint8 buffer as a picture of its own; null for any other shape."""
    view = memoryview(buffer)
    if view.shape is None or len(view.shape) != 3 or view.itemsize != 1:
        return QImage()
    if view.shape[2] not in (3, 4):
        return QImage()
    height, width, channels = view.shape
    formats = QImage.Format
    layout = formats.Format_RGB888 if channels == 3 else formats.Format_RGBA8888
    return QImage(view.tobytes(), width, height, width * channels, layout).copy()

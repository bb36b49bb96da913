"""Start and Stop: from what is set to a job, and from the job's end back to the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QImage

from studio.api import PluginContext, StudioError
from studio_image.pages.modes import DRAW, Mode
from studio_image.pages.results import Result
from studio_image.pages.runner import Runner, parts_of

if TYPE_CHECKING:
    from studio_image.pages.page import PicturePage


class RunController:
    """Runs what the composer says.

    Attributes:
        runner: The job at work.
    """

    def __init__(self, ctx: PluginContext, page: PicturePage) -> None:
        self._ctx, self._page = ctx, page
        self.runner = Runner(ctx)
        self._retry: Callable[[], None] = self.run
        self.runner.previewed.connect(self._on_preview)
        self.runner.made.connect(page.shelf.add)
        self.runner.ended.connect(self._on_ended)
        self.runner.failed.connect(self._on_failed)

    @property
    def busy(self) -> bool:
        """Whether a job is at work."""
        return self.runner.busy

    def run_or_stop(self) -> None:
        """Start, or stop what is at work."""
        if self.busy:
            self._page.progress.stop()
        else:
            self.run()

    def run(self) -> None:
        """Start with what is set."""
        if self.busy:
            return
        composer = self._page.composer
        missing = composer.missing()
        if missing:
            self._page.trouble.tell(missing)
            return
        mode = self._page.modes[self._page.mode]
        self._start(mode, composer.params(), composer.job_title(), composer.source())

    def again(self, result: Result) -> None:
        """Make a picture once more, with everything as it was; what is set stays as it is."""
        mode = self._page.mode_of(result.task)
        if mode is not None and not self.busy:
            self._start(mode, result.params, result.artifact.title, result.source)

    def _start(self, mode: Mode, params: Mapping[str, Any], title: str, source: str) -> None:
        self._page.trouble.hide()
        self._page.looking.following = True
        self._retry = partial(self._start, mode, params, title, source)
        try:
            self.runner.start(mode, dict(params), title, source)
        except StudioError as error:
            self._page.trouble.tell(error, self.run)
            return
        if self.runner.job is not None:
            self._page.progress.follow(self.runner.job)
            self._page.composer.show_busy(True)

    def _on_preview(self, image: QImage) -> None:
        if self.busy:
            is_row = self.runner.task == self._page.modes[DRAW].task
            self._page.looking.preview(parts_of(image) if is_row else [image])

    def _on_ended(self, first: str, note: str) -> None:
        self._over()
        if note:
            self._ctx.notices.info(note, key="image.note")
        self._page.looking.show_made(first)

    def _on_failed(self, error: StudioError) -> None:
        self._over()
        self._page.trouble.tell(error, self._retry)
        self._page.looking.show_newest()

    def _over(self) -> None:
        self._page.composer.show_busy(self.busy)

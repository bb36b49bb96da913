"""What is in view: one picture, before and after, or a whole batch. Makes and keeps none."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from studio.api import PluginContext, StudioError, outcome
from studio_image.pages.picture_reader import read_later, sheet_picture
from studio_image.pages.results import Result

if TYPE_CHECKING:
    from studio_image.pages.page import PicturePage


class ViewController:
    """Brings results before the eyes of the user.

    Attributes:
        current: Id of the picture in view; empty if none is.
        following: Whether what a job makes is brought into view.
    """

    def __init__(self, ctx: PluginContext, page: PicturePage) -> None:
        self._ctx, self._page = ctx, page
        self._viewer, self._shelf = page.viewer, page.shelf
        self.current = ""
        self.following = True
        self._awaited = ""
        """The picture that is being read for the canvas: only the last one asked for is shown."""
        self._compare_next = False
        """The picture that is being read is to be compared with the one before."""
        self._sheet: Sequence[str] = ()

    def result(self) -> Result | None:
        """Return the result in view."""
        place = self._shelf.results.place(self.current)
        return self._shelf.results[place] if place >= 0 else None

    def show(self, artifact: str) -> None:
        """Show one of the strip."""
        place = self._shelf.results.place(artifact)
        if place < 0:
            return
        self.current = self._awaited = artifact
        self._shelf.strip.set_current(artifact)
        path = self._shelf.results[place].artifact.path
        read_later(self._ctx, path, lambda image: self._show_read(artifact, image))

    def choose(self, artifact: str) -> None:
        """Show what the user chose, and leave it in view whatever a job makes meanwhile."""
        self.following = False
        self.show(artifact)

    def show_newest(self) -> None:
        """Show the newest result if none is in view, or how to begin."""
        if self.current:
            return
        if len(self._shelf.results):
            self.show(self._shelf.results[0].artifact.id)
        else:
            self._viewer.canvas.show_image(QImage())
            self._page.show_stage()

    def show_made(self, first: str) -> None:
        """Show what a job made: a batch as a sheet, a changed picture beside the one before."""
        place = self._shelf.results.place(first)
        if not self.following:
            return
        if place < 0:  # stopped before anything was made: back to what there was
            self.show_newest()
        elif len(self._shelf.results.batch(self._shelf.results[place])) > 1:
            self.current = first
            self._shelf.strip.set_current(first)
            self.show_sheet()
        else:
            self.show(first)
            if self._shelf.results[place].source:
                self.toggle_compare()

    def preview(self, images: Sequence[QImage]) -> None:
        """Show what a job has so far, unless the user looks at something else."""
        if not self.following:
            return
        self.current = self._awaited = ""
        self._shelf.strip.set_current("")
        self._sheet = ()
        if len(images) > 1:
            self._viewer.show_sheet(images, finished=False)
        else:
            self._viewer.show_preview(images[0])
        self._page.stage.setCurrentWidget(self._viewer)

    def step(self, by: int) -> None:
        """Show the neighbour in the strip."""
        place = self._shelf.results.place(self.current) + by
        if 0 <= place < len(self._shelf.results):
            self.choose(self._shelf.results[place].artifact.id)

    def _show_read(self, artifact: str, image: QImage | StudioError) -> None:
        result = self.result()
        if result is None or artifact != self._awaited or artifact != self.current:
            return
        if isinstance(image, StudioError):
            self._page.trouble.tell(image)
            return
        self._viewer.show_result(result, image, len(self._shelf.results.batch(result)))
        self._page.stage.setCurrentWidget(self._viewer)
        if self._compare_next:
            self._compare_next = False
            self.toggle_compare()

    # --- before and after ---------------------------------------------------------------------

    def toggle_compare(self) -> None:
        """Show the picture before beside the one after, or no longer."""
        result = self.result()
        if result is None or not result.source:
            return
        if self._viewer.canvas.comparing:
            self._viewer.compare(QImage())
            return
        if self._awaited == self.current and self._viewer.shown != self.current:
            self._compare_next = True  # it is still being read
            return
        try:
            before = self._ctx.library.artifact(result.source)
        except StudioError as error:
            self._page.trouble.tell(error)
            return
        read_later(self._ctx, before.path, partial(self._compare, self.current))

    def _compare(self, shown: str, image: QImage | StudioError) -> None:
        if isinstance(image, StudioError):
            self._page.trouble.tell(image)
        elif self.current == shown:
            self._viewer.compare(image)

    # --- a whole batch ------------------------------------------------------------------------

    def show_sheet(self) -> None:
        """Show the batch of the picture in view as a contact sheet."""
        result = self.result()
        if result is None:
            return
        batch = self._shelf.results.batch(result)
        if len(batch) < 2:
            return
        self._awaited = shown = result.artifact.id
        paths = [item.artifact.path for item in batch]

        def show(images: list[QImage | StudioError]) -> None:
            if self._awaited == shown and self.current == shown:
                self._viewer.show_sheet([i for i in images if isinstance(i, QImage)])
                self._page.stage.setCurrentWidget(self._viewer)
                self._sheet = [item.artifact.id for item in batch]

        self._ctx.run_later(lambda: [outcome(partial(sheet_picture, path)) for path in paths], show)

    def open_of_sheet(self, index: int) -> None:
        """Show one picture of the sheet large."""
        if index < len(self._sheet):
            self.show(self._sheet[index])

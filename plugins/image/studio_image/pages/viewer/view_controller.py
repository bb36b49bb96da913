"""The displayed content: one picture, before and after, or a whole batch. Makes and stores none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage

from studio.api import (
    BadInput,
    Kind,
    PageResults,
    PluginContext,
    StudioError,
    TaskResult,
    TroubleRow,
    outcome,
)
from studio_image.pages.picture_files import read_picture
from studio_image.pages.picture_reader import adjusted_picture, read_later, sheet_picture
from studio_image.pages.viewer.viewer import Viewer
from studio_image.schema import Edit


class ViewController:
    """Brings results before the eyes of the user.

    Attributes:
        current: Id of the picture in view; empty if none is.
        following: Whether what a job makes is brought into view.
    """

    def __init__(
        self,
        ctx: PluginContext,
        viewer: Viewer,
        results: PageResults,
        trouble: TroubleRow,
        show_viewer: Callable[[], None],
        show_beginning: Callable[[], None],
    ) -> None:
        """Bring ``results`` into ``viewer``, and that into view, or how to begin."""
        self._ctx, self._viewer, self._results = ctx, viewer, results
        self._trouble, self._show_viewer = trouble, show_viewer
        self._show_beginning = show_beginning
        self.current = ""
        self.following = True
        self._awaited = ""
        """The picture that is being read for the canvas: only the last one asked for is shown."""
        self._compare_next = False
        """The picture that is being read is to be compared with the one before."""
        self._sheet: Sequence[str] = ()
        self._first = ""
        """The first picture that the job at work made."""

    def result(self) -> TaskResult | None:
        """Return the result in view."""
        return self._results.find(self.current)

    def show(self, artifact: str) -> None:
        """Show one of the strip."""
        result = self._results.find(artifact)
        if result is None:
            return
        self.current = self._awaited = artifact
        self._results.show_current(artifact)
        path = result.artifact.path
        read_later(self._ctx, path, lambda image: self._show_read(artifact, image))

    def show_instead(self, artifact: str) -> None:
        """Show another one, as the one in view left the strip; none is left with an empty id."""
        self.current = ""
        self.show(artifact)
        self.show_newest()

    def choose(self, artifact: str) -> None:
        """Show the user's choice, and leave it in view while jobs run."""
        self.following = False
        self.show(artifact)

    def show_newest(self) -> None:
        """Show the newest result if none is in view, or how to begin."""
        if self.current:
            return
        if len(self._results):
            self.show(self._results[0].id)
        else:
            self._viewer.canvas.show_image(QImage())
            self._show_beginning()

    # --- a job --------------------------------------------------------------------------------

    def follow(self, busy: bool) -> None:
        """Show new results from the first job on, until the user chooses another."""
        self.following = self.following or busy

    def begin(self) -> None:
        """A job begins: it has made nothing yet."""
        self._first = ""

    def add(self, result: TaskResult) -> None:
        """A job made a picture; those of a grid's cells are of the task that the grid called."""
        is_whole = bool(cells_of(result))
        result = replace(result, task=str(result.artifact.meta.get("task") or result.task))
        self._first = result.id if is_whole else self._first or result.id
        self._results.add(result)

    def show_made(self) -> None:
        """Show the result of a job: a batch as a sheet, an edit beside the previous picture."""
        result = self._results.find(self._first)
        if not self.following:
            return
        if result is None:  # stopped before anything was made: back to what there was
            self.show_newest()
        elif len(self._results.batch(result)) > 1:
            self.current = result.id
            self._results.show_current(result.id)
            self.show_sheet()
        else:
            self.show(result.id)
            if result.source:
                self.toggle_compare()

    def preview(self, images: Sequence[QImage]) -> None:
        """Show the interim pictures of a job, unless the user views another picture."""
        if not self.following:
            return
        self.current = self._awaited = ""
        self._results.show_current("")
        self._sheet = ()
        if len(images) > 1:
            self._viewer.show_sheet(images)
        else:
            self._viewer.show_preview(images[0])
        self._show_viewer()

    def step(self, by: int) -> None:
        """Show the neighbour in the strip."""
        place = self._results.place(self.current) + by
        if 0 <= place < len(self._results):
            self.choose(self._results[place].id)

    def _show_read(self, artifact: str, image: QImage | StudioError) -> None:
        result = self.result()
        if result is None or artifact != self._awaited or artifact != self.current:
            return
        if isinstance(image, StudioError):
            self._trouble.tell(image)
            return
        others = len(self._results.batch(result)) + (self._grid_of(artifact) is not None)
        self._viewer.show_result(result, image, others)
        if result.artifact.kind == Kind.VIDEO:
            self._viewer.play(result.artifact.path)
        self._show_viewer()
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
            self._trouble.tell(error)
            return
        shown, edit = self.current, _framing(result)

        def read() -> QImage:
            image = read_picture(before.path)
            return adjusted_picture(image, edit) if edit is not None else image

        self._ctx.run_later(lambda: outcome(read), partial(self._compare, shown))

    def _compare(self, shown: str, image: QImage | StudioError) -> None:
        if isinstance(image, StudioError):
            self._trouble.tell(image)
        elif self.current == shown:
            self._viewer.compare(image)

    # --- a whole batch ------------------------------------------------------------------------

    def show_sheet(self) -> None:
        """Show the batch of the picture in view as a contact sheet."""
        result = self.result()
        if result is None:
            return
        if (grid := self._grid_of(result.id)) is not None:
            self.show(grid)
            return
        batch = self._results.batch(result)
        if len(batch) < 2:
            return
        self._awaited = shown = result.id
        paths = [item.artifact.path for item in batch]

        def show(images: list[QImage | StudioError]) -> None:
            if self._awaited == shown and self.current == shown:
                loaded = [image for image in images if isinstance(image, QImage)]
                self._viewer.show_sheet(loaded, meta=result.artifact.meta)
                self._show_viewer()
                self._sheet = [item.id for item in batch]

        self._ctx.run_later(lambda: [outcome(partial(sheet_picture, path)) for path in paths], show)

    def open_of_sheet(self, index: int) -> None:
        """Show one picture of the sheet large."""
        if index < len(self._sheet):
            self.show(self._sheet[index])

    # --- sheets of grids, and films ---------------------------------------------------------------

    def click(self, at: QPointF) -> None:
        """Show the picture of a grid that lies at a place of its sheet; hold a film."""
        result = self.result()
        if result is None or self._viewer.shown != result.id:
            return
        self._viewer.hold()
        for id, box in cells_of(result).items():
            if box.contains(at):
                self._open(id)

    def _open(self, id: str) -> None:
        if self._results.find(id) is None:
            try:
                artifact = self._ctx.library.artifact(id)
            except StudioError as error:
                self._trouble.tell(error)
                return
            meta = artifact.meta
            params = dict(meta.get("params") or {})
            task = str(meta.get("task", ""))
            self._results.add(TaskResult(artifact, task, params, star=artifact.starred))
        self.choose(id)

    def _grid_of(self, id: str) -> str | None:
        """Return the sheet of the strip that a picture is a cell of."""
        return next((result.id for result in self._results if id in cells_of(result)), None)


def _framing(result: TaskResult) -> Edit | None:
    """Return how an edit turned and cropped its picture; None for what frames it as before."""
    if result.task != "image.edit":
        return None
    names = ("turn", "flip", "straighten", "left", "top", "right", "bottom")
    try:
        return Edit.parse({name: result.params[name] for name in names if name in result.params})
    except BadInput:  # of another version
        return None


def cells_of(result: TaskResult) -> dict[str, QRectF]:
    """Return the pictures of a grid's sheet and where each lies; none of anything else."""
    cells = result.artifact.meta.get("cells")
    places = {}
    for cell in cells if isinstance(cells, list) else ():
        try:
            places[str(cell["id"])] = QRectF(*map(float, cell["at"]))
        except (KeyError, TypeError, ValueError):  # of a file that somebody else wrote
            continue
    return places

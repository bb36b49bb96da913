"""How pictures come to the page: files, clipboard, drops, other pages. Keeps none itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication, QImage

from studio.api import PluginContext, SavedArtifact, StudioError
from studio_image.pages.importing import Brought, bring_file, bring_image
from studio_image.pages.modes import DRAW
from studio_image.pages.picture_files import is_picture, recipe_in
from studio_image.pages.reading import outcome, slot_picture
from studio_image.pages.results import Result
from studio_image.pages.wording import tr
from studio_image.schema import PICTURE_SUFFIXES

if TYPE_CHECKING:
    from studio_image.pages.picture_page import PicturePage


class Intake:
    """Brings pictures into the library first, then to the page."""

    def __init__(self, ctx: PluginContext, page: PicturePage) -> None:
        self._ctx, self._page = ctx, page

    def pick(self) -> None:
        """Ask for files and bring them in."""
        self.bring(self._ctx.ui.pick_files(tr("Open pictures"), PICTURE_SUFFIXES, many=True))

    def paste(self) -> None:
        """Bring in what is on the clipboard: files, or a picture."""
        data = QGuiApplication.clipboard().mimeData()
        files = _files(data)
        if files:
            self.bring(files)
        elif data is not None and data.hasImage():
            self.bring_image(QImage(data.imageData()))
        else:
            self._page.trouble.tell(tr("There is no picture on the clipboard. Copy one first."))

    def bring(self, paths: Sequence[Path]) -> None:
        """Bring files into the library and the strip."""
        for path in paths:
            self._ctx.run_later(partial(bring_file, self._ctx, path), self._on_brought)

    def bring_image(self, image: QImage) -> None:
        """Bring in a picture that is no file yet."""
        title = tr("Pasted picture")
        self._ctx.run_later(lambda: bring_image(self._ctx, image, title), self._on_brought)

    def accept(self, artifact: SavedArtifact) -> None:
        """Take a picture of the library: show it, and work on it."""
        self._ctx.run_later(lambda: Brought(artifact, recipe_in(artifact.path)), self._on_brought)

    def _on_brought(self, brought: Brought) -> None:
        if brought.artifact is None:
            self._page.trouble.tell(brought.error or "")
            return
        recipe = brought.recipe or {}
        result = Result(brought.artifact, str(recipe.get("task", "")), recipe.get("params", {}))
        self._page.add(result)
        self.take_input(brought.artifact)
        self._page.show_picture(brought.artifact.id)
        if self._page.mode == DRAW and self._page.set_recipe(result.task, result.params):
            self._ctx.notices.info(
                tr("Its recipe is set: draw to make it again."), key="image.note"
            )

    def take_input(self, artifact: SavedArtifact) -> None:
        """Make a picture the one to work on."""

        def show(read: Any) -> None:
            if isinstance(read, StudioError):
                self._page.trouble.tell(read)
            else:
                self._page.composer.input.show_picture(artifact, *read)

        self._ctx.run_later(lambda: outcome(lambda: slot_picture(artifact.path)), show)

    def use_artifact(self, id: str) -> None:
        """Make a picture of the library the one to work on, if it is still there."""
        try:
            self.take_input(self._ctx.library.artifact(id))
        except StudioError as error:
            self._page.trouble.tell(error)

    def show_input(self) -> None:
        """Show the picture to work on, large."""
        if self._page.composer.input.artifact is not None:
            self._page.add(Result(self._page.composer.input.artifact))
            self._page.show_picture(self._page.composer.input.artifact.id)

    def pick_style(self) -> None:
        """Ask for style pictures of the user."""
        for path in self._ctx.ui.pick_files(tr("Add style pictures"), PICTURE_SUFFIXES, many=True):
            self._page.composer.styles.add_own(path)

    def takes(self, data: QMimeData) -> bool:
        """Whether something dragged has a picture for the page."""
        return bool(_files(data)) or data.hasImage()

    def drop(self, data: QMimeData) -> None:
        """Bring in what was dropped."""
        files = _files(data)
        if files:
            self.bring(files)
        else:
            self.bring_image(QImage(data.imageData()))


def _files(data: QMimeData | None) -> list[Path]:
    urls = data.urls() if data is not None else []
    paths = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
    return [path for path in paths if is_picture(path)]

"""How pictures come to the page: files, clipboard, drops, other pages. Keeps none itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication, QImage

from studio.api import PluginContext, SavedArtifact, StudioError, outcome
from studio_image.pages.modes import DRAW, ENLARGE
from studio_image.pages.phrases import tr
from studio_image.pages.picture_files import is_picture
from studio_image.pages.picture_import import Brought, bring_artifact, bring_file, bring_image
from studio_image.pages.picture_reader import slot_picture
from studio_image.pages.results import Result
from studio_image.recipes.recipe import Recipe
from studio_image.schema import PICTURE_SUFFIXES

if TYPE_CHECKING:
    from studio_image.pages.page import PicturePage


class ImportController:
    """Brings pictures into the library first, then to the page."""

    def __init__(self, ctx: PluginContext, page: PicturePage) -> None:
        self._ctx, self._page = ctx, page
        self._wanted = ""
        """Id of the picture to work on that was asked for last."""

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
        """Bring files into the library and the strip; a folder is one to enlarge."""
        for path in paths:
            if path.is_dir() and self._page.mode == ENLARGE:
                self._page.composer.forms[ENLARGE].set_values({"folder": str(path)})
                words = tr("All pictures of the folder {name} will be enlarged.")
                self._ctx.notices.info(words.format(name=path.name), key="image.note")
            else:
                self._ctx.run_later(partial(bring_file, self._ctx, path), self._on_brought)

    def bring_image(self, image: QImage) -> None:
        """Bring in a picture that is no file yet."""
        title = tr("Pasted picture")
        self._ctx.run_later(lambda: bring_image(self._ctx, image, title), self._on_brought)

    def accept(self, artifact: SavedArtifact) -> None:
        """Take a picture of the library: show it, and work on it."""
        self._ctx.run_later(lambda: bring_artifact(self._ctx, artifact), self._on_brought)

    def _on_brought(self, brought: Brought) -> None:
        artifact, recipe = brought.artifact, brought.recipe
        if artifact is None:
            self._page.trouble.tell(brought.error or "")
            return
        self._page.shelf.add(
            Result(artifact, recipe.task, recipe.params, brought.source, artifact.starred)
        )
        self._page.looking.show(artifact.id)
        if brought.remarks:
            name = artifact.title or tr("The picture")
            words = tr("{name}: {remarks}").format(name=name, remarks=" ".join(brought.remarks))
            self._ctx.notices.info(words, key="image.remark")
        if self._page.mode != DRAW or recipe.task in ("", self._page.modes[DRAW].task):
            self.take_input(artifact)
        if recipe.task and self._page.mode == DRAW:
            self.use_recipe(recipe, brought.source)
        elif recipe.task:
            self._ctx.notices.offer(
                tr("This picture says how it was made."),
                tr("Use its recipe"),
                lambda: self.use_recipe(recipe, brought.source),
                key="image.note",
            )

    def use_recipe(self, recipe: Recipe, source: str = "") -> None:
        """Set everything as a recipe says, and tell what could not be set.

        Args:
            source: Id of the picture it begins with; empty if that is not known.
        """
        mode = self._page.mode_of(recipe.task)
        if mode is None:
            return
        if mode.id != DRAW:
            self._page.composer.input.show_nothing()
            self._wanted = ""
        self._page.set_mode(mode.id)
        missing = self._page.composer.set_params(recipe.params)
        if recipe.model and not self._page.composer.set_model(recipe.model):
            missing.append(tr("the model {name}").format(name=recipe.model))
        words = tr("Its recipe is set: press {verb} to make it again.").format(verb=mode.verb)
        if mode.id != DRAW and source:
            self.use_artifact(source)
        elif mode.id != DRAW:
            words = tr("Its recipe is set. Choose the picture it was made from.")
        left_out = ", ".join([*missing, *recipe.left_out])
        hint = tr("Not known here: {words}.").format(words=left_out) if left_out else ""
        self._ctx.notices.info(words, hint, key="image.note")

    def take_input(self, artifact: SavedArtifact) -> None:
        """Make a picture the one to work on: of several that are being read, the last."""
        self._wanted = artifact.id

        def show(read: Any) -> None:
            if artifact.id != self._wanted:
                return
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
            shown = self._page.composer.input.artifact
            self._page.shelf.add(Result(shown, star=shown.starred))
            self._page.looking.show(shown.id)

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
    return [path for path in paths if is_picture(path) or path.is_dir()]

"""How pictures come to the page: into the library first, then into view and to the composer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage

from studio.api import (
    PageResults,
    PluginContext,
    SavedArtifact,
    StudioError,
    TaskResult,
    TroubleRow,
    UsedSettings,
    outcome,
)
from studio.api.window.language import tr
from studio_image.pages.composer import Composer
from studio_image.pages.modes import EDIT, ENLARGE, GRID, WITH_WORDS
from studio_image.pages.picture_import import Brought, bring_artifact, bring_file, bring_image
from studio_image.pages.picture_reader import slot_picture
from studio_image.pages.viewer.view_controller import ViewController
from studio_image.recipes.recipe import Recipe
from studio_image.schema import PICTURE_SUFFIXES

LIST_SUFFIX = ".txt"
"""Of a list of prompts."""


class ImportController:
    """Brings files, pictures of the clipboard, artifacts and recipes."""

    def __init__(
        self,
        ctx: PluginContext,
        composer: Composer,
        results: PageResults,
        view: ViewController,
        trouble: TroubleRow,
    ) -> None:
        self._ctx, self._composer, self._results = ctx, composer, results
        self._view, self._trouble = view, trouble
        self._wanted = ""
        """Id of the picture to work on that was asked for last."""

    def bring(self, paths: Sequence[Path]) -> None:
        """Bring files into the library and the strip; a folder is one to enlarge."""
        for path in paths:
            if path.is_dir() and self._composer.mode == ENLARGE:
                self._composer.modes.forms[ENLARGE].set_values({"folder": str(path)})
                words = tr("All pictures of the folder {name} will be enlarged.")
                self._ctx.notices.info(words.format(name=path.name), key="image.note")
            elif path.suffix.lower() == LIST_SUFFIX:
                self._composer.modes.forms[GRID].set_values({"prompt_file": str(path)})
                self._composer.modes.choose(GRID)
                words = tr("Each line of {name} is a prompt of the grid.")
                self._ctx.notices.info(words.format(name=path.name), key="image.note")
            else:
                self._ctx.run_later(partial(bring_file, self._ctx, path), self._on_brought)

    def bring_image(self, image: QImage) -> None:
        """Bring in a picture that is no file yet."""
        title = tr("Pasted picture")
        self._ctx.run_later(lambda: bring_image(self._ctx, image, title), self._on_brought)

    def take_paste(self, data: QMimeData) -> bool:
        """Take a picture that was pasted where words are wanted."""
        if data.hasText() or not data.hasImage():
            return False
        self.bring_image(QImage(data.imageData()))
        return True

    def accept(self, artifact: SavedArtifact) -> None:
        """Take a picture of the library: show it, and work on it."""
        self._ctx.run_later(lambda: bring_artifact(self._ctx, artifact), self._on_brought)

    def _on_brought(self, brought: Brought) -> None:
        artifact, recipe = brought.artifact, brought.recipe
        if artifact is None:
            self._trouble.tell(brought.error or "")
            return
        self._results.add(
            TaskResult(artifact, recipe.task, recipe.params, brought.source, artifact.starred)
        )
        self._view.show(artifact.id)
        if brought.remarks:
            name = artifact.title or tr("The picture")
            words = tr("{name}: {remarks}").format(name=name, remarks=" ".join(brought.remarks))
            self._ctx.notices.info(words, key="image.remark")
        mode = self._composer.modes.of_task(recipe.task)
        drawing = self._composer.mode in WITH_WORDS
        if not drawing or mode is None or mode.id in WITH_WORDS:
            self.take_input(artifact)
        if recipe.task and drawing and not brought.is_file:
            self.use_recipe(recipe, brought.source)
        elif recipe.task:
            self._offer(recipe, brought.source)

    def _offer(self, recipe: Recipe, source: str) -> None:
        """Offer the settings of a picture rather than replace the current ones."""
        words = tr("This picture includes its settings.")
        if recipe.program:
            words = tr("This picture includes its {program} settings.")
        self._ctx.notices.offer(
            words.format(program=recipe.program),
            tr("Use these settings"),
            lambda: self.use_recipe(recipe, source),
            key="image.note",
        )

    def use_recipe(self, recipe: Recipe, source: str = "", mask: Path | None = None) -> None:
        """Set everything as a recipe says, and tell what could not be set.

        Args:
            source: Id of the picture it begins with; empty if that is not known.
            mask: What was painted over that.
        """
        mode = self._composer.modes.of_task(recipe.task)
        if mode is None:
            return
        if mode.id not in WITH_WORDS:
            self._composer.input.show_nothing()
            self._wanted = ""
        self._composer.modes.choose(mode.id)
        loras = dict(recipe.loras)
        theirs = {"loras": [*loras], "lora_strengths": [*loras.values()]} if loras else {}
        missing = self._composer.set_params(recipe.params | theirs)
        missing = [*self._model_missing(recipe), *missing]
        words = tr("Settings restored. Press {verb} to recreate the picture.").format(
            verb=mode.verb
        )
        if mode.id not in WITH_WORDS and source:
            self.use_artifact(source, mask)
        elif mode.id not in WITH_WORDS:
            words = tr("Settings restored. Choose the picture it was made from.")
        self._say_restored(words, [*missing, *recipe.left_out])

    def _say_restored(self, words: str, missing: Sequence[str]) -> None:
        left_out = ", ".join(missing)
        hint = tr("Not available here: {words}.").format(words=left_out) if left_out else ""
        self._ctx.notices.info(words, hint, key="image.note")

    def _model_missing(self, recipe: Recipe) -> list[str]:
        """Choose the weights of another program's recipe; return them if they are not here."""
        if not recipe.model or self._composer.set_model(recipe.model):
            return []
        words = tr("the model {name} (hash {digest})") if recipe.digest else tr("the model {name}")
        return [words.format(name=recipe.model, digest=recipe.digest)]

    def reuse(self, used: UsedSettings) -> None:
        """Set everything as it was for a picture of the library."""
        mode = self._composer.modes.of_task(used.task)
        if mode is None:
            return
        self._composer.modes.choose(mode.id)
        if missing := self._composer.set_params(used.params):
            self._say_restored(tr("Settings restored."), missing)
        for id in used.parents[:1] if self._composer.subject not in WITH_WORDS else ():
            self.use_artifact(id, used.inputs.get("mask"))
        if regions := used.inputs.get("regions"):
            self._composer.regions.read(regions)

    def take_input(self, artifact: SavedArtifact) -> None:
        """Make a picture the one to work on; an edit of the one before does not go over to it."""
        before = self._composer.input.artifact
        if before is not None and before.id != artifact.id:
            self._begin_edit()
        self._read_input(artifact)

    def _begin_edit(self) -> None:
        """Reset the edit parameters, and offer those of the last picture."""
        form = self._composer.modes.forms[EDIT]
        settings = form.values()
        form.reset()
        if settings == form.values():
            return
        self._ctx.notices.offer(
            tr("The new picture is shown without the edits of the last one."),
            tr("Apply the same edits"),
            lambda: self._edit_again(settings),
            key="image.note",
        )

    def _edit_again(self, settings: Mapping[str, Any]) -> None:
        self._composer.modes.forms[EDIT].set_values(settings)
        self._composer.input.taken.emit()

    def _read_input(self, artifact: SavedArtifact) -> None:
        """Show a picture as the one to work on: of several that are being read, the last."""
        self._wanted = artifact.id

        def show(read: Any) -> None:
            if artifact.id != self._wanted:
                return
            if isinstance(read, StudioError):
                self._trouble.tell(read)
            else:
                self._composer.input.show_picture(artifact, *read)

        self._ctx.run_later(lambda: outcome(lambda: slot_picture(artifact.path)), show)

    def use_artifact(self, id: str, mask: Path | None = None) -> None:
        """Make a picture of the library the one to work on, if it is still there.

        Args:
            mask: What was painted over it.
        """
        if mask is not None:
            self._composer.restore_mask(id, mask)
        try:
            self._read_input(self._ctx.library.artifact(id))
        except StudioError as error:
            self._trouble.tell(error)

    def show_input(self) -> None:
        """Show the picture to work on, large."""
        if self._composer.input.artifact is not None:
            shown = self._composer.input.artifact
            self._results.add(TaskResult(shown, star=shown.starred))
            self._view.show(shown.id)

    def pick_style(self) -> None:
        """Ask for style pictures of the user."""
        for path in self._ctx.ui.pick_files(tr("Add style pictures"), PICTURE_SUFFIXES, many=True):
            self._composer.styles.add_own(path)

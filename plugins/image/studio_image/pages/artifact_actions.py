"""Actions on the picture in view: its menu, its recipe, further edits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt

from studio.api import (
    ArtifactActions,
    JobRequest,
    PluginContext,
    RunController,
    StudioError,
    TaskResult,
    outcome,
)
from studio.api.window.language import tr
from studio_image.pages.composer import Composer
from studio_image.pages.import_controller import ImportController
from studio_image.pages.modes import DRAW, EDIT, ENLARGE, FILM, REPAIR, RESTYLE
from studio_image.pages.picture_files import read_file
from studio_image.pages.viewer.view_controller import ViewController
from studio_image.recipes.recipe import Recipe


class PictureActions:
    """Each does nothing while no result is in view."""

    def __init__(
        self,
        ctx: PluginContext,
        run: RunController,
        composer: Composer,
        view: ViewController,
        imports: ImportController,
        actions: ArtifactActions,
        export_several: Callable[[], Any],
    ) -> None:
        """``export_several``: opens what asks for the files of several pictures."""
        self.export_several = export_several
        self._ctx, self._run, self._composer = ctx, run, composer
        self._view, self._imports, self._actions = view, imports, actions

    def on_tool(self, name: str, at: QPoint) -> None:
        """Run a tool of the viewer; its menu opens at ``at``."""
        calls: dict[str, Callable[[], None]] = {
            "star": self._actions.star,
            "copy": self._actions.copy,
            "save": self._actions.save_as,
            "compare": self._view.toggle_compare,
            "sheet": self._view.show_sheet,
            "bin": self._actions.bin,
            "more": lambda: self.show_menu(at),
        }
        calls[name]()

    def show_menu(self, at: QPoint) -> None:
        """Open the menu of the picture in view."""
        result = self._view.result()
        if result is None:
            return
        icon, menu = self._ctx.ui.icon, self._ctx.ui.menu()
        menu.addAction(icon("maximize"), tr("Enlarge"), lambda: self.use_in(ENLARGE))
        menu.addAction(icon("palette"), tr("Restyle"), lambda: self.use_in(RESTYLE))
        menu.addAction(icon("sliders-horizontal"), tr("Edit"), lambda: self.use_in(EDIT))
        menu.addAction(icon("eraser"), tr("Repair"), lambda: self.use_in(REPAIR))
        menu.addAction(icon("brush"), tr("Use as starting image"), lambda: self.use_in(DRAW))
        key = menu.addAction(icon("film"), tr("Add to the film"), self.add_to_film)
        key.setEnabled(bool(result.params.get("prompt")) and "seed" in result.params)
        self._actions.fill_targets(menu)
        menu.addSeparator()
        recall = menu.addAction(icon("history"), tr("Reuse settings"), self.recall)
        recall.setEnabled(bool(result.task))
        again = menu.addAction(icon("refresh-cw"), tr("Regenerate"), self.again)
        again.setEnabled("params" in result.artifact.meta)
        menu.addAction(icon("star"), tr("Add or remove star"), self._actions.star)
        menu.addAction(icon("copy"), tr("Copy"), self._actions.copy)
        menu.addAction(icon("download"), tr("Save as…"), self._actions.save_as)
        menu.addAction(icon("download"), tr("Export several…"), self.export_several)
        menu.addSeparator()
        menu.addAction(icon("trash-2"), tr("Move to the bin"), self._actions.bin)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def recall(self) -> None:
        """Set everything as it was for the picture in view."""
        result = self._view.result()
        if result is not None and result.task:
            mask = self._kept(result).get("mask")
            self._imports.use_recipe(Recipe(result.task, result.params), result.source, mask)

    def again(self) -> None:
        """Run the recipe of the picture in view again; the composer stays unchanged."""
        result = self._view.result()
        if result is None or "params" not in result.artifact.meta:
            return
        files = self._kept(result)
        if result.artifact.meta.get("masked") and "mask" not in files:
            words = tr("The painted mask was not kept. Reuse the settings and paint it again.")
            self._ctx.notices.info(words, key="image.note")
        elif self._composer.modes.of_task(result.task) is not None:

            def start(inputs: dict[str, bytes] | StudioError) -> None:
                if isinstance(inputs, StudioError):
                    self._ctx.notices.error(inputs, key="image.note")
                    return
                parents = [result.source] if result.source else []
                request = JobRequest(
                    result.task,
                    result.params,
                    title=result.artifact.title,
                    inputs=inputs,
                    parents=parents,
                )
                self._run.start(request)

            if files:
                read = {name: partial(read_file, path) for name, path in files.items()}
                self._ctx.run_later(
                    lambda: outcome(
                        lambda: {name: read_input() for name, read_input in read.items()}
                    ),
                    start,
                )
            else:
                start({})

    def _kept(self, result: TaskResult) -> Mapping[str, Path]:
        """Return the existing input files of a picture's task, by input."""
        try:
            return self._ctx.library.inputs(result.id)
        except StudioError:  # it has been erased meanwhile
            return {}

    def add_to_film(self) -> None:
        """Let the film go on to the picture in view: to its prompt and its seed."""
        result = self._view.result()
        if result is None or not result.params.get("prompt"):
            return
        self._composer.modes.choose(FILM)
        self._composer.add_key(str(result.params["prompt"]), int(result.params.get("seed", 0)))
        self._composer.focus()

    def use_in(self, mode: str) -> None:
        """Work on the picture in view."""
        result = self._view.result()
        if result is None:
            return
        if mode == DRAW:
            self._composer.modes.forms[DRAW].set_values({"init": str(result.artifact.path)})
            self._ctx.notices.info(
                tr("The next drawing starts from this picture."), key="image.start"
            )
        else:
            self._imports.take_input(result.artifact)
        self._composer.modes.choose(mode)
        self._composer.focus()

"""What can be done with the picture in view: star, copy, save, recall, use, bin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QImage

from studio.api import PluginContext, StudioError, outcome
from studio_image.pages.modes import DRAW, ENLARGE, RESTYLE
from studio_image.pages.phrases import tr
from studio_image.pages.picture_files import SAVE_SUFFIXES, export
from studio_image.pages.picture_reader import read_later
from studio_image.pages.results import Result
from studio_image.recipes.recipe import Recipe

if TYPE_CHECKING:
    from studio_image.pages.page import PicturePage


class ArtifactActions:
    """Each does nothing while no result is in view."""

    def __init__(self, ctx: PluginContext, page: PicturePage) -> None:
        self._ctx, self._page = ctx, page

    def on_tool(self, name: str) -> None:
        """Do what a tool of the viewer stands for."""
        if name == "more":
            button = self._page.viewer.tools["more"]
            self.show_menu(button.mapToGlobal(button.rect().bottomLeft()))
            return
        calls = {
            "star": self.star,
            "copy": self.copy,
            "save": self.save_as,
            "compare": self._page.looking.toggle_compare,
            "sheet": self._page.looking.show_sheet,
            "bin": self.bin,
        }
        calls[name]()

    def show_menu(self, at: QPoint) -> None:
        """Open the menu of the picture in view."""
        result = self._page.looking.result()
        if result is None:
            return
        icon, menu = self._ctx.ui.icon, self._ctx.ui.menu()
        menu.addAction(icon("maximize"), tr("Enlarge it"), lambda: self.use_in(ENLARGE))
        menu.addAction(icon("palette"), tr("Restyle it"), lambda: self.use_in(RESTYLE))
        menu.addAction(icon("brush"), tr("Draw, starting from it"), lambda: self.use_in(DRAW))
        for title, run in self._ctx.send_to(result.artifact):
            if title != tr("Pictures"):
                menu.addAction(icon("send"), tr("Send to {page}").format(page=title), run)
        menu.addSeparator()
        recall = menu.addAction(icon("history"), tr("Use its recipe"), self.recall)
        recall.setEnabled(bool(result.task))
        again = menu.addAction(icon("refresh-cw"), tr("Make it again"), self.again)
        again.setEnabled("params" in result.artifact.meta)
        menu.addAction(icon("star"), tr("Star, or take the star away"), self.star)
        menu.addAction(icon("copy"), tr("Copy"), self.copy)
        menu.addAction(icon("download"), tr("Save as…"), self.save_as)
        menu.addSeparator()
        menu.addAction(icon("trash-2"), tr("Move to the bin"), self.bin)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def star(self) -> None:
        """Star the picture in view, or take the star away."""
        result = self._page.looking.result()
        if result is None:
            return
        star, library = not result.star, self._ctx.library
        self._mark(result, star)

        def written(error: StudioError | None) -> None:
            if error is not None:
                self._page.trouble.tell(error)
                self._mark(result, not star)

        id = result.artifact.id
        self._ctx.run_later(lambda: outcome(lambda: library.star(id, star)), written)

    def _mark(self, result: Result, star: bool) -> None:
        self._page.shelf.star(result, star)
        if self._page.looking.result() is result:
            self._page.viewer.show_star(star)

    def copy(self) -> None:
        """Put the picture on the clipboard, as a picture and as a file."""
        result = self._page.looking.result()
        if result is None:
            return

        def put(image: QImage | StudioError) -> None:
            if isinstance(image, StudioError):
                self._page.trouble.tell(image)
                return
            data = QMimeData()
            data.setImageData(image)
            data.setUrls([QUrl.fromLocalFile(str(result.artifact.path))])
            QGuiApplication.clipboard().setMimeData(data)
            self._ctx.notices.info(tr("The picture is on the clipboard."), key="image.copy")

        read_later(self._ctx, result.artifact.path, put)

    def save_as(self) -> None:
        """Write the picture in view to a file the user names."""
        result = self._page.looking.result()
        if result is None:
            return
        name = _file_name(result.artifact.title) + ".png"
        path = self._ctx.ui.save_file(tr("Save the picture"), name, SAVE_SUFFIXES)
        if path is None:
            return
        target = path if path.suffix else path.with_suffix(".png")

        def said(error: StudioError | None) -> None:
            if error is not None:
                self._page.trouble.tell(error, self.save_as)
            else:
                words = tr("Saved as {name}.").format(name=target.name)
                self._ctx.notices.info(words, key="image.save")

        self._ctx.run_later(lambda: outcome(lambda: export(result.artifact, target)), said)

    def recall(self) -> None:
        """Set everything as it was for the picture in view."""
        result = self._page.looking.result()
        if result is not None and result.task:
            self._page.intake.use_recipe(Recipe(result.task, result.params), result.source)

    def again(self) -> None:
        """Make the picture in view once more, as its recipe says."""
        result = self._page.looking.result()
        if result is not None and "params" in result.artifact.meta:
            self._page.making.again(result)

    def bin(self) -> None:
        """Move the picture in view to the bin of the library; offer to undo that."""
        place = self._page.shelf.results.place(self._page.looking.current)
        if place < 0:
            return
        binned = self._page.shelf.take(place)
        self._page.looking.current = ""
        if left := len(self._page.shelf.results):
            self._page.looking.show(self._page.shelf.results[min(place, left - 1)].artifact.id)
        else:
            self._page.looking.show_newest()

        def done(error: StudioError | None) -> None:
            if error is not None:
                self._page.trouble.tell(error)
                self._put_back(place, binned)
                return
            title = binned.artifact.title or tr("The picture")
            short = title if len(title) <= 40 else f"{title[:39]}…"
            words = tr("“{title}” is in the bin.").format(title=short)
            self._ctx.notices.offer(
                words, tr("Undo"), lambda: self._restore(place, binned), key="image.bin"
            )

        id, library = binned.artifact.id, self._ctx.library
        self._ctx.run_later(lambda: outcome(lambda: library.bin(id)), done)

    def _restore(self, place: int, result: Result) -> None:
        def done(error: StudioError | None) -> None:
            if error is not None:
                self._page.trouble.tell(error)
            else:
                self._put_back(place, result)

        id, library = result.artifact.id, self._ctx.library
        self._ctx.run_later(lambda: outcome(lambda: library.restore(id)), done)

    def _put_back(self, place: int, result: Result) -> None:
        self._page.shelf.put_back(place, result)
        self._page.looking.show(result.artifact.id)

    def use_in(self, mode: str) -> None:
        """Work on the picture in view."""
        result = self._page.looking.result()
        if result is None:
            return
        if mode == DRAW:
            self._page.composer.forms[DRAW].set_values({"init": str(result.artifact.path)})
            self._ctx.notices.info(
                tr("The next drawing starts from this picture."), key="image.start"
            )
        else:
            self._page.intake.take_input(result.artifact)
        self._page.set_mode(mode)
        self._page.composer.focus()


def _file_name(title: str) -> str:
    kept = "".join(c if c.isalnum() or c in " -_" else " " for c in title)
    return " ".join(kept.split())[:60] or "picture"

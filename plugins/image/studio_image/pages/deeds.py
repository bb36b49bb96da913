"""What can be done with the picture in view: star, copy, save, recall, use, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QImage

from studio.api import PluginContext, StudioError
from studio_image.pages.modes import DRAW, ENLARGE, RESTYLE
from studio_image.pages.picture_files import SAVE_SUFFIXES, export
from studio_image.pages.reading import outcome, read_later
from studio_image.pages.wording import tr

if TYPE_CHECKING:
    from studio_image.pages.picture_page import PicturePage


class Deeds:
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
            "compare": self._page.toggle_compare,
            "sheet": self._page.show_sheet,
            "remove": self.remove,
        }
        calls[name]()

    def show_menu(self, at: QPoint) -> None:
        """Open the menu of the picture in view."""
        result = self._page.result()
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
        menu.addAction(icon("star"), tr("Star, or take the star away"), self.star)
        menu.addAction(icon("copy"), tr("Copy"), self.copy)
        menu.addAction(icon("download"), tr("Save as…"), self.save_as)
        menu.addSeparator()
        menu.addAction(icon("trash-2"), tr("Remove from the strip"), self.remove)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def star(self) -> None:
        """Star the picture in view, or take the star away."""
        result = self._page.result()
        if result is not None:
            result.star = not result.star
            self._page.results.keep()
            self._page.viewer.show_star(result.star)
            self._page.strip.describe(result)
            self._page.thumbnail(result)

    def copy(self) -> None:
        """Put the picture on the clipboard, as a picture and as a file."""
        result = self._page.result()
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
        result = self._page.result()
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
        result = self._page.result()
        if result is not None and result.task:
            self._page.set_recipe(result.task, result.params)
            if result.source:
                self._page.intake.use_artifact(result.source)

    def remove(self) -> None:
        """Take the picture in view out of the strip; the gallery keeps it."""
        place = self._page.results.place(self._page.current)
        if place < 0:
            return
        removed = self._page.results.remove(place)
        self._page.strip.take(removed.artifact.id)
        self._page.current = ""
        if len(self._page.results):
            neighbour = self._page.results[min(place, len(self._page.results) - 1)]
            self._page.show_picture(neighbour.artifact.id)
        else:
            self._page.show_newest()

        def undo() -> None:
            self._page.results.put(min(place, len(self._page.results)), removed)
            self._page.strip.add(self._page.results.place(removed.artifact.id), removed)
            self._page.thumbnail(removed)
            self._page.show_picture(removed.artifact.id)

        self._ctx.notices.offer(
            tr("Removed from the strip. The gallery still has it."),
            tr("Undo"),
            undo,
            key="image.remove",
        )

    def use_in(self, mode: str) -> None:
        """Work on the picture in view."""
        result = self._page.result()
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
        self._page.focus()


def _file_name(title: str) -> str:
    kept = "".join(c if c.isalnum() or c in " -_" else " " for c in title)
    return " ".join(kept.split())[:60] or "picture"

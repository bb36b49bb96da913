"""The strip and the results it shows, kept alike. Opens none of them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QImage

from studio.api import PluginContext, StudioError
from studio_image.pages.picture_reader import read_later, strip_picture
from studio_image.pages.results import Result, Results
from studio_image.pages.strip import Strip


class Shelf:
    """What is in the strip.

    Attributes:
        results: What the pictures are.
        strip: Where they are seen.
    """

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self.results = Results(ctx)
        self.strip = Strip(ctx)

    def load(self, then: Callable[[], None]) -> None:
        """Bring back what was there in the last session."""

        def show() -> None:
            here = set(self.strip.ids())
            for place, result in enumerate(self.results):
                if result.artifact.id not in here:
                    self._show(place, result)
            self.strip.setVisible(len(self.results) > 0)
            then()

        self.results.load(show)

    def add(self, result: Result) -> None:
        """Put a result in front, unless it is there."""
        known = self.results.place(result.artifact.id) >= 0
        place = self.results.add(result)
        if not known:
            self._show(place, result)
            while self.strip.count() > len(self.results):
                self.strip.takeItem(self.strip.count() - 1)
        self.strip.show()

    def take(self, place: int) -> Result:
        """Take a result out."""
        taken = self.results.remove(place)
        self.strip.take(taken.artifact.id)
        return taken

    def put_back(self, place: int, result: Result) -> None:
        """Put a result where it was."""
        place = min(place, len(self.results))
        self.results.put(place, result)
        self._show(place, result)

    def star(self, result: Result, star: bool) -> None:
        """Show that a result is starred, or no longer."""
        result.star = star
        self.strip.describe(result)
        self.draw(result)

    def draw(self, result: Result) -> None:
        """Draw the thumbnail of a result anew."""

        def show(image: QImage | StudioError) -> None:
            drawn = image if isinstance(image, QImage) else QImage()
            self.strip.show_thumbnail(result, drawn)

        read_later(self._ctx, result.artifact.path, show, strip_picture)

    def draw_stars(self) -> None:
        """Draw those with a star anew: it lies on a disc in a colour of the theme."""
        for result in self.results:
            if result.star:
                self.draw(result)

    def _show(self, place: int, result: Result) -> None:
        self.strip.add(place, result)
        self.draw(result)

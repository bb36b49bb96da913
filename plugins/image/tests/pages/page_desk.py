"""The page of pictures in a real studio with a scripted runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from studio.api import Page
from studio.testing.page_desk import PageDesk
from studio.testing.scripted import Artifact
from studio_image import picture_arrays
from studio_image.pages.page import build


def png(red: int = 200, side: int = 32, recipe: dict[str, Any] | None = None) -> bytes:
    """Return a picture of one colour with a dark corner."""
    array = np.full((side, side, 3), (red, 60, 90), np.uint8)
    array[: side // 4, : side // 4] = 10
    return picture_arrays.png(array, recipe)


def picture(red: int = 200, seed: int = 7, side: int = 32) -> Artifact:
    params = {"prompt": "a red fox", "style": "flat", "seed": seed, "steps": 12}
    meta = {"task": "image.generate", "params": params}
    return Artifact("image", png(red, side), ".png", title="a red fox", meta=meta)


class Desk(PageDesk):
    plugin = "image"
    capabilities = {"image-starter": "text-to-image", "enlarger": "upscale", "vgg": "features"}

    def build(self) -> Page:
        return build(self.ctx)

    def draw(self, *made: Any, prompt: str = "a red fox") -> None:
        """Draw, and wait until the result is in view."""
        self.runtime.enqueue(*(made or (picture(),)))
        self.write(prompt)
        self.run()
        self.until_over()
        self.until(lambda: self.page.viewer.on_sheet or self.in_view())

    def in_view(self) -> bool:
        """Whether the picture that is to be seen has been read."""
        return self.shown() != "" and self.shown() == self.page.view.current

    def ids(self) -> list[str]:
        """The pictures of the strip, from the left."""
        return [result.id for result in self.results()]

    def shown(self) -> str:
        return self.page.viewer.shown

    def view_first(self) -> None:
        """Show the newest picture large."""
        self.page.view.show(self.results()[0].id)
        self.until(self.in_view)

    def bring(self, path: Path) -> None:
        self.pick(path)
        self.until(lambda: self.page.composer.input.artifact is not None and self.in_view())

    def bring_to_mask(self, path: Path) -> None:
        """Bring a picture to the desk where its mask is painted."""
        self.pick(path)
        self.until(lambda: self.page.views.currentWidget() is self.page.masks.desk)

"""The style pictures that come with the plugin: names, titles and files. Opens none of them.

They are drawn by ``training/draw_styles.py`` and are our own (Apache-2.0).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "styles"


@dataclass(frozen=True)
class GalleryStyle:
    """One style picture: its name for ``Restyle.styles``, its title, its file."""

    name: str
    title: str

    @property
    def path(self) -> Path:
        """Where its picture lies."""
        return FOLDER / f"{self.name}.jpg"


STYLES = (
    GalleryStyle("waves", "Waves"),
    GalleryStyle("mosaic", "Mosaic"),
    GalleryStyle("ink", "Ink hatching"),
    GalleryStyle("watercolour", "Watercolour"),
    GalleryStyle("glass", "Stained glass"),
    GalleryStyle("points", "Pointillism"),
)


def gallery_style(name: str) -> GalleryStyle | None:
    """Return a gallery style by its name or title; None for a picture of the user's."""
    key = name.strip().lower()
    matches = (s for s in STYLES if key == s.name or key.replace("-", " ") == s.title.lower())
    return next(matches, None)


def style_file(name: str) -> Path:
    """Return the file of a gallery style, by its name or title, or ``name`` itself as a path."""
    style = gallery_style(name)
    return Path(name).expanduser() if style is None else style.path

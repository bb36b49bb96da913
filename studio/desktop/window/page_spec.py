"""Page metadata for the rail and the page host, available before building. Builds nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from studio.api.manifest import ExampleEntry
from studio.api.window.context import Page

GROUPS = START, MAKE, WORK, STUDIO = "start", "make", "work", "studio"
"""Groups of the rail, from top to bottom."""


@dataclass(frozen=True)
class PageSpec:
    """A place in the window.

    Attributes:
        id: As in the manifest, or ``studio.gallery`` and so on.
        build: Makes the page when it is first opened; may raise.
        plugin: Whose it is, by title, for the error state; empty for the studio's own.
        plugin_id: The same by id.
        accepts: Kinds of artifacts it takes.
        group: Its place in the rail.
        summary: What it is for, in a sentence.
        example: What it makes at one click; None without one.
    """

    id: str
    title: str
    icon: str
    build: Callable[[], Page]
    plugin: str = ""
    plugin_id: str = ""
    accepts: tuple[str, ...] = ()
    group: str = MAKE
    summary: str = ""
    example: ExampleEntry | None = None

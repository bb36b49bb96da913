"""Page metadata for the rail and the page host, available before building. Builds nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from studio.api.window.context import Page


@dataclass(frozen=True)
class PageSpec:
    """A place in the window.

    Attributes:
        id: As in the manifest, or ``studio.gallery`` and so on.
        build: Makes the page when it is first opened; may raise.
        plugin: Whose it is, by title, for the error state; empty for the studio's own.
        plugin_id: The same by id.
        accepts: Kinds of artifacts it takes.
        at_bottom: Below the line of the rail: the studio's own pages.
    """

    id: str
    title: str
    icon: str
    build: Callable[[], Page]
    plugin: str = ""
    plugin_id: str = ""
    accepts: tuple[str, ...] = ()
    at_bottom: bool = False

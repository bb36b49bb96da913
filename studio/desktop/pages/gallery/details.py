"""Data of one artifact from which the sections and actions of the details panel are built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.api.artifacts import SavedArtifact
from studio.desktop.appearance.appearance import line
from studio.desktop.pages.page_services import PageServices
from studio.library import Artifact, Record
from studio.library.rows import Family
from studio.library.saved_artifact import saved_artifact


@dataclass(frozen=True)
class Details:
    """One artifact in the panel.

    Attributes:
        record: How it was made; None for what a person made by hand.
        start: The first bytes of its payload.
        problems: What is damaged or missing of it, in sentences.
        open: Shows another artifact, by its id.
        changed: To be called when the library changed: the page looks anew.
    """

    parts: PageServices
    artifact: Artifact
    record: Record | None
    family: Family
    start: bytes
    open: Callable[[str], None]
    changed: Callable[[], None]
    problems: tuple[str, ...] = ()

    @property
    def saved(self) -> SavedArtifact:
        """The artifact as plugins see it."""
        return saved_artifact(self.parts.studio.library, self.artifact)

    def do(self, change: Callable[[Any], object]) -> None:
        """Run ``change`` with the library beside the window, then look anew."""
        library = self.parts.studio.library
        self.parts.background.run(lambda: change(library), lambda _: self.changed(), self.tell)

    def tell(self, error: Exception) -> None:
        """Tell the user what failed."""
        self.parts.studio.notices.error(error, key="gallery")

    def section(self, title: str) -> tuple[QWidget, QVBoxLayout]:
        """Return an empty section under a line and its title, and its column."""
        shown = QWidget()
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(line())
        if title:
            column.addWidget(self.parts.ui.look.label(title, "section"))
        return shown, column


Section = Callable[[Details], QWidget | None]
"""Returns a part of the panel, None where there is nothing to say. May fill it later, from work
beside the window; it is shown until another artifact is."""


@dataclass(frozen=True)
class DetailAction:
    """Something that can be done with the artifact: a button of the panel, an entry of the menu.

    Attributes:
        run: Given the widget that was pressed, for a menu below it.
        enabled: Whether it can be done now.
    """

    title: str
    icon: str
    run: Callable[[QWidget], None]
    tip: str = ""
    enabled: bool = True


Action = Callable[[Details], DetailAction | None]
"""Returns an action, None where it does not apply."""

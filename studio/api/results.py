"""Results of a page, as stored by it, and the actions on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from studio.api.artifacts import SavedArtifact
from studio.api.stability import former_names

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint
    from PySide6.QtWidgets import QMenu, QWidget


Read = Callable[[SavedArtifact], Any]
"""Reads the file of an artifact beside the window; what it returns is ``TaskResult.content``."""


@dataclass
class TaskResult:
    """An artifact with what made it.

    Attributes:
        task: What made it; empty for what was brought here.
        params: What it was made with, seed included.
        source: Id of the artifact it was made from; empty for none.
        star: Whether it is starred; the library keeps that.
        content: What the page's ``read`` returned for it.
    """

    artifact: SavedArtifact
    task: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    star: bool = False
    content: Any = None

    @property
    def id(self) -> str:
        """Of its artifact."""
        return self.artifact.id


def file_stem(title: str, fallback: str) -> str:
    """Return a title as a name for a file that any system takes, without an ending."""
    cleaned = "".join(c if c.isalnum() or c in " -_#♭♯" else " " for c in title)
    return " ".join(cleaned.split())[:60] or fallback


class PageResults(Protocol):
    """Results of a page, newest first, with a strip of thumbnails; written down all along.

    A crash loses none. The artifacts themselves, and their stars, are the library's: what is gone
    or binned there is left out at the next start.
    """

    @property
    def widget(self) -> QWidget:
        """The strip; hidden while it is empty."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[TaskResult]: ...

    def __getitem__(self, place: int) -> TaskResult: ...

    def find(self, id: str) -> TaskResult | None:
        """Return the result of an artifact."""
        ...

    def place(self, id: str) -> int:
        """Return where the result of an artifact is; -1 if it is not here."""
        ...

    def batch(self, result: TaskResult) -> list[TaskResult]:
        """Return the results of the run that made ``result``, in the order they were made."""
        ...

    def add(self, result: TaskResult, place: int = 0) -> bool:
        """Put one in; False if it is here already."""
        ...

    def remove(self, id: str) -> TaskResult | None:
        """Take one out; the library keeps it."""
        ...

    def update(self, result: TaskResult) -> None:
        """Draw one anew, and write it down: its star or its title is another."""
        ...

    def load(self, then: Callable[[], None] | None = None) -> None:
        """Restore the results of the last session in the background."""
        ...

    @property
    def current(self) -> str:
        """The id of the one that is marked; empty if none is."""
        ...

    def show_current(self, id: str) -> None:
        """Mark one without telling anybody; none with an empty id."""
        ...

    def set_small(self, small: bool) -> None:
        """Take less room, or as much as there is."""
        ...

    @property
    def settled(self) -> bool:
        """Whether all is written down."""
        ...

    def on_pick(self, call: Callable[[str], None]) -> None:
        """Call with the id of the result selected by the user."""
        ...

    def on_menu(self, call: Callable[[QPoint], None]) -> None:
        """Call with the position where a context menu for the current result is requested."""
        ...

    def on_remove(self, call: Callable[[], None]) -> None:
        """Call when the user presses Delete on the marked one."""
        ...

    def on_star(self, call: Callable[[], None]) -> None:
        """Call when the user presses S on the marked one."""
        ...


class ArtifactActions(Protocol):
    """Actions on the displayed result; each is a no-op if there is none."""

    def star(self) -> None:
        """Toggle the star; on a failed save, revert and report the error."""
        ...

    def bin(self) -> None:
        """Move it to the bin of the library, with a notice whose Undo brings it back."""
        ...

    def remove(self) -> None:
        """Take it out of the strip only, with an Undo; the library keeps it."""
        ...

    def copy(self) -> None:
        """Copy the content and the file to the clipboard."""
        ...

    def save_as(self) -> None:
        """Ask for a name, and write it there."""
        ...

    def fill_targets(self, menu: QMenu) -> None:
        """Add an entry for each other page that takes it."""
        ...


if not TYPE_CHECKING:  # type checkers know the names of today only
    __getattr__ = former_names(__name__)

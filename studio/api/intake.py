"""Input widgets of a page: drops and pastes, prompts, weights, recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from studio.protocol.errors import StudioError

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QPlainTextEdit, QWidget


def local_files(data: QMimeData | None) -> list[Path]:
    """Return the files and folders of this machine that something dragged or copied names."""
    urls = data.urls() if data is not None else []
    return [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]


class DropTarget(Protocol):
    """How things come to a page: dropped anywhere on it, pasted, picked."""

    def takes(self, data: QMimeData) -> bool:
        """Whether something dragged or copied has anything for the page."""
        ...

    def drop(self, data: QMimeData) -> None:
        """Pass the accepted parts of the data to the page."""
        ...

    def paste(self) -> None:
        """Pass the clipboard to the page, or report that it holds nothing usable."""
        ...

    def pick(self) -> None:
        """Ask for files and hand them to the page."""
        ...


class PromptField(Protocol):
    """A text field that grows with its lines; Return runs, Shift+Return begins a line."""

    @property
    def widget(self) -> QPlainTextEdit:
        """The widget to place on a page, inside a frame with ``Role.COMPOSER``."""
        ...

    @property
    def text(self) -> str:
        """The text, stripped."""
        ...

    def set_text(self, text: str) -> None:
        """Replace the text as one undoable edit."""
        ...

    def on_change(self, call: Callable[[], None]) -> None:
        """Call after each change."""
        ...

    def on_return(self, call: Callable[[], None]) -> None:
        """Call when Return was pressed."""
        ...

    def on_key(self, call: Callable[[QKeyEvent], bool]) -> None:
        """Ask first with each key; True says that it was one of the page's."""
        ...

    def on_paste(self, call: Callable[[QMimeData], bool]) -> None:
        """Call with pasted or dropped data before inserting; True marks it as handled."""
        ...

    def on_refused(self, call: Callable[[int], None]) -> None:
        """Call with how long it would be when a paste was refused as too long."""
        ...


class WeightsPicker(Protocol):
    """A small button that says which weights are chosen, with a menu of all that fit."""

    @property
    def widget(self) -> QWidget:
        """The widget to place on a page."""
        ...

    @property
    def weights(self) -> str:
        """The id of the selected weights, else of the best available; empty if none."""
        ...

    def choose(self, id: str) -> None:
        """Show a choice without telling anybody; an empty one is the best there is."""
        ...

    def refresh(self) -> None:
        """Look again at what there is."""
        ...

    def open_menu(self) -> None:
        """Show a menu of installed and downloadable weights."""
        ...

    def on_choose(self, call: Callable[[str], None]) -> None:
        """Call with the id of the weights selected by the user."""
        ...


class ModelOffer(Protocol):
    """A line that says that a weak language model answers, and offers a better one.

    It downloads that one when the user presses its button, and shows how far it is.
    """

    @property
    def widget(self) -> QWidget:
        """The widget to place on a page; it hides by itself."""
        ...

    def show_for(self, weights: str) -> bool:
        """Show what is better than ``weights``, if they are weak; return whether they are."""
        ...

    def on_choose(self, call: Callable[[str], None]) -> None:
        """Call with the id of the better weights that the user takes."""
        ...

    def on_news(self, call: Callable[[], None]) -> None:
        """Call when models came or went."""
        ...


class RecordBar(Protocol):
    """A row that is there while the microphone listens: how long, how loud, take it or not."""

    @property
    def widget(self) -> QWidget:
        """The widget to place on a page."""
        ...

    @property
    def recording(self) -> bool:
        """Whether the microphone listens."""
        ...

    def toggle(self) -> None:
        """Start recording, or stop and deliver the recording."""
        ...

    def finish(self) -> None:
        """Stop and deliver the recording."""
        ...

    def discard(self) -> None:
        """End, and keep nothing."""
        ...

    def on_recorded(self, call: Callable[[Any, int], None]) -> None:
        """Call with samples (frames, 1) float32 and how many there are a second."""
        ...

    def on_failed(self, call: Callable[[StudioError | str], None]) -> None:
        """Call with what went wrong: there is no microphone, or nothing was recorded."""
        ...

"""The window's building blocks as pages see them. Protocols and data; Qt appears in types only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from studio.api.artifacts import SavedArtifact
from studio.api.jobs import JobHandle
from studio.api.params import Params
from studio.api.plot import Plot
from studio.api.roles import Role
from studio.api.stability import since
from studio.protocol.errors import StudioError

if TYPE_CHECKING:
    from PySide6.QtCore import QRect, QRectF
    from PySide6.QtGui import QFont, QIcon
    from PySide6.QtWidgets import QComboBox, QLabel, QWidget


@dataclass(frozen=True)
class Tokens:
    """The colours and sizes of the theme in force (``look``): read these, never write a colour."""

    dark: bool
    colors: Mapping[str, str] = field(default_factory=dict)


class Ui(Protocol):
    """The window's own building blocks, so that all pages look alike."""

    @property
    def tokens(self) -> Tokens:
        """The theme in force."""
        ...

    def on_theme(self, call: Callable[[Tokens], None]) -> Callable[[], None]:
        """Call after each change of theme; returns the function that ends it."""
        ...

    def icon(self, name: str, color: str = "text") -> QIcon:
        """Return a Lucide icon in a token's colour."""
        ...

    def mono(self) -> QFont:
        """Return the font for code and figures."""
        ...

    def wear(self, widget: QWidget, *roles: Role) -> None:
        """Style a widget by its roles, in light and dark."""
        ...

    def show_invalid(self, field: QWidget, invalid: bool) -> None:
        """Show whether a field holds what cannot be."""
        ...

    def label(self, text: str = "", role: Role | None = None, *, wrap: bool = False) -> QLabel:
        """Return a label of plain text."""
        ...

    def elided_label(
        self, text: str = "", role: Role | None = None, *, right: bool = False
    ) -> ElidedLabel:
        """Return a line that ends in … where it has no room; its tip has all of it then.

        Args:
            right: Whether it stands at the right of its place.
        """
        ...

    def combo_box(self) -> QComboBox:
        """Return a choice from a list that no passing wheel turns."""
        ...

    def button(
        self,
        text: str,
        icon: str = "",
        *,
        primary: bool = False,
        tip: str = "",
        dense: bool = False,
    ) -> Any:
        """Return a ``QPushButton`` in the house style; ``dense``: of small height."""
        ...

    def icon_button(self, icon: str, tip: str) -> Any:
        """Return a flat ``QToolButton``; ``tip`` is its accessible name too."""
        ...

    def menu(self) -> Any:
        """Return an empty ``QMenu`` in the house style; fill it as Qt's."""
        ...

    def form(self, params: type[Params], *, only: Sequence[str] = ()) -> ParamsForm:
        """Return the parameter form of ``params``."""
        ...

    def progress_row(self, *, stop: bool = True, words: Callable[[str], str] = str) -> ProgressRow:
        """Return a row that shows how a job goes; hidden until it follows one.

        Args:
            stop: Show a Stop button; False where the page has one already.
            words: Returns what a task says of its progress in the language of the window.
        """
        ...

    def trouble_row(self) -> TroubleRow:
        """Return an initially hidden row for error messages."""
        ...

    def switch_bar(
        self, name: str, choices: Sequence[tuple[str, str, str]], *, words: bool = True
    ) -> SwitchBar:
        """Return a row of buttons of which one is down: modes of a page, ways to look at things.

        Args:
            name: What it chooses, for those who hear it.
            choices: (id, icon, title) from the left.
            words: Whether titles stand beside the icons where there is room; else they are tips.
        """
        ...

    @since("1.1")
    def flow_row(self, widgets: Sequence[QWidget]) -> QWidget:
        """Put widgets side by side, in as many lines as they need: chips, examples, actions."""
        ...

    def prose_view(
        self,
        *,
        on_link: Callable[[str], None] | None = None,
        block_actions: Sequence[BlockAction] = (),
    ) -> ProseView:
        """Return a view of Markdown that may grow while it is written.

        Args:
            on_link: Takes the http(s) address of a link that was clicked; without it the window
                shows the address, as ``open_link`` does.
            block_actions: What a page can do with a block of code, once that is complete.
        """
        ...

    def plain_view(self) -> PlainView:
        """Return a plain-text view, such as for user messages in a chat."""
        ...

    @since("1.1")
    def plot_view(self, plot: Plot, name: str = "") -> PlotView:
        """Return a view of ``plot``; ``name`` is for those who hear it."""
        ...

    @since("1.1")
    def wave(self, color: str = "kind-audio") -> WaveView:
        """Return a view of the wave of a sound; ``color`` is that of ``tokens`` it is drawn in."""
        ...

    @since("1.1")
    def level_meter(self, tip: str) -> LevelMeter:
        """Return a small meter of how loud something is; ``tip`` says what."""
        ...

    def highlight(self, lines: Sequence[str], language: str) -> list[list[tuple[int, int, str]]]:
        """Return the coloured runs of each line: start, length, and a colour of ``tokens``.

        Slow for long code: this one call needs no window, so ``run_later`` may make it. Empty runs
        where ``language`` (a name that Pygments knows) is unknown or there is too much code.
        """
        ...

    def code_color(self, token: str) -> str:
        """Return the colour of ``tokens`` for a token type of Pygments (``"Token.Keyword"``).

        Empty for what has the colour of text.
        """
        ...

    def paint_box(
        self,
        widget: QWidget,
        exposed: QRect,
        box: QRectF,
        radius: float,
        fill: str,
        line: str = "",
        width: float = 1,
    ) -> None:
        """Draw a rounded box on ``widget``, as behind cards and bubbles: for its ``paintEvent``.

        Args:
            exposed: What is to be painted.
            fill, line: Colours of ``tokens``; no ``line`` draws none.
        """
        ...

    def empty_state(
        self,
        icon: str,
        title: str,
        text: str,
        examples: Sequence[tuple[str, str, Callable[[], None]]] = (),
    ) -> QWidget:
        """Return a placeholder for an empty page.

        Args:
            examples: (icon, words, click handler), each a card.
        """
        ...

    def pick_files(
        self, title: str, suffixes: Sequence[str] = (), *, many: bool = False
    ) -> list[Path]:
        """Ask for existing files; empty when the user declined."""
        ...

    def pick_folder(self, title: str) -> Path | None:
        """Ask for an existing folder; None when the user declined."""
        ...

    def save_file(self, title: str, name: str, suffixes: Sequence[str] = ()) -> Path | None:
        """Ask where to write; None when the user declined."""
        ...

    @since("1.1")
    def show_artifact(self, artifact: SavedArtifact, /) -> None:
        """Show a result in the library, with its record and its family tree."""
        ...

    @since("1.1")
    def view_artifact(self, artifact: SavedArtifact, then: Callable[[QWidget], None], /) -> None:
        """Call ``then`` with what shows or plays a result of the library, once it is read."""
        ...

    def copy(self, text: str) -> None:
        """Put text on the clipboard."""
        ...

    def open_link(self, url: str) -> None:
        """Show an http(s) address and let the user open or copy it; never opens by itself."""
        ...


class ElidedLabel(Protocol):
    """One line of text that is never wider than its place."""

    @property
    def widget(self) -> QWidget:
        """The widget to place on a page."""
        ...

    def set_text(self, text: str) -> None:
        """Show another text."""
        ...


class ParamsForm(Protocol):
    """A form drawn from a ``Params`` class."""

    @property
    def widget(self) -> QWidget:
        """The widget to place on a page or its panel."""
        ...

    def values(self) -> dict[str, Any]:
        """Return the current values as input for ``Params.parse``."""
        ...

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show ``values``; unknown names are ignored."""
        ...

    def set_defaults(self, values: Mapping[str, Any]) -> None:
        """Count ``values`` as the defaults, beside those of the parameters; show them unless a
        value was changed.
        """
        ...

    def reset(self) -> None:
        """Show the defaults."""
        ...

    def on_change(self, call: Callable[[], None]) -> None:
        """Call after each change by the user."""
        ...


class ProgressRow(Protocol):
    """Status text, progress bar and time left of a job."""

    @property
    def widget(self) -> QWidget:
        """The widget to place on a page."""
        ...

    def follow(self, job: JobHandle) -> None:
        """Show the progress of ``job``, then hide; replaces the previous job."""
        ...

    def stop(self) -> None:
        """Stop the job at its next step, and say so until then."""
        ...


class TroubleRow(Protocol):
    """A sentence about what went wrong, a button that goes on from there, and one that closes."""

    @property
    def widget(self) -> QWidget:
        """The widget to place on a page."""
        ...

    def tell(self, error: StudioError | str, again: Callable[[], None] | None = None) -> None:
        """Show an error and its remedy; ``again`` is the action of "Try again"."""
        ...

    def remark(
        self, text: str, button: str, icon: str, run: Callable[[], object], *, stays: bool = False
    ) -> None:
        """Show a deviation from the request; ``run`` is the action of the button.

        Args:
            stays: Whether the message remains after the button is pressed.
        """
        ...

    def hide(self) -> None:
        """Take the message away."""
        ...


class SwitchBar(Protocol):
    """A row of buttons of which one is down; arrow keys move."""

    @property
    def widget(self) -> QWidget:
        """The widget to place on a page."""
        ...

    def on_choose(self, call: Callable[[str], None]) -> None:
        """Call with the id of the option selected by the user."""
        ...

    def choose(self, id: str) -> None:
        """Show a choice without telling anybody."""
        ...

    def show_words(self, words: bool) -> None:
        """Show titles beside the icons, or icons alone where there is little room."""
        ...

    @since("1.1")
    def show_choice(self, id: str, shown: bool) -> None:
        """Show one of the choices, or leave it out for now."""
        ...


BlockAction = tuple[str, str, Callable[[str, str], None]]
"""What can be done with a block of code: words, icon, and what takes the code and its language."""


class ProseView(Protocol):
    """Markdown as it is written: running text, code with colours and a copy button, tables.

    Loads nothing, whatever the text names; shows HTML as it is written.
    """

    @property
    def widget(self) -> QWidget:
        """The widget to place on a page; as tall as its text."""
        ...

    @property
    def text(self) -> str:
        """All that was given, as Markdown."""
        ...

    def plain_text(self) -> str:
        """Return the displayed text without Markdown markup."""
        ...

    def append(self, text: str) -> None:
        """Add text at the end; it is drawn a moment later."""
        ...

    def finish(self) -> None:
        """Draw all there is: no more will come."""
        ...

    def set_text(self, text: str) -> None:
        """Show another text, which is complete."""
        ...

    def flush(self) -> None:
        """Render the text received so far, immediately."""
        ...


class PlainView(Protocol):
    """Text without Markdown, as wide as it needs."""

    @property
    def widget(self) -> QWidget:
        """The widget to place on a page; as large as its text."""
        ...

    def set_text(self, text: str) -> None:
        """Show ``text``; a hundred thousand characters and more hold up the window."""
        ...

    def set_limit(self, width: int) -> None:
        """Wrap at ``width`` pixels; nothing is shown before."""
        ...


@since("1.1")
class PlotView(Protocol):
    """A chart that may be updated while visible; shows values under the cursor."""

    @property
    def widget(self) -> QWidget:
        """The widget to place on a page; fills its space."""
        ...

    def set_plot(self, plot: Plot) -> None:
        """Show another plot; one of 100,000 values takes a moment."""
        ...


class WaveView(Protocol):
    """The wave of a sound, with a playhead that a click puts.

    Attributes:
        place: Where the playhead is, 0…1.
    """

    place: float

    @property
    def widget(self) -> QWidget:
        """The widget to place on a page; fills its width."""
        ...

    def show_levels(self, levels: Sequence[float]) -> None:
        """Show levels, 0…1, from start to end."""
        ...

    def set_place(self, place: float) -> None:
        """Move the playhead."""
        ...

    def on_seek(self, call: Callable[[float], None]) -> None:
        """Call with the place of each click, 0…1."""
        ...

    def on_select(self, call: Callable[[float, float], None]) -> None:
        """Let parts be marked by dragging; call with both ends, 0…1."""
        ...


class LevelMeter(Protocol):
    """How loud something is, from −48 to 0 dB."""

    @property
    def widget(self) -> QWidget:
        """The widget to place in a row."""
        ...

    def show_level(self, level: float) -> None:
        """Show an amplitude, 0…1."""
        ...

"""The window half's view of the studio. Protocols and data; PySide6 appears in types only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from studio.api.artifacts import SavedArtifact
from studio.api.library import LibraryView
from studio.api.params import Params
from studio.api.weights import WeightsView
from studio.protocol.errors import StudioError
from studio.protocol.states import JobState, Priority

if TYPE_CHECKING:
    from PySide6.QtCore import QRect, QRectF
    from PySide6.QtGui import QFont, QIcon
    from PySide6.QtWidgets import QWidget


@dataclass
class Page:
    """A plugin's place in the window.

    Attributes:
        widget: The page itself.
        panel: The parameter panel on the right, or None.
        save_state: Returns plain data to keep over a restart.
        restore_state: Takes what ``save_state`` returned; must bear old or foreign data.
        accept: Takes an artifact that was sent here; only kinds the manifest lists.
        actions: For the command palette, while this page exists.
        focus: Puts the keyboard where a person starts.
    """

    widget: QWidget
    panel: QWidget | None = None
    save_state: Callable[[], dict[str, Any]] | None = None
    restore_state: Callable[[dict[str, Any]], None] | None = None
    accept: Callable[[SavedArtifact], None] | None = None
    actions: Sequence[PageAction] = ()
    focus: Callable[[], None] | None = None


@dataclass(frozen=True)
class PageAction:
    """Something a person may do, for the command palette and the shortcut."""

    id: str
    title: str
    run: Callable[[], None]
    icon: str = ""
    shortcut: str = ""


class JobHandle(Protocol):
    """One job, seen from the window.

    Callbacks run on the window's thread, in order; whoever asks late is told at once what has
    happened already. Each ``on_…`` returns the handle.
    """

    @property
    def id(self) -> str: ...

    @property
    def task(self) -> str: ...

    @property
    def state(self) -> JobState: ...

    @property
    def record(self) -> str:
        """Id of the record in the library; set from the start."""
        ...

    def on_state(self, call: Callable[[JobState, str], None]) -> Self:
        """Call with each new state and its reason in words."""
        ...

    def on_progress(self, call: Callable[[float, float, str, float | None], None]) -> Self:
        """Call with done, total, message, seconds left."""
        ...

    def on_preview(self, call: Callable[[Any, str], None]) -> Self:
        """Call with an (H, W, C) uint8 buffer (``memoryview``) and a note."""
        ...

    def on_text(self, call: Callable[[str, int, str], None]) -> Self:
        """Call with new text, tokens so far, channel."""
        ...

    def on_artifact(self, call: Callable[[SavedArtifact], None]) -> Self:
        """Call with each result once it is on disk: in the library, if it was to be kept."""
        ...

    def on_done(self, call: Callable[[Mapping[str, Any]], None]) -> Self:
        """Call once with the task's result when it finished."""
        ...

    def on_failed(self, call: Callable[[StudioError], None]) -> Self:
        """Call once if it failed or was lost with the runtime."""
        ...

    def on_cancelled(self, call: Callable[[], None]) -> Self:
        """Call once if the user stopped it."""
        ...

    def cancel(self) -> None:
        """Stop at the next step; harmless when it is over."""
        ...


class Tasks(Protocol):
    """Running tasks: one's own, and by id those of other plugins."""

    def submit(
        self,
        task: str,
        params: Params | Mapping[str, Any],
        *,
        title: str = "",
        priority: Priority = Priority.INTERACTIVE,
        inputs: Mapping[str, Any] | None = None,
        parents: Sequence[str] = (),
        keep: bool = True,
    ) -> JobHandle:
        """Store the recipe, then queue the task.

        Args:
            inputs: Name → bytes, or a C-contiguous numeric buffer, handed to the worker's
                ``ctx.inputs``.
            parents: Ids of artifacts this was made from: the family tree.
            keep: Save results in the library; False if the page keeps them itself.

        Raises:
            StudioError: The parameters are wrong, or no weights fit.
        """
        ...


class SettingsView(Protocol):
    """The plugin's own settings. What is set survives a crash."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value, or ``default``."""
        ...

    def set(self, key: str, value: Any) -> None:
        """Keep plain data."""
        ...


class DraftsView(Protocol):
    """Work in progress that must outlive a crash and is no result yet: one file a name.

    Every method takes as long as the disk: call them beside the window.
    """

    def get(self, name: str) -> bytes | None:
        """Return what was put there last, or None."""
        ...

    def put(self, name: str, data: bytes) -> None:
        """Keep ``data`` (64 MiB at most); ``name``: lower-case letters, digits, hyphens."""
        ...

    def remove(self, name: str) -> None:
        """Forget a draft, if there is one."""
        ...


class Notices(Protocol):
    """Telling the user something. One notice a key: a second replaces the first."""

    def info(self, message: str, hint: str = "", *, key: str = "") -> None:
        """Say that something is done or different."""
        ...

    def error(self, error: StudioError | str, *, key: str = "") -> None:
        """Say what went wrong, why, and what to do."""
        ...

    def offer(self, message: str, button: str, run: Callable[[], None], *, key: str = "") -> None:
        """Say something with one button (an undo, a retry)."""
        ...


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

    def button(self, text: str, icon: str = "", *, primary: bool = False, tip: str = "") -> Any:
        """Return a ``QPushButton`` in the house style."""
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

    def progress_row(self, *, stop: bool = True) -> ProgressRow:
        """Return a row that shows how a job goes; hidden until it follows one.

        Args:
            stop: Show a Stop button; False where the page has one already.
        """
        ...

    def trouble_row(self) -> TroubleRow:
        """Return a row that says what went wrong; hidden until it is told."""
        ...

    def switch_bar(
        self, name: str, choices: Sequence[tuple[str, str, str]], *, words: bool = True
    ) -> SwitchBar:
        """Return a row of buttons of which one is down: modes of a page, ways to look at things.

        Args:
            name: What it chooses, for those who hear it.
            choices: (id, icon, title) from the left.
            words: Whether titles stand beside the icons; else they are tips.
        """
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
        """Return a view of text as it was written, such as what a person said in a chat."""
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
        """Return what a page shows while it is empty.

        Args:
            examples: (icon, words, what a click does), each a card.
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

    def copy(self, text: str) -> None:
        """Put text on the clipboard."""
        ...

    def open_link(self, url: str) -> None:
        """Show an http(s) address and let the user open or copy it; never opens by itself."""
        ...


class ParamsForm(Protocol):
    """A form drawn from a ``Params`` class."""

    @property
    def widget(self) -> QWidget:
        """What to put into a page or its panel."""
        ...

    def values(self) -> dict[str, Any]:
        """Return what is set, as ``Params.parse`` takes it."""
        ...

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show ``values``; unknown names are ignored."""
        ...

    def reset(self) -> None:
        """Show the defaults."""
        ...

    def on_change(self, call: Callable[[], None]) -> None:
        """Call after each change by the user."""
        ...


class ProgressRow(Protocol):
    """What a job is doing in words, as a bar, and its time left."""

    @property
    def widget(self) -> QWidget:
        """What to put into a page."""
        ...

    def follow(self, job: JobHandle) -> None:
        """Show how ``job`` goes, then hide; what was followed before is let go."""
        ...

    def stop(self) -> None:
        """Stop the job at its next step, and say so until then."""
        ...


class TroubleRow(Protocol):
    """A sentence about what went wrong, a button that goes on from there, and one that closes."""

    @property
    def widget(self) -> QWidget:
        """What to put into a page."""
        ...

    def tell(self, error: StudioError | str, again: Callable[[], None] | None = None) -> None:
        """Say what failed and what to do; ``again`` is what "Try again" does."""
        ...

    def remark(self, text: str, button: str, icon: str, run: Callable[[], None]) -> None:
        """Say what is different from what was asked; ``run`` is what the button does."""
        ...

    def hide(self) -> None:
        """Take the message away."""
        ...


class SwitchBar(Protocol):
    """A row of buttons of which one is down; arrow keys move."""

    @property
    def widget(self) -> QWidget:
        """What to put into a page."""
        ...

    def on_choose(self, call: Callable[[str], None]) -> None:
        """Call with the id of what the user chose."""
        ...

    def choose(self, id: str) -> None:
        """Show a choice without telling anybody."""
        ...

    def show_words(self, words: bool) -> None:
        """Show titles beside the icons, or icons alone where there is little room."""
        ...


BlockAction = tuple[str, str, Callable[[str, str], None]]
"""What can be done with a block of code: words, icon, and what takes the code and its language."""


class ProseView(Protocol):
    """Markdown as it is written: running text, code with colours and a copy button, tables.

    Loads nothing, whatever the text names; shows HTML as it is written.
    """

    @property
    def widget(self) -> QWidget:
        """What to put into a page; as tall as its text."""
        ...

    @property
    def text(self) -> str:
        """All that was given, as Markdown."""
        ...

    def plain_text(self) -> str:
        """Return what is shown, without the marks of Markdown."""
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
        """Draw what has come, now."""
        ...


class PlainView(Protocol):
    """Text without Markdown, as wide as it needs."""

    @property
    def widget(self) -> QWidget:
        """What to put into a page; as large as its text."""
        ...

    def set_text(self, text: str) -> None:
        """Show ``text``; a hundred thousand characters and more hold up the window."""
        ...

    def set_limit(self, width: int) -> None:
        """Wrap at ``width`` pixels; nothing is shown before."""
        ...


class PluginContext(Protocol):
    """All that the window half of a plugin may touch."""

    @property
    def plugin(self) -> str: ...

    @property
    def tasks(self) -> Tasks: ...

    @property
    def library(self) -> LibraryView: ...

    @property
    def weights(self) -> WeightsView: ...

    @property
    def settings(self) -> SettingsView: ...

    @property
    def drafts(self) -> DraftsView: ...

    @property
    def notices(self) -> Notices: ...

    @property
    def ui(self) -> Ui: ...

    def run_later(self, call: Callable[[], Any], then: Callable[[Any], None] | None = None) -> None:
        """Run ``call`` on a worker thread (never Qt), then ``then(result)`` on the window's."""
        ...

    def send_to(self, artifact: SavedArtifact) -> Sequence[tuple[str, Callable[[], None]]]:
        """Return (page title, action) for each page that accepts the artifact."""
        ...

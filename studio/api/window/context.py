"""The window half's view of the studio. Protocols and data; PySide6 appears in types only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from studio.api.artifacts import SavedArtifact
from studio.api.jobs import JobEnd, JobHandle, JobRequest
from studio.api.kit import Kit
from studio.api.sandbox import Sandbox
from studio.api.stability import former_methods, since
from studio.api.weights import WeightsView
from studio.api.window.library import LibraryView
from studio.api.window.narration import Narration
from studio.api.window.tools import ToolsView
from studio.api.window.ui import Ui
from studio.protocol.errors import StudioError
from studio.protocol.regular_file import read_regular

if TYPE_CHECKING:
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
        reuse: Sets everything as it was for a result of one of the plugin's tasks.
        run: Does what the main button does, with what is filled in.
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
    reuse: Callable[[UsedSettings], None] | None = None
    run: Callable[[], None] | None = None


@since("1.1")
@former_methods("studio.api.window.context.UsedSettings")
@dataclass(frozen=True)
class UsedSettings:
    """How a result was made, as far as it can be made so again.

    Attributes:
        params: Only what the task still has; a seed is its default where chance is to decide.
        parents: Ids of the artifacts that it was made from.
        inputs: Name of what was handed to the task → its file, where it was kept. Read it beside
            the window.
    """

    task: str
    params: Mapping[str, Any]
    parents: tuple[str, ...] = ()
    inputs: Mapping[str, Path] = field(default_factory=dict)

    def prompt(self, param: str) -> str:
        """Return the prompt: a parameter, else the last user message in ``messages``.

        May read that input: call it in the background. Empty if the prompt was not stored.
        """
        value = self.params.get(param)
        if value or "messages" not in self.inputs:
            return str(value or "")
        try:
            messages = msgspec.json.decode(read_regular(self.inputs["messages"]), type=list[_Said])
        except (OSError, msgspec.MsgspecError):
            return ""
        return next(
            (message.content for message in reversed(messages) if message.role == "user"), ""
        )


class _Said(msgspec.Struct):
    role: str = ""
    content: str = ""


@dataclass(frozen=True)
class PageAction:
    """Something a person may do, for the command palette and the shortcut."""

    id: str
    title: str
    run: Callable[[], None]
    icon: str = ""
    shortcut: str = ""


class Tasks(Protocol):
    """Running tasks: one's own, and by id those of other plugins."""

    def submit(self, request: JobRequest) -> JobHandle:
        """Store the recipe, then queue the task.

        ``ctx.tasks.submit(JobRequest("dice.roll", params, title="Roll"))``

        Raises:
            StudioError: The parameters are wrong, no weights fit, or the task takes no such inputs.
        """
        ...


class SettingsView(Protocol):
    """The plugin's own settings. Changes survive a crash."""

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
        """Return the last stored content, or None."""
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
        """Report an error with its reason and remedy."""
        ...

    def offer(self, message: str, button: str, run: Callable[[], None], *, key: str = "") -> None:
        """Say something with one button (an undo, a retry)."""
        ...


class PluginContext(Protocol):
    """All that the window half of a plugin may touch."""

    @property
    def plugin(self) -> str: ...

    @property
    def tasks(self) -> Tasks: ...

    @property
    def tools(self) -> ToolsView:
        """Tools available to language models, and their approvals by the user."""
        ...

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

    @property
    def kit(self) -> Kit:
        """The parts that a page is put together from."""
        ...

    def tr(self, text: str) -> str:
        """Return a text of yours in the language of the window.

        From ``locale/de/LC_MESSAGES/ID.mo`` in your package; English texts where that has none.
        Titles of the manifest and labels of parameters are looked up there by themselves.
        """
        ...

    def run_later(self, call: Callable[[], Any], then: Callable[[Any], None] | None = None) -> None:
        """Run ``call`` on a worker thread (never Qt), then ``then(result)`` on the window's."""
        ...

    @property
    @since("1.1")
    def file_sandbox(self) -> Sandbox:
        """The sandbox for a reader of strangers' files that comes with the plugin.

        Its tier takes a moment to find out, and a run blocks: use it in ``run_later``.
        """
        ...

    @since("1.1")
    def narration(self) -> Narration | None:
        """Return a voice that reads texts aloud while they are written; None if no plugin has one.

        ``ctx.weights.for_capability("text-to-speech")`` says whether it can speak yet.
        """
        ...

    def on_artifact_added(self, call: Callable[[SavedArtifact], None]) -> Callable[[], None]:
        """Call with each result that is saved in the library from now on, whoever made it.

        On the window's thread. Returns a function that ends it; so does switching you off.
        """
        ...

    def on_job_done(self, call: Callable[[JobEnd], None]) -> Callable[[], None]:
        """Call with each job that is over from now on, whoever wanted it and however it ended.

        Not with those of other programs. On the window's thread; returns a function that ends it.
        """
        ...

    @since("1.1")
    def open_page(self, page: str) -> bool:
        """Bring a page of this plugin into view; returns whether there is one of that id."""
        ...

    def send_to(self, artifact: SavedArtifact) -> Sequence[tuple[str, Callable[[], None]]]:
        """Return (page title, action) for each page that accepts the artifact."""
        ...

    def actions(self, artifact: SavedArtifact) -> Sequence[tuple[str, str, Callable[[], None]]]:
        """Return (title, icon, call) for each action on a result.

        These are *Recreate exactly*, if it has a record, and the actions of plugins.
        """
        ...

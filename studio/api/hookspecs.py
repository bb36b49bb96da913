"""The hooks a plugin may implement.

Few, documented, and only ever extended by new arguments at the end.
"""

# A hook specification has a signature and a docstring, never a body.
# mypy: disable-error-code="empty-body"

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from studio.api.artifacts import SavedArtifact, Verdict
    from studio.api.window.context import Page, PluginContext
    from studio.api.window.narration import Narration
    from studio.api.worker.context import Loader, Task

PROJECT = "studio"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class WindowHooks:
    """Hooks of the window half (``plugin.py``). They run on the window's thread: return at once."""

    @hookspec
    def studio_pages(self, ctx: PluginContext) -> Mapping[str, Callable[[], Page]]:
        """Return page id → function that builds the page; called when the page is first opened."""

    @hookspec
    def studio_viewers(self, ctx: PluginContext) -> Mapping[str, Callable[[SavedArtifact], Any]]:
        """Return kind → function that makes a ``QWidget`` showing an artifact of that kind.

        One that plays may have ``toggle()`` (Space in the Gallery), and ``begin()`` and a signal
        ``ended``: then several that are selected are played one after the other.
        """

    @hookspec
    def studio_thumbnails(
        self, ctx: PluginContext
    ) -> Mapping[str, Callable[[SavedArtifact, Callable[[Any], None]], None]]:
        """Return kind → function that draws the card of an artifact that came without a picture.

        It gets the artifact, and what takes the ``QImage``, about 400 by 280: call that later, on
        the window's thread, once the picture was drawn beside it (``ctx.run_later``).
        """

    @hookspec
    def studio_exporters(
        self, ctx: PluginContext
    ) -> Mapping[str, Callable[[SavedArtifact, Path], None]]:
        """Return ``"kind:.suffix"`` → function that writes an artifact to a path in that format."""

    @hookspec
    def studio_open_file(self, ctx: PluginContext, path: Path) -> Callable[[], None] | None:
        """Return a callable that opens a file dropped on the window, or None if unsupported."""

    @hookspec
    def studio_narration(self, ctx: PluginContext) -> Callable[[], Narration] | None:
        """Return what makes a voice that reads texts aloud while they are written, for any page."""

    @hookspec
    def studio_settings(self, ctx: PluginContext) -> type[Any] | None:
        """Return a ``Params`` class whose fields become the plugin's section of Settings."""


class WorkerHooks:
    """Hooks of the worker half (``worker.py``).

    They run in the runtime, before any task of the plugin.
    """

    @hookspec
    def studio_tasks(self) -> Mapping[str, Task]:
        """Return task id → generator function."""

    @hookspec
    def studio_loaders(self) -> Sequence[Loader]:
        """Return the families of weights this plugin can load."""

    @hookspec
    def studio_checks(self) -> Mapping[str, Callable[[bytes], Verdict]]:
        """Return kind → function that takes a payload of the plugin's tasks and returns a verdict.

        Asked for each artifact that a task yields without one.
        """

"""Start, Stop, Continue: from what is set to a job, and from its end back to the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from studio.api import PluginContext, SavedArtifact, StudioError
from studio_molecules.pages.modes import IMPROVE, Mode
from studio_molecules.pages.runner import Runner

if TYPE_CHECKING:
    from studio_molecules.pages.page import MoleculePage

_POPULATION = 200
"""Of the best molecules in view, how many a search goes on from."""


class RunController:
    """Runs what the composer says.

    Attributes:
        runner: The job at work.
    """

    def __init__(self, ctx: PluginContext, page: MoleculePage) -> None:
        self._ctx, self._page = ctx, page
        self.runner = Runner(ctx)
        self._retry: Callable[[], None] = self.run
        self.runner.wrote.connect(page.composer.curve.read)
        self.runner.made.connect(self._on_made)
        self.runner.ended.connect(self._on_over)
        self.runner.failed.connect(self._on_failed)

    @property
    def busy(self) -> bool:
        """Whether a job is at work."""
        return self.runner.busy

    def run_or_stop(self) -> None:
        """Start, or stop what is at work."""
        if self.busy:
            self._page.progress.stop()
        else:
            self.run()

    def run(self) -> None:
        """Start with what is set."""
        self._begin({})

    def go_on(self) -> None:
        """Search on from the best molecules in view."""
        collection = self._page.collection
        best = collection.rows.order("score", descending=True)[:_POPULATION]
        smiles = [collection.rows.molecules[row].smiles for row in best]
        self._page.set_mode(IMPROVE)
        self._begin({"population": smiles})

    def _begin(self, more: Mapping[str, Any]) -> None:
        composer = self._page.composer
        if self.busy:
            return
        missing = composer.missing()
        if missing:
            self._page.trouble.tell(missing)
            composer.focus()
            return
        try:
            params = {**composer.params(), **more}
        except StudioError as error:
            self._page.trouble.tell(error)
            return
        source = self._page.artifact
        parents = [source.id] if more and source is not None and source.id else []
        self._start(composer.mode, params, composer.job_title(), parents)

    def _start(self, mode: Mode, params: Mapping[str, Any], title: str, parents: list[str]) -> None:
        self._page.trouble.hide()
        self._page.composer.curve.clear()
        self._retry = partial(self._start, mode, params, title, parents)
        try:
            self.runner.start(mode, params, title, parents)
        except StudioError as error:
            self._page.trouble.tell(error, self.run)
            return
        if self.runner.job is not None:
            self._page.progress.follow(self.runner.job)
            self._page.composer.show_busy(True)

    def _on_made(self, artifact: SavedArtifact) -> None:
        self._page.open_artifact(artifact)

    def _on_over(self) -> None:
        self._page.composer.show_busy(self.busy)

    def _on_failed(self, error: StudioError) -> None:
        self._on_over()
        self._page.trouble.tell(error, self._retry)

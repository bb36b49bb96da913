"""What the page lets the runtime do, and how it is shown: one job, its progress, its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from studio.api import PluginContext, StudioError
from studio_music.pages.editor import edits
from studio_music.pages.modes import COMPOSE, Mode, modes
from studio_music.pages.phrases import tr
from studio_music.pages.runner import Runner
from studio_music.pages.takes.takes import Take

if TYPE_CHECKING:
    from studio_music.pages.page import MusicPage


class RunController:
    """Composes, harmonises, backs; opens and renders for others.

    Attributes:
        following: Whether what the job makes is brought into view.
    """

    def __init__(self, ctx: PluginContext, page: MusicPage) -> None:
        self._ctx, self._page = ctx, page
        self._modes = {mode.id: mode for mode in modes()}
        self._more = 0
        """So many takes are still to be composed."""
        self.following = True
        self.runner = Runner(ctx)
        self.runner.made.connect(self._on_made)
        self.runner.ended.connect(self._on_ended)
        self.runner.failed.connect(self._on_failed)

    @property
    def busy(self) -> bool:
        """Whether a job is at work."""
        return self.runner.busy

    # --- starting and stopping ----------------------------------------------------------------

    def run_or_stop(self) -> None:
        """Start, or stop what is at work."""
        if self.busy:
            self._more = 0
            self._page.progress.stop()
        else:
            self.run()

    def compose(self, words: str) -> None:
        """Compose what ``words`` ask for."""
        self._page.set_mode(COMPOSE)
        self._page.ask.set_words(words)
        self.run()

    def compose_takes(self, count: int) -> None:
        """Compose several takes of what is asked."""
        self._page.set_mode(COMPOSE)
        self._more = count - 1
        self.run()

    def run(self) -> None:
        """Start with what is set; what was edited by hand becomes a take first."""
        if self.busy:
            return
        page, mode = self._page, self._modes[self._page.mode]
        if mode.id != COMPOSE and not any(t.notes for t in page.document.piece.tracks):
            page.trouble.tell(tr("There is no melody yet. Open, write or compose one first."))
            return
        page.trouble.hide()
        self.following = True
        page.saving.keep(lambda: self._run(mode))

    def _run(self, mode: Mode) -> None:
        page = self._page
        params, parents, inputs = page.ask.params(), [], {}
        title = " ".join(page.ask.words.split())[:60] or mode.title
        if mode.id != COMPOSE:
            piece = edits.as_melody(page.document.settled, page.ask.melody_track)
            inputs["piece"] = piece
            parents = [page.document.source] if page.document.source else []
            title = f"{mode.title}: {page.document.piece.title}"[:60]
        self.start(mode.task, params, title, parents, inputs=inputs)

    def start(
        self,
        task: str,
        params: Mapping[str, Any],
        title: str,
        parents: Sequence[str] = (),
        *,
        inputs: Mapping[str, Any] | None = None,
        keep: bool = True,
    ) -> None:
        """Start a job and show how far it is."""
        try:
            self.runner.start(task, params, title, parents, inputs=inputs, keep=keep)
        except StudioError as error:
            self._more = 0
            self._page.trouble.tell(error)
            return
        if self.runner.job is not None:
            self._page.progress.follow(self.runner.job)
            self._page.ask.show_busy(True)

    # --- results ------------------------------------------------------------------------------

    def _on_made(self, take: Take) -> None:
        if take.piece is None:
            self._page.trouble.tell(tr("What was made cannot be read as a score."))
            return
        self._page.add(take)
        if self.following:
            self._page.open_take(take.id)

    def _on_ended(self, result: Mapping[str, Any]) -> None:
        self._over()
        note = result.get("note")
        if isinstance(note, str) and note:
            self._ctx.notices.info(note, key="music.note")
        if self._more and not self.runner.stopped:
            self._more -= 1
            self.run()
        else:
            self._page.opening.go_on()

    def _on_failed(self, error: StudioError) -> None:
        self._more = 0
        mine = self.runner.task in [mode.task for mode in self._modes.values()]
        self._over()
        self._page.trouble.tell(error, self.run if mine else None)
        self._page.opening.go_on()

    def _over(self) -> None:
        self._page.ask.show_busy(self.busy)

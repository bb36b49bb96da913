"""Tasks that the page starts: compose, harmonise, back; unsaved edits are saved first."""

from __future__ import annotations

from bisect import bisect_right

from studio.api import BadInput, JobRequest, PluginContext, ProgressRow, TroubleRow
from studio.api.window.language import tr
from studio_music.pages.autosave import Autosave
from studio_music.pages.editor import edits
from studio_music.pages.editor.document import Document
from studio_music.pages.modes import COMPOSE
from studio_music.pages.prompt_box import PromptBox
from studio_music.pages.roll.development_menu import model_words
from studio_music.pages.takes.takes import read_take
from studio_music.schema import Develop


class ScoreTasks:
    """Composes, harmonises, backs.

    Attributes:
        run: Runs these jobs, and those that open and render for others.
    """

    def __init__(
        self,
        ctx: PluginContext,
        ask: PromptBox,
        document: Document,
        saving: Autosave,
        progress: ProgressRow,
        trouble: TroubleRow,
    ) -> None:
        self._ask, self._document, self._saving = ask, document, saving
        self.run = ctx.kit.run_controller(
            prepare=self._prepare,
            button=ask.go,
            progress=progress,
            trouble=trouble,
            read=read_take,
        )

    def compose(self, words: str) -> None:
        """Compose what ``words`` ask for."""
        self._ask.modes.choose(COMPOSE)
        self._ask.set_words(words)
        self.run.run()

    def compose_takes(self, count: int) -> None:
        """Compose several takes of the request."""
        self._ask.modes.choose(COMPOSE)
        for _ in range(count):
            self.run.run()

    def develop(self, how: str) -> None:
        """Let the model continue, vary or fill the bars of the selection: a new version."""
        document = self._document
        chosen = document.selected or document.track.notes
        if not chosen or document.track.drums:
            return
        starts = document.piece.bar_starts()[bool(document.piece.pickup) :]
        first = max(1, bisect_right(starts, min(note.start for note in chosen)))
        last = max(first, bisect_right(starts, max(note.end for note in chosen) - 1))
        bars = min(max(last - first + 1, 2), 8)
        params = Develop.parse({"how": how, "first": first, "last": last, "bars": bars})
        words = dict(model_words())[how]

        def start() -> None:
            piece = edits.as_melody(document.settled, document.current)
            title = f"{words}: {piece.title}"[:60]
            parents = [document.source] if document.source else []
            inputs = {"piece": piece}
            self.run.start(
                JobRequest("music.develop", params, title=title, inputs=inputs, parents=parents)
            )

        self._saving.keep(start)

    def _prepare(self) -> None:
        """Start the task as set, once unsaved edits are a take."""
        document = self._document
        needs_melody = self._ask.mode != COMPOSE and not self._ask.modes.mode.offered
        if needs_melody and not any(t.notes for t in document.piece.tracks):
            raise BadInput(tr("No melody yet. Open, write or compose one first."))
        self._saving.keep(self._start)

    def _start(self) -> None:
        self.run.start(self._request(), self.run.run)

    def _request(self) -> JobRequest:
        mode, document, params = self._ask.modes.mode, self._document, self._ask.params()
        title = " ".join(self._ask.words.split())[:60] or mode.title
        if mode.offered:
            return self._ask.modes.request()
        if mode.id == COMPOSE:
            return JobRequest(mode.task, params, title=title)
        piece = edits.as_melody(document.settled, self._ask.melody_track)
        return JobRequest(
            mode.task,
            params,
            title=f"{mode.title}: {document.piece.title}"[:60],
            inputs={"piece": piece},
            parents=[document.source] if document.source else [],
        )

"""How music comes to the page: scores, recordings, other pages, an empty piece.

The runtime reads the files.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from studio.api import (
    JobRequest,
    Kind,
    NewArtifact,
    PluginContext,
    RunController,
    SavedArtifact,
    StudioError,
    TaskResult,
    TroubleRow,
    outcome,
)
from studio.api.window.language import tr
from studio_music.audio.effects.schema import SOUND_SUFFIXES
from studio_music.pages.autosave import Autosave
from studio_music.pages.editor.document import Document
from studio_music.pages.takes.takes import piece_of, take_of
from studio_music.score.piece import Piece, Track

TASK = "music.open"
TRANSCRIBE = "music.transcribe"
_NEW_BARS = 16


class ImportController:
    """Brings scores into the library first, then to the page."""

    def __init__(
        self,
        ctx: PluginContext,
        run: RunController,
        document: Document,
        saving: Autosave,
        trouble: TroubleRow,
        show: Callable[[TaskResult], None],
        begin: Callable[[], None],
    ) -> None:
        """Open files with ``run``.

        Args:
            show: Puts a take into the strip, and into view.
            begin: Gives the pencil to who begins with an empty piece.
        """
        self._ctx, self._run, self._document, self._saving = ctx, run, document, saving
        self._trouble, self._show, self._begin = trouble, show, begin
        self._waiting: list[tuple[Path, list[str]]] = []
        run.on_over(self._go_on)

    def bring(self, paths: list[Path]) -> None:
        """Open files, one after the other, and write recordings down; the last stays in view."""
        self._waiting += [(path, []) for path in paths]
        self._go_on()

    def keep_hummed(self, samples: Any, rate: int) -> None:
        """Save a hummed recording in the library, then transcribe it."""

        def kept(answer: SavedArtifact | StudioError) -> None:
            if isinstance(answer, StudioError):
                self._trouble.tell(answer)
            else:
                self.write_down(answer)

        keep = partial(_kept, self._ctx, samples, rate, tr("Hummed"))
        self._ctx.run_later(lambda: outcome(keep), kept)

    def write_down(self, sound: SavedArtifact) -> None:
        """Write a recording of the library down."""
        self._waiting.append((sound.path, [sound.id]))
        self._go_on()

    def _go_on(self) -> None:
        """Open the next file that waits, unless a job is at work."""
        if not self._waiting or self._run.busy:
            return
        path, parents = self._waiting.pop(0)
        if path.suffix.lower() in SOUND_SUFFIXES:
            title = tr("Notes from {name}").format(name=path.name if not parents else tr("Hummed"))
            params = {"sound": str(path)}
            self._run.start(JobRequest(TRANSCRIBE, params, title=title, parents=parents))
            return
        title = tr("Open {name}").format(name=path.name)
        self._run.start(JobRequest(TASK, {"file": str(path)}, title=title))

    def accept(self, artifact: SavedArtifact) -> None:
        """Take a score of the library."""

        def show(take: TaskResult) -> None:
            if piece_of(take) is None:
                words = tr("“{title}” cannot be read as a score.").format(title=artifact.title)
                self._trouble.tell(words)
            else:
                self._show(take)

        self._ctx.run_later(lambda: take_of(artifact), show)

    def write_new(self) -> None:
        """Begin with an empty piece."""
        length = _NEW_BARS * Piece().metre.bar
        track = Track(tr("Melody"), role="melody")
        piece = Piece(title=tr("New piece"), length=length, tracks=(track,))

        def begin() -> None:
            self._document.open(piece, "")
            self._begin()

        self._saving.keep(begin)


def _kept(ctx: PluginContext, samples: Any, rate: int, title: str) -> SavedArtifact:
    from studio_music.audio.audio_files import wav
    from studio_music.score.thumbnails import sound_png

    data, preview = wav(samples, rate, title=title), sound_png(samples)
    artifact = NewArtifact(
        Kind.AUDIO, data, suffix=".wav", title=title, text=title, preview=preview
    )
    return ctx.library.add(artifact)

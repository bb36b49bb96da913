"""Two versions of a piece compared by ear, and bars of one taken into the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_music.pages.autosave import Autosave
from studio_music.pages.editor import edits
from studio_music.pages.editor.document import Document
from studio_music.pages.editor.grid import bar_at, bar_line_after
from studio_music.pages.playback.controller import PlaybackController
from studio_music.pages.takes.strip import named
from studio_music.pages.takes.takes import TakeNumbers, piece_of
from studio_music.score.piece import Piece


class Comparison:
    """The version that the one in view is compared with.

    Args:
        takes: The strip of versions.
        show: Brings one into view, by its id.
        tell: Says why there is nothing to compare.
    """

    def __init__(
        self,
        ctx: PluginContext,
        document: Document,
        playing: PlaybackController,
        saving: Autosave,
        takes: Any,
        numbers: TakeNumbers,
        show: Callable[[str], None],
        tell: Callable[[str], None],
    ) -> None:
        self._ctx, self._document, self._playing, self._saving = ctx, document, playing, saving
        self._takes, self._numbers = takes, numbers
        self._show, self._tell = show, tell
        self._other = ""
        """That before the one in view, or another chosen."""

    def leave(self, shown: str) -> None:
        """Remember the current take, before ``shown`` takes its place."""
        if self._document.source not in ("", shown):
            self._other = self._document.source

    def others(self) -> list[tuple[str, str]]:
        """Return id and name of the takes that the one in view can be compared with.

        The one that is compared with it, where nobody chooses another, is the first.
        """
        others = [
            (take.id, named(take, self._numbers.of(take)))
            for take in self._takes
            if take.id != self._document.source
        ]
        return sorted(others, key=lambda other: other[0] != self._other)

    def compare(self, other: str = "") -> None:
        """Show another take at the same place; what plays goes on there.

        Args:
            other: Which; else the one that was compared last, or in view before.
        """
        playing = self._playing
        if self._found(other) is None:
            return
        goes_on, tick, loop = playing.playing, playing.tick, playing.loop
        looping = playing.looping

        def shown() -> None:
            self._show(self._other)
            take = self._takes.find(self._document.source)
            if take is not None:
                self._ctx.notices.info(named(take, self._numbers.of(take)), key="music.compare")
            if loop is not None and looping:
                playing.set_loop(loop)
            playing.seek(tick)
            if goes_on:
                playing.toggle()

        self._saving.keep(shown)

    def take_bars(self) -> None:
        """Put the bars of the other take in the place of those that are looped or selected."""
        other, document, loop = self._found(), self._document, self._playing.loop
        if other is None:
            return
        chosen = document.selected
        if loop is None and not chosen:
            self._tell(tr("Select notes or a loop first: their bars are taken."))
            return
        ends = loop or (min(n.start for n in chosen), max(n.end for n in chosen))
        first, last = bar_at(document.piece, ends[0]).start, bar_line_after(document.piece, ends[1])
        piece = edits.with_bars(document.settled, other, (first, last))
        document.apply_piece(tr("Bars of another version"), piece)

    def _found(self, other: str = "") -> Piece | None:
        """Return the piece of the other take; None, and say so, where there is none."""
        self._other = other or next((id for id, _ in self.others()), "")
        take = self._takes.find(self._other)
        if take is None:
            self._tell(tr("There is no other version to compare with."))
        return piece_of(take) if take else None

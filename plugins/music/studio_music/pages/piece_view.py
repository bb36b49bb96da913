"""The middle of the page: transport, tracks, roll and score; or how to begin. Runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from studio.api import Mode, PluginContext, Role, Tokens
from studio.api.window.language import tr
from studio_music.pages.editor.document import Document
from studio_music.pages.modes import COMPOSE
from studio_music.pages.playback.controller import PlaybackController
from studio_music.pages.playback.transport import Transport
from studio_music.pages.roll.editor import RollEditor
from studio_music.pages.score.view import ScoreView
from studio_music.pages.tracks.panel import TracksPanel


def welcome(ctx: PluginContext, mode: str, do: Mapping[str, Callable[..., None]]) -> QWidget:
    """Return how a mode begins.

    Args:
        do: ``compose(words)``, ``open()``, ``hum()``, ``write()``.
    """
    ways = [
        ("folder-open", tr("Open a score or a recording"), do["open"]),
        ("mic", tr("Hum it"), do["hum"]),
        ("pencil", tr("Write it note by note"), do["write"]),
    ]
    if mode != COMPOSE:
        return ctx.ui.empty_state(
            "layers",
            tr("No melody yet"),
            tr("Open, write or compose one, then come back here."),
            ways,
        )
    examples = [
        ("sparkles", words, partial(do["compose"], prompt))
        for words, prompt in (
            (tr("A calm tune in D minor"), tr("calm tune in D minor, 90 bpm, 16 bars")),
            (tr("A lively jig in G"), tr("lively jig in G major, 6/8, 32 bars")),
        )
    ]
    return ctx.ui.empty_state(
        "music",
        tr("Compose something"),
        tr(
            "Describe it above in a few words: mood, key, tempo, bars. Then listen, edit "
            "notes, add voices. Everything is made on this machine."
        ),
        examples + ways,
    )


def no_weights(
    ctx: PluginContext, open_file: Callable[[], None], write: Callable[[], None]
) -> QWidget:
    """Return instructions for a studio without weights that write tunes."""
    return ctx.ui.empty_state(
        "boxes",
        tr("No model for composing yet"),
        tr(
            "Open Models on the left to add one. You can still open scores, edit them, "
            "add a backing and export them."
        ),
        [
            ("folder-open", tr("Open a score or a recording"), open_file),
            ("pencil", tr("Write it note by note"), write),
        ],
    )


ROLL, SCORE, SPLIT = "roll", "score", "split"
_EVEN = 10_000
"""Roll and score share the room evenly, however much there is."""


class PieceView(QStackedWidget):
    """The piece and its tools, or what stands there instead.

    Signals:
        score_asked: The score is needed, and the roll alone is in view.

    Attributes:
        view: ``roll``, ``score`` or ``split``.
    """

    score_asked = Signal()

    def __init__(self, ctx: PluginContext, document: Document, playing: PlaybackController) -> None:
        super().__init__()
        self._ctx, self._playing = ctx, playing
        self.view = ROLL
        self.roll = RollEditor(ctx, document)
        self.score = ScoreView(ctx, document)
        self.tracks = TracksPanel(ctx, document)
        self.transport = Transport(ctx, document, playing)
        self._both = QSplitter(Qt.Orientation.Vertical)
        self._work = QWidget()
        self._words = ctx.ui.label(tr("Restoring the last session…"), Role.MUTE)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty: QWidget | None = None
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        for place, part in enumerate((self.score, self.roll)):
            self._both.addWidget(part)
            self._both.setStretchFactor(place, 1)
        self._both.setChildrenCollapsible(False)
        self._both.setHandleWidth(8)
        self._both.setStyleSheet("QSplitter::handle { background: transparent; }")
        middle = QHBoxLayout()
        middle.setSpacing(10)
        middle.addWidget(self.tracks)
        middle.addWidget(self._both, 1)
        work = QVBoxLayout(self._work)
        work.setContentsMargins(0, 0, 0, 0)
        work.setSpacing(8)
        work.addWidget(self.transport)
        work.addLayout(middle, 1)
        self.addWidget(self._work)
        self.addWidget(self._words)

    def _connect(self) -> None:
        playing = self._playing
        playing.moved.connect(self._show_playhead)
        playing.changed.connect(self._show_loop)
        self.roll.seek_asked.connect(playing.seek)
        self.roll.loop_asked.connect(playing.set_loop)
        self.roll.heard.connect(playing.audition)
        self.score.seek_asked.connect(playing.seek)
        self.score.picked.connect(self.roll.reveal_selection)
        self.score.keys = self.roll.keys
        self.score.menu_asked.connect(self.roll.show_menu)
        self.roll.keys.sing = self._sing

    def show_theme(self, tokens: Tokens) -> None:
        """Take the colours of a theme."""
        for part in (self.roll, self.score, self.tracks):
            part.show_theme(tokens)

    # --- what stands here ---------------------------------------------------------------------

    def show_piece(self) -> None:
        """Show the piece."""
        self.setCurrentWidget(self._work)

    def show_opening(self) -> None:
        """Say that something is being read."""
        self.setCurrentWidget(self._words)

    def show_beginning(self, mode: Mode, do: Mapping[str, Callable[..., None]]) -> None:
        """Show how to begin in a mode; ``do``: ``compose(words)``, ``open()``, ``write()``."""
        if mode.id == COMPOSE and not self._ctx.weights.for_capability("tunes"):
            empty = no_weights(self._ctx, do["open"], do["write"])
        elif mode.offered:
            empty = self._ctx.ui.empty_state(mode.icon, mode.title, mode.hint)
        else:
            empty = welcome(self._ctx, mode.id, do)
        if self._empty is not None:
            self.removeWidget(self._empty)
            self._empty.deleteLater()
        self._empty = empty
        self.addWidget(empty)
        self.setCurrentWidget(empty)

    def set_view(self, view: str) -> None:
        """Show the roll, the score, or both."""
        if view in (ROLL, SCORE, SPLIT):
            self.view = view
            self.roll.setVisible(view != SCORE)
            self.score.setVisible(view != ROLL)
            self._both.setSizes([_EVEN, _EVEN])

    @property
    def _on_score(self) -> bool:
        return self.view == SCORE or (self.view == SPLIT and self.score.hasFocus())

    def zoom(self, factor: float) -> None:
        """Scale the focused view, roll or score."""
        if self._on_score:
            self.score.zoom(factor)
        else:
            self.roll.tools.zoom(factor)

    def fit(self) -> None:
        """Show all notes of the roll, or the score in its usual size."""
        if self._on_score:
            self.score.reset_zoom()
        else:
            self.roll.fit()

    def take_focus(self) -> None:
        """Give the keyboard focus to the current view."""
        (self.score if self.view == SCORE else self.roll.notes).setFocus()

    def _sing(self) -> None:
        """Let words be typed under the notes of the score."""
        if self.view == ROLL:
            self.score_asked.emit()
        self.score.lyrics.begin()

    # --- playing ------------------------------------------------------------------------------

    def _show_playhead(self, tick: int) -> None:
        follow = self._playing.playing
        self.roll.set_playhead(tick, follow=follow)
        self.score.set_playhead(tick, follow=follow)

    def _show_loop(self) -> None:
        self.roll.set_loop(self._playing.loop, self._playing.looping)

"""The page of music: ask, transport, tracks, roll and score, takes, put together.

Computes nothing; the scores are the library's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.api import Page, PluginContext, StudioError, Tokens
from studio_music.pages import editing
from studio_music.pages.ask_box import AskBox
from studio_music.pages.deeds import Deeds
from studio_music.pages.document import Document
from studio_music.pages.modes import COMPOSE, Mode, modes
from studio_music.pages.opening import Opening
from studio_music.pages.page_actions import page_actions
from studio_music.pages.playing import Playing, new_player
from studio_music.pages.roll.editor import RollEditor
from studio_music.pages.runner import Runner
from studio_music.pages.saving import Saving
from studio_music.pages.score_view import ScoreView
from studio_music.pages.status_row import ProgressRow, TroubleRow
from studio_music.pages.switch_bar import SwitchBar
from studio_music.pages.take_strip import TakeStrip
from studio_music.pages.takes import Take, Takes
from studio_music.pages.tracks_panel import TracksPanel
from studio_music.pages.transport import Transport
from studio_music.pages.verdicts import Verdicts
from studio_music.pages.welcome import no_weights, welcome
from studio_music.pages.wording import tr
from studio_music.piece import Piece

ROLL, SCORE, SPLIT = "roll", "score", "split"
_NARROW, _LOW, _HIGH = 660, 560, 760


def build(ctx: PluginContext, make_player: Callable[[], Any] = new_player) -> Page:
    """Return the page."""
    page = MusicPage(ctx, make_player)
    return Page(
        page,
        panel=page.ask.panel,
        save_state=page.save_state,
        restore_state=page.restore_state,
        accept=page.opening.accept,
        actions=page_actions(page),
        focus=page.focus,
    )


class MusicPage(QWidget):
    """Everything between the rail and the parameter panel."""

    def __init__(self, ctx: PluginContext, make_player: Callable[[], Any] = new_player) -> None:
        super().__init__()
        self._ctx = ctx
        self._modes = {mode.id: mode for mode in modes()}
        self.mode = COMPOSE
        self.view = ROLL
        self._following = True
        """Whether what the job makes is brought into view."""
        self._more = 0
        """So many takes are still to be composed."""
        self._loading = 2
        """Takes and draft are still being read."""
        self.document = Document()
        self.takes = Takes(ctx)
        self.saving = Saving(ctx, self.document)
        self.runner = Runner(ctx)
        self.playing = Playing(ctx, self.document, make_player)
        self.roll = RollEditor(ctx, self.document)
        self.score = ScoreView(ctx, self.document)
        self.tracks = TracksPanel(ctx, self.document)
        self.transport = Transport(ctx, self.document, self.playing)
        self.verdicts = Verdicts(ctx, self.document, self.takes, self.transport)
        self.strip = TakeStrip(ctx)
        self.ask = AskBox(ctx, self.document)
        self.progress = ProgressRow()
        self.trouble = TroubleRow(ctx)
        self.opening = Opening(ctx, self)
        self.deeds = Deeds(ctx, self)
        self._make_switches()
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)
        self.switch.choose(COMPOSE)
        self.set_view(ROLL)
        self._show_mode()
        self.show_strip()
        self.takes.load(self._on_takes)
        self.saving.restore(lambda _found: self._loaded())
        self.playing.prepare()

    # --- putting it together ------------------------------------------------------------------

    def _make_switches(self) -> None:
        choices = [(m.id, m.icon, m.title, m.title) for m in self._modes.values()]
        self.switch = SwitchBar(self._ctx, tr("What to do"), choices)
        self.views = SwitchBar(
            self._ctx,
            tr("View"),
            (
                (ROLL, "piano", "", tr("Piano roll  F6")),
                (SCORE, "file-music", "", tr("Score  F7")),
                (SPLIT, "rows-2", "", tr("Roll and score  F8")),
            ),
        )
        self.more = self._ctx.ui.icon_button("ellipsis", tr("Open, export, transpose and more"))

    def _lay_out(self) -> None:
        self._title = QLabel(tr("Music"))
        self._title.setProperty("role", "title")
        head = QHBoxLayout()
        head.setSpacing(12)
        for part in (self._title, self.switch):
            head.addWidget(part)
        head.addStretch(1)
        for part in (self.views, self.more):
            head.addWidget(part)
        self._both = QSplitter(Qt.Orientation.Vertical)
        self._both.addWidget(self.score)
        self._both.addWidget(self.roll)
        self._both.setChildrenCollapsible(False)
        self._both.setHandleWidth(8)
        self._both.setStyleSheet("QSplitter::handle { background: transparent; }")
        middle = QHBoxLayout()
        middle.setSpacing(10)
        middle.addWidget(self.tracks)
        middle.addWidget(self._both, 1)
        self._work = QWidget()
        work = QVBoxLayout(self._work)
        work.setContentsMargins(0, 0, 0, 0)
        work.setSpacing(8)
        work.addWidget(self.transport)
        work.addLayout(middle, 1)
        self.stage = QStackedWidget()
        self.stage.addWidget(self._work)
        self._empty: QWidget | None = None
        self._column = QVBoxLayout(self)
        self._column.setSpacing(8)
        self._column.addLayout(head)
        for part in (self.ask, self.progress, self.trouble):
            self._column.addWidget(part)
        self._column.addWidget(self.stage, 1)
        self._column.addWidget(self.strip)

    def _connect(self) -> None:
        self.switch.chosen.connect(self.set_mode)
        self.views.chosen.connect(self.set_view)
        self.more.clicked.connect(lambda _checked=False: self._show_menu())
        self.ask.asked.connect(self.run_or_stop)
        self._connect_takes()
        self._connect_playing()
        self.document.opened.connect(self.show_stage)
        self.document.edited.connect(self.show_stage)
        end_theme = self._ctx.ui.on_theme(self._restyle)
        playing, strip = self.playing, self.strip

        def close() -> None:
            end_theme()
            playing.close()

        self.destroyed.connect(lambda: close())
        strip.destroyed.connect(lambda: strip.forget_copies())

    def _connect_takes(self) -> None:
        self.strip.picked.connect(self._on_picked)
        self.strip.menu_asked.connect(self.deeds.take_menu)
        self.strip.removed.connect(self.deeds.remove)
        self.strip.starred.connect(self.deeds.star)
        self.saving.kept.connect(self.add)
        self.saving.failed.connect(self.trouble.tell)
        self.runner.said.connect(self.progress.say)
        self.runner.stepped.connect(self.progress.step)
        self.runner.made.connect(self._on_made)
        self.runner.ended.connect(self._on_ended)
        self.runner.failed.connect(self._on_failed)

    def _connect_playing(self) -> None:
        playing = self.playing
        playing.moved.connect(self._show_playhead)
        playing.changed.connect(self._show_loop)
        self.roll.seek_asked.connect(playing.seek)
        self.roll.loop_asked.connect(playing.set_loop)
        self.roll.heard.connect(playing.audition)
        self.score.seek_asked.connect(playing.seek)
        self.score.picked.connect(self.roll.reveal_selection)

    def _restyle(self, tokens: Tokens) -> None:
        self.roll.show_theme(tokens)
        self.score.show_theme(tokens)
        self.tracks.show_theme(tokens)
        self.strip.redraw()

    def focus(self) -> None:
        """Put the keyboard where a person starts."""
        if self.document.empty:
            self.ask.focus()
        else:
            (self.score if self.view == SCORE else self.roll.notes).setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What is least needed gives way where there is little room."""
        super().resizeEvent(event)
        narrow, low = self.width() < _NARROW, self.height() < _LOW
        self._title.setVisible(not narrow)
        self.switch.show_words(self.width() >= 440)
        self.tracks.setFixedWidth(150 if narrow else 188)
        self._show_chips()
        across = 16 if narrow else 28
        self._column.setContentsMargins(across, 10 if low else 16, across, 6 if low else 12)

    def sizeHint(self) -> QSize:
        """Return a usual size."""
        return QSize(820, 700)

    # --- modes and views ----------------------------------------------------------------------

    def set_mode(self, mode: str) -> None:
        """Switch between composing, harmonising and backing."""
        if mode in self._modes and mode != self.mode:
            self.mode = mode
            self.switch.choose(mode)
            self.trouble.hide()
            self._show_mode()

    def _show_mode(self) -> None:
        self.ask.show_mode(self._modes[self.mode])
        self.show_stage()

    def set_view(self, view: str) -> None:
        """Show the roll, the score, or both."""
        if view not in (ROLL, SCORE, SPLIT):
            return
        self.view = view
        self.views.choose(view)
        self.roll.setVisible(view != SCORE)
        self.score.setVisible(view != ROLL)
        self._both.setSizes([1, 1])

    def _show_chips(self) -> None:
        """Examples are for the start; later the music needs the room more."""
        self.ask.show_chips(self.height() >= (_LOW if self.document.empty else _HIGH))

    def show_stage(self) -> None:
        """Show the piece, or how to begin."""
        self._show_chips()
        if not self.document.empty:
            self.stage.setCurrentWidget(self._work)
            return
        do = {
            "compose": self.compose,
            "open": self.opening.pick,
            "write": self.opening.write_new,
        }
        writes = self._ctx.weights.for_capability(self._modes[COMPOSE].capability)
        if self.mode == COMPOSE and not writes:
            empty = no_weights(self._ctx, do["open"], do["write"])
        else:
            empty = welcome(self._ctx, self.mode, do)
        if self._empty is not None:
            self.stage.removeWidget(self._empty)
            self._empty.deleteLater()
        self._empty = empty
        self.stage.addWidget(empty)
        self.stage.setCurrentWidget(empty)

    def _show_menu(self) -> None:
        corner = self.more.mapToGlobal(self.more.rect().bottomRight())
        menu = self.deeds.page_menu()
        corner.setX(corner.x() - menu.sizeHint().width())
        menu.popup(corner)

    # --- running ------------------------------------------------------------------------------

    def run_or_stop(self) -> None:
        """Start, or stop what is at work."""
        if self.runner.busy:
            self._more = 0
            self.runner.stop()
            self.progress.say(tr("Stopping…"))
        else:
            self.run()

    def compose(self, words: str) -> None:
        """Compose what ``words`` ask for."""
        self.set_mode(COMPOSE)
        self.ask.set_words(words)
        self.run()

    def compose_takes(self, count: int) -> None:
        """Compose several takes of what is asked."""
        self.set_mode(COMPOSE)
        self._more = count - 1
        self.run()

    def run(self) -> None:
        """Start with what is set; what was edited by hand becomes a take first."""
        if self.runner.busy:
            return
        mode = self._modes[self.mode]
        if mode.id != COMPOSE and not any(t.notes for t in self.document.piece.tracks):
            self.trouble.tell(tr("There is no melody yet. Open, write or compose one first."))
            return
        self.trouble.hide()
        self._following = True
        self.saving.keep(lambda: self._run(mode))

    def _run(self, mode: Mode) -> None:
        params, parents = self.ask.params(), []
        title = " ".join(self.ask.words.split())[:60] or mode.title
        if mode.id != COMPOSE:
            piece = editing.as_melody(self.document.settled, self.ask.melody_track)
            params["piece"] = msgspec.to_builtins(piece)
            parents = [self.document.source] if self.document.source else []
            title = f"{mode.title}: {self.document.piece.title}"[:60]
        self.start(mode.task, params, title, parents)

    def start(
        self,
        task: str,
        params: Mapping[str, Any],
        title: str,
        parents: Sequence[str] = (),
        *,
        keep: bool = True,
    ) -> None:
        """Start a job and show how far it is."""
        try:
            self.runner.start(task, params, title, parents, keep=keep)
        except StudioError as error:
            self._more = 0
            self.trouble.tell(error)
            return
        if self.runner.busy:
            self.progress.begin(tr("Waiting for its turn…"))
            self.ask.show_busy(True)

    def _on_made(self, take: Take) -> None:
        if take.piece is None:
            self.trouble.tell(tr("What was made cannot be read as a score."))
            return
        self.add(take)
        if self._following:
            self.open_take(take.id)

    def _on_ended(self, result: Mapping[str, Any]) -> None:
        self._over()
        note = result.get("note")
        if isinstance(note, str) and note:
            self._ctx.notices.info(note, key="music.note")
        if self._more and not self.runner.stopped:
            self._more -= 1
            self.run()
        else:
            self.opening.go_on()

    def _on_failed(self, error: StudioError) -> None:
        self._more = 0
        again = self.run if self.runner.task in [m.task for m in self._modes.values()] else None
        self._over()
        self.trouble.tell(error, again)
        self.opening.go_on()

    def _over(self) -> None:
        self.progress.hide()
        self.ask.show_busy(self.runner.busy)

    # --- takes --------------------------------------------------------------------------------

    def take(self) -> Take | None:
        """Return the take that is in view, edited or not."""
        return self.takes.find(self.document.source)

    def add(self, take: Take) -> None:
        """Put a take into the strip, unless it is there."""
        if self.takes.add(take):
            self.strip.add(0, take)
            while self.strip.count() > len(self.takes):
                self.strip.take_out(self.strip.ids()[-1])
        self.strip.set_current(self.document.source)
        self.show_strip()

    def show_strip(self) -> None:
        """Show the strip while there is something in it."""
        self.strip.setVisible(len(self.takes) > 0)

    def open_take(self, artifact: str) -> None:
        """Bring a take into view; what was edited before becomes a take of its own."""
        self.saving.keep(lambda: self._open(artifact))

    def _open(self, artifact: str) -> None:
        take = self.takes.find(artifact)
        if take is None:
            return
        if take.piece is None:
            words = tr("“{title}” cannot be read as a score.").format(title=take.artifact.title)
            self.trouble.tell(words)
            return
        track = editing.melody_track(take.piece)
        self.document.open(take.piece, artifact, track=track)
        self.ask.set_melody(-1)
        self.strip.set_current(artifact)
        self.show_stage()
        if self.window().focusWidget() in (None, self.ask.go, self.ask.field):
            self.focus()

    def _on_picked(self, artifact: str) -> None:
        """Open what the user chose, and leave it in view whatever a job makes meanwhile."""
        self._following = False
        if artifact != self.document.source:
            self.open_take(artifact)

    def keep(self) -> None:
        """Make a take of what was edited."""
        self.saving.keep(lambda: self.strip.set_current(self.document.source))

    def close_piece(self) -> None:
        """Show how to begin."""
        self.document.open(Piece(), "")

    def set_recipe(self, take: Take) -> None:
        """Set everything as it was for a take."""
        mode = next((m for m in self._modes.values() if m.task == take.task), None)
        if mode is not None:
            self.set_mode(mode.id)
            self.ask.set_params(mode.id, take.params)

    def _on_takes(self) -> None:
        here = set(self.strip.ids())
        for place, take in enumerate(self.takes):
            if take.id not in here:
                self.strip.add(place, take)
        self.show_strip()
        self._loaded()

    def _loaded(self) -> None:
        """When takes and draft are there: show the newest take, unless something is in view."""
        self._loading -= 1
        if self.loading:
            return
        if self.document.empty and len(self.takes):
            self._open(self.takes[0].id)
        self.strip.set_current(self.document.source)

    @property
    def loading(self) -> bool:
        """Whether what was here last time is still being read."""
        return self._loading > 0

    # --- playing ------------------------------------------------------------------------------

    def _show_playhead(self, tick: int) -> None:
        follow = self.playing.playing
        self.roll.set_playhead(tick, follow=follow)
        self.score.set_playhead(tick, follow=follow)

    def _show_loop(self) -> None:
        self.roll.set_loop(self.playing.loop, self.playing.looping)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys of the transport, wherever no field takes them."""
        run = {
            Qt.Key.Key_Space: self.playing.toggle,
            Qt.Key.Key_L: lambda: self.playing.set_looping(not self.playing.looping),
            Qt.Key.Key_M: lambda: self.playing.set_metronome(not self.playing.metronome),
            Qt.Key.Key_V: lambda: self.roll.tools.set_pencil(False),
            Qt.Key.Key_B: lambda: self.roll.tools.set_pencil(True),
        }.get(Qt.Key(event.key()))
        if run is None or event.modifiers():
            super().keyPressEvent(event)
        else:
            run()

    # --- dropping and state -------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Scores may be dropped anywhere on the page, but not its own."""
        if event.source() is not self.strip and self.opening.takes(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        self.opening.drop(event.mimeData())
        event.acceptProposedAction()

    def save_state(self) -> dict[str, Any]:
        """Return what to keep over a restart; piece and takes are kept all along."""
        self.saving.flush()
        return self.ask.save_state() | {
            "mode": self.mode,
            "view": self.view,
            "snap": self.roll.desk.snap,
            "metronome": self.playing.metronome,
        }

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        self.ask.restore_state(state)
        self.set_mode(str(state.get("mode", COMPOSE)))
        self.set_view(str(state.get("view", ROLL)))
        if isinstance(state.get("snap"), int):
            self.roll.tools.set_snap(state["snap"])
        self.playing.set_metronome(state.get("metronome") is True)

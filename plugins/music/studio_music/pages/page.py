"""The page of music: ask, transport, tracks, roll and score, takes, put together.

Computes nothing; the scores are the library's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.api import Page, PluginContext, Tokens
from studio_music.pages.artifact_actions import ArtifactActions
from studio_music.pages.ask_box import AskBox
from studio_music.pages.autosave import Autosave
from studio_music.pages.checks_chip import ChecksChip
from studio_music.pages.commands import page_actions
from studio_music.pages.editor import edits
from studio_music.pages.editor.document import Document
from studio_music.pages.import_controller import ImportController
from studio_music.pages.modes import COMPOSE, modes
from studio_music.pages.page_head import PageHead
from studio_music.pages.phrases import tr
from studio_music.pages.playback.controller import PlaybackController
from studio_music.pages.run_controller import RunController
from studio_music.pages.stage import ROLL, Stage
from studio_music.pages.takes.strip import TakeStrip
from studio_music.pages.takes.takes import Take, Takes
from studio_music.piece import Piece

_NARROW, _LOW, _HIGH = 660, 560, 760
_PLAYER_MS = 150
"""What the player imports waits until the page was drawn: both at once would hold the window."""


def build(ctx: PluginContext) -> Page:
    """Return the page."""
    page = MusicPage(ctx)
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
    """Everything between the rail and the parameter panel.

    Attributes:
        mode: What the button does: ``compose``, ``harmonise`` or ``back``.
    """

    def __init__(self, ctx: PluginContext, make_player: Callable[[], Any] | None = None) -> None:
        super().__init__()
        self._ctx = ctx
        self._modes = {mode.id: mode for mode in modes()}
        self.mode = COMPOSE
        self._loading = 2
        """Takes and draft are still being read."""
        self.document = Document()
        self.takes = Takes(ctx)
        self.saving = Autosave(ctx, self.document)
        self.playing = PlaybackController(ctx, self.document, make_player)
        self.head = PageHead(ctx, self.document)
        self.ask = AskBox(ctx, self.document)
        self.progress = ctx.ui.progress_row(stop=False)
        self.trouble = ctx.ui.trouble_row()
        self.stage = Stage(ctx, self.document, self.playing)
        self.strip = TakeStrip(ctx)
        self.verdicts = ChecksChip(ctx, self.document, self.takes, self.stage.transport)
        self.work = RunController(ctx, self)
        self.opening = ImportController(ctx, self)
        self.deeds = ArtifactActions(ctx, self)
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)
        self.head.modes.choose(COMPOSE)
        self.set_view(ROLL)
        self._show_mode()
        self.show_strip()
        self.takes.load(self._on_takes)
        self.saving.restore(lambda _found: self._loaded())
        QTimer.singleShot(_PLAYER_MS, self, self.playing.prepare)

    # --- putting it together ------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._column = QVBoxLayout(self)
        self._column.setSpacing(8)
        for part in (self.head, self.ask, self.progress.widget, self.trouble.widget):
            self._column.addWidget(part)
        self._column.addWidget(self.stage, 1)
        self._column.addWidget(self.strip)

    def _connect(self) -> None:
        self.head.modes.on_choose(self.set_mode)
        self.head.views.on_choose(self.set_view)
        self.head.menu_asked.connect(self._show_menu)
        self.ask.asked.connect(self.work.run_or_stop)
        self.strip.picked.connect(self._on_picked)
        self.strip.menu_asked.connect(self.deeds.take_menu)
        self.strip.removed.connect(self.deeds.remove)
        self.strip.starred.connect(self.deeds.star)
        self.saving.kept.connect(self.add)
        self.saving.failed.connect(self.trouble.tell)
        self.document.opened.connect(self.show_stage)
        self.document.edited.connect(self.show_stage)
        end_theme = self._ctx.ui.on_theme(self._restyle)
        playing, strip = self.playing, self.strip

        def close() -> None:
            end_theme()
            playing.close()

        self.destroyed.connect(lambda: close())
        strip.destroyed.connect(lambda: strip.forget_copies())

    def _restyle(self, tokens: Tokens) -> None:
        self.stage.show_theme(tokens)
        self.strip.redraw()

    def focus(self) -> None:
        """Put the keyboard where a person starts."""
        if self.document.empty:
            self.ask.focus()
        else:
            self.stage.take_focus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What is least needed gives way where there is little room."""
        super().resizeEvent(event)
        narrow, low = self.width() < _NARROW, self.height() < _LOW
        self.stage.tracks.setFixedWidth(150 if narrow else 188)
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
            self.head.modes.choose(mode)
            self.trouble.hide()
            self._show_mode()

    def _show_mode(self) -> None:
        self.ask.show_mode(self._modes[self.mode])
        self.show_stage()

    def set_view(self, view: str) -> None:
        """Show the roll, the score, or both."""
        self.stage.set_view(view)
        self.head.views.choose(self.stage.view)

    def _show_chips(self) -> None:
        """Examples are for the start; later the music needs the room more."""
        self.ask.show_chips(self.height() >= (_LOW if self.document.empty else _HIGH))

    def show_stage(self) -> None:
        """Show the piece, or how to begin."""
        self._show_chips()
        if not self.document.empty:
            self.stage.show_piece()
        elif self.loading:
            self.stage.show_opening()
        else:
            opening = self.opening
            do = {"compose": self.work.compose, "open": opening.pick, "write": opening.write_new}
            self.stage.show_beginning(self.mode, do)

    def _show_menu(self) -> None:
        corner = self.head.more.mapToGlobal(self.head.more.rect().bottomRight())
        menu = self.deeds.page_menu()
        corner.setX(corner.x() - menu.sizeHint().width())
        menu.popup(corner)

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
        track = edits.melody_track(take.piece)
        self.document.open(take.piece, artifact, track=track)
        self.ask.set_melody(-1)
        self.strip.set_current(artifact)
        if self.window().focusWidget() in (None, self.ask.go, self.ask.field):
            self.focus()

    def _on_picked(self, artifact: str) -> None:
        """Open what the user chose, and leave it in view whatever a job makes meanwhile."""
        self.work.following = False
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

    # --- the last session ---------------------------------------------------------------------

    @property
    def loading(self) -> bool:
        """Whether what was here last time is still being read."""
        return self._loading > 0

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
        self.verdicts.look()  # a draft may have been here before its take, which knows more
        self.show_stage()
        self.strip.set_current(self.document.source)

    def save_state(self) -> dict[str, Any]:
        """Return what to keep over a restart; piece and takes are kept all along."""
        self.saving.flush()
        return self.ask.save_state() | {
            "mode": self.mode,
            "view": self.stage.view,
            "snap": self.stage.roll.desk.snap,
            "metronome": self.playing.metronome,
        }

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        self.ask.restore_state(state)
        self.set_mode(str(state.get("mode", COMPOSE)))
        self.set_view(str(state.get("view", ROLL)))
        if isinstance(state.get("snap"), int):
            self.stage.roll.tools.set_snap(state["snap"])
        self.playing.set_metronome(state.get("metronome") is True)

    # --- keys and drops -----------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys of the transport, wherever no field takes them."""
        playing, tools = self.playing, self.stage.roll.tools
        run = {
            Qt.Key.Key_Space: playing.toggle,
            Qt.Key.Key_L: lambda: playing.set_looping(not playing.looping),
            Qt.Key.Key_M: lambda: playing.set_metronome(not playing.metronome),
            Qt.Key.Key_V: lambda: tools.set_pencil(False),
            Qt.Key.Key_B: lambda: tools.set_pencil(True),
        }.get(Qt.Key(event.key()))
        if run is None or event.modifiers():
            super().keyPressEvent(event)
        else:
            run()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Scores may be dropped anywhere on the page, but not its own."""
        if event.source() is not self.strip and self.opening.takes(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        self.opening.drop(event.mimeData())
        event.acceptProposedAction()

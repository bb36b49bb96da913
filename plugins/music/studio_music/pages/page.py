"""The page of music: ask, transport, tracks, roll and score, takes, put together.

Computes nothing; the scores are the library's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.api import (
    JobRequest,
    Kind,
    Mode,
    Params,
    PluginContext,
    Seed,
    TaskResult,
    UsedSettings,
    file_stem,
)
from studio.api.window.language import tr
from studio_music.audio.effects.schema import SOUND_SUFFIXES
from studio_music.pages.artifact_actions import PieceActions
from studio_music.pages.autosave import Autosave
from studio_music.pages.checks_chip import ChecksChip
from studio_music.pages.editor import edits
from studio_music.pages.editor.document import Document
from studio_music.pages.import_controller import ImportController
from studio_music.pages.midi.midi_bar import MidiBar
from studio_music.pages.modes import COMPOSE
from studio_music.pages.page_head import PageHead
from studio_music.pages.piece_view import ROLL, SPLIT, PieceView
from studio_music.pages.playback.controller import PlaybackController
from studio_music.pages.prompt_box import PromptBox
from studio_music.pages.score_tasks import ScoreTasks
from studio_music.pages.takes.comparison import Comparison
from studio_music.pages.takes.remarks_row import RemarksRow
from studio_music.pages.takes.strip import SIZE, TakePainter, describe
from studio_music.pages.takes.takes import TakeNumbers, piece_of, read_take
from studio_music.schema import SCORE_SUFFIXES
from studio_music.score.piece import Piece

_MOST_TAKES = 60
_NARROW, _LOW, _HIGH = 660, 560, 760
_PLAYER_MS = 150
"""What the player imports waits until the page was drawn: both at once would hold the window."""


class MusicPage(QWidget):
    """Everything between the rail and the parameter panel.

    Attributes:
        following: Whether what a job makes is brought into view.
    """

    def __init__(self, ctx: PluginContext, make_player: Callable[[], Any] | None = None) -> None:
        super().__init__()
        self._ctx = ctx
        self.following = True
        self._loading = 2
        """Takes and draft are still being read."""
        self.document = Document()
        self.saving = Autosave(ctx, self.document)
        self.playing = PlaybackController(ctx, self.document, make_player)
        self.prompt_box = PromptBox(ctx, self.document)
        self.head = PageHead(ctx, self.document, self.prompt_box.modes)
        self.trouble, self._progress = ctx.ui.trouble_row(), ctx.ui.progress_row(stop=False)
        self.piece_view = PieceView(ctx, self.document, self.playing)
        self.hum = ctx.kit.record_bar(tr("Write it down"), "file-music")
        self.midi = MidiBar(ctx, self.document, self.playing, self.piece_view.roll.desk)
        self.remarks = RemarksRow(ctx, self.ask_again)
        self._awaited = ""
        """The take that will be in view, once what was edited is saved."""
        self._make_parts(ctx)
        self.verdicts = ChecksChip(ctx, self.document, self.takes, self.piece_view.transport)
        self._lay_out()
        self._connect()
        self._follow()
        self.set_view(ROLL)
        self.show_stage()
        self.takes.load(self._loaded)
        self.saving.restore(lambda _found: self._loaded())
        QTimer.singleShot(_PLAYER_MS, self, self.playing.prepare)

    # --- putting it together ------------------------------------------------------------------

    def _make_parts(self, ctx: PluginContext) -> None:
        kit = ctx.kit
        self.numbers = TakeNumbers(ctx, lambda: self.takes)
        self.takes = kit.results(
            "takes",
            name=tr("Versions"),
            most=_MOST_TAKES,
            read=read_take,
            paint=TakePainter(ctx.ui, self.numbers.of).paint,
            size=SIZE,
            describe=lambda take: describe(take, self.numbers.of(take)),
            file_name=lambda take: file_stem(take.artifact.title, "music"),
        )
        self.comparison = Comparison(
            ctx,
            self.document,
            self.playing,
            self.saving,
            self.takes,
            self.numbers,
            self._open,
            self.trouble.tell,
        )
        self.tasks = ScoreTasks(
            ctx, self.prompt_box, self.document, self.saving, self._progress, self.trouble
        )
        self.imports = ImportController(
            ctx,
            self.tasks.run,
            self.document,
            self.saving,
            self.trouble,
            self._show_brought,
            self._begin,
        )
        self.target = kit.drop_target(
            self,
            tr("Open scores and recordings"),
            trouble=self.trouble,
            files=self.imports.bring,
            suffixes=SCORE_SUFFIXES + SOUND_SUFFIXES,
        )
        self.take_actions = kit.artifact_actions(
            self.take, trouble=self.trouble, results=self.takes, show=self._show_take
        )
        self.piece_actions = PieceActions(
            ctx,
            self.document,
            self.saving,
            self.tasks.run,
            self.trouble,
            self.take,
            self.take_actions,
            {
                "open": self.target.pick,
                "new": self.imports.write_new,
                "hum": self.hum.toggle,
                "midi": self.show_midi,
                "keep": self.keep,
                "compose": self.tasks.compose_takes,
                "recall": self.set_recipe,
                "compare": self.comparison.compare,
                "others": self.comparison.others,
                "take_bars": self.comparison.take_bars,
                "renamed": self.takes.update,
            },
        )

    def _lay_out(self) -> None:
        self._column = QVBoxLayout(self)
        self._column.setSpacing(8)
        for part in (
            self.head,
            self.prompt_box,
            self.hum.widget,
            self.midi,
            self._progress.widget,
            self.trouble.widget,
            self.remarks,
        ):
            self._column.addWidget(part)
        self._column.addWidget(self.piece_view, 1)
        self._column.addWidget(self.takes.widget)

    def _connect(self) -> None:
        self.prompt_box.modes.on_change(self._on_mode)
        self.head.views.on_choose(self.set_view)
        self.piece_view.score_asked.connect(lambda: self.set_view(SPLIT))
        self.head.menu_asked.connect(self._show_menu)
        self.prompt_box.asked.connect(self.tasks.run.run)
        if self._ctx.weights.for_capability("tunes"):
            self.piece_view.roll.keys.write = self.tasks.develop
        self.piece_view.roll.keys.tell = partial(self._ctx.notices.info, key="music.develop")
        self.takes.on_pick(self._on_picked)
        self.takes.on_menu(self._show_take_menu)
        self.takes.on_remove(self.take_actions.remove)
        self.takes.on_star(self.take_actions.star)
        self.saving.kept.connect(self.add)
        self.saving.failed.connect(self.trouble.tell)
        self.hum.on_recorded(self.imports.keep_hummed)
        self.hum.on_failed(self.trouble.tell)
        self.midi.failed.connect(self.trouble.tell)
        self.saving.keeping.connect(self.midi.finish)
        self.document.opened.connect(self.show_stage)
        self.document.opened.connect(lambda: self.remarks.show_take(self.take()))
        self.document.edited.connect(self.show_stage)
        end_theme = self._ctx.ui.on_theme(self.piece_view.show_theme)
        playing, midi = self.playing, self.midi

        def close() -> None:
            end_theme()
            midi.close_device()
            playing.close()

        self.destroyed.connect(lambda: close())

    def _follow(self) -> None:
        """Bring the results of a job into view."""
        run = self.tasks.run
        run.on_busy(self._follow_again)
        run.on_result(self._on_made)
        run.on_done(self._on_done)

    def _follow_again(self, busy: bool) -> None:
        self.following = self.following or busy

    def _on_made(self, take: TaskResult) -> None:
        if take.artifact.kind != Kind.SCORE:
            self.piece_actions.put_sound(take.artifact)
        elif piece_of(take) is None:
            self.trouble.tell(tr("The result cannot be read as a score."))
        else:
            self.add(take)
            if self.following:
                request = self.tasks.run.request
                self.open_take(take.id, request.title if request is not None else "")

    def _on_done(self, result: Mapping[str, Any]) -> None:
        note = result.get("note")
        if isinstance(note, str) and note:
            self._ctx.notices.info(note, key="music.note")
        request = self.tasks.run.request
        if result.get("passed") is False and request is not None:
            self._offer_another(request, result.get("checks", ()))

    def _offer_another(self, request: JobRequest, checks: Sequence[Mapping[str, Any]]) -> None:
        """Say which checks failed, and offer to make the same again from another seed."""
        failed = [f"{c.get('name')}: {c.get('evidence')}" for c in checks if not c.get("passed")]
        words = tr("This one is not quite right ({failed}).").format(failed="; ".join(failed))
        given = request.params
        params = given.to_dict() if isinstance(given, Params) else given
        if "seed" not in params:
            return  # what was read or heard stays as it is: another try gives the same
        other = replace(request, params={**params, "seed": Seed.random()})
        run = self.tasks.run
        self.trouble.remark(words, tr("Try another"), "refresh-cw", lambda: run.start(other))

    def focus(self) -> None:
        """Put the keyboard where a person starts."""
        if self.document.empty:
            self.prompt_box.focus()
        else:
            self.piece_view.take_focus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the least needed parts where there is little room."""
        super().resizeEvent(event)
        narrow, low = self.width() < _NARROW, self.height() < _LOW
        self.piece_view.tracks.setFixedWidth(150 if narrow else 188)
        self._show_chips()
        across = 16 if narrow else 28
        self._column.setContentsMargins(across, 10 if low else 16, across, 6 if low else 12)

    def sizeHint(self) -> QSize:
        """Return a usual size."""
        return QSize(820, 700)

    # --- modes and views ----------------------------------------------------------------------

    def _on_mode(self, _mode: Mode) -> None:
        self.trouble.hide()
        self.show_stage()

    def set_view(self, view: str) -> None:
        """Show the roll, the score, or both."""
        self.piece_view.set_view(view)
        self.head.views.choose(self.piece_view.view)

    def _show_chips(self) -> None:
        """Examples are for the start; later the music needs the room more."""
        self.prompt_box.show_chips(self.height() >= (_LOW if self.document.empty else _HIGH))

    def show_stage(self) -> None:
        """Show the piece, or how to begin."""
        self._show_chips()
        if not self.document.empty:
            self.piece_view.show_piece()
        elif self.loading:
            self.piece_view.show_opening()
        else:
            pick, new = self.target.pick, self.imports.write_new
            do: dict[str, Callable[..., None]] = {
                "compose": self.tasks.compose,
                "open": pick,
                "write": new,
                "hum": self.hum.toggle,
            }
            self.piece_view.show_beginning(self.prompt_box.modes.mode, do)

    def _show_menu(self) -> None:
        corner = self.head.more.mapToGlobal(self.head.more.rect().bottomRight())
        menu = self.piece_actions.page_menu()
        corner.setX(corner.x() - menu.sizeHint().width())
        menu.popup(corner)

    # --- takes --------------------------------------------------------------------------------

    def take(self) -> TaskResult | None:
        """Return the take that is in view, edited or not."""
        return self.takes.find(self.document.source)

    def add(self, take: TaskResult) -> None:
        """Put a take into the strip, unless it is there."""
        self.takes.add(take)
        self.takes.show_current(self.document.source)

    def _show_brought(self, take: TaskResult) -> None:
        self.add(take)
        self.open_take(take.id)

    def _show_take(self, id: str) -> None:
        """Show another take, or how to begin where none is left."""
        if id:
            self.open_take(id)
        else:
            self.close_piece()

    def _begin(self) -> None:
        """Write an empty piece note by note."""
        self.piece_view.roll.tools.set_pencil(True)
        self.show_stage()
        self.piece_view.roll.notes.setFocus()

    def show_midi(self) -> None:
        """Show the MIDI devices, with a piece to record into."""
        if self.document.empty:
            self.imports.write_new()
        self.midi.toggle()

    def open_take(self, artifact: str, step: str = "") -> None:
        """Bring a take into view; unsaved edits become a take of their own first.

        Args:
            step: Action that made the take; undoable if it was applied to the piece in view.
        """
        self._awaited = artifact
        self.saving.keep(lambda: self._open(artifact, step))

    def _show_take_menu(self, at: QPoint) -> None:
        """Show the menu of a take, once that is in view: unsaved edits may be saved before."""
        show = partial(self.piece_actions.take_menu, at)
        if self._awaited:
            once = Qt.ConnectionType.SingleShotConnection
            self.document.opened.connect(show, once)
        else:
            show()

    def _open(self, artifact: str, step: str = "") -> None:
        self._awaited = ""
        take = self.takes.find(artifact)
        if take is None:
            return
        piece = piece_of(take)
        if piece is None:
            words = tr("“{title}” cannot be read as a score.").format(title=take.artifact.title)
            self.trouble.tell(words)
            return
        self.comparison.leave(artifact)
        step = step if take.source and take.source == self.document.source else ""
        self.document.open(piece, artifact, track=edits.melody_track(piece), step=step)
        self.prompt_box.set_melody(-1)
        self.takes.show_current(artifact)
        if self.window().focusWidget() in (None, self.prompt_box.go.widget, self.prompt_box.field):
            self.focus()

    def _on_picked(self, artifact: str) -> None:
        """Open the user's choice, and keep it in view while jobs produce others."""
        self.following = False
        if artifact != self.document.source:
            self.open_take(artifact)

    def keep(self) -> None:
        """Save unsaved edits as a take."""
        self.saving.keep(lambda: self.takes.show_current(self.document.source))

    def close_piece(self) -> None:
        """Show how to begin."""
        self.document.open(Piece(), "")

    def set_recipe(self, take: TaskResult | UsedSettings) -> None:
        """Set everything as it was for a take, or for a result of the library."""
        mode = self.prompt_box.modes.of_task(take.task)
        if mode is not None:
            self.prompt_box.modes.choose(mode.id)
            self.prompt_box.set_params(mode.id, take.params)

    def ask_again(self, take: TaskResult) -> None:
        """Show the description of a take in its field, to be changed."""
        self.set_recipe(take)
        self.prompt_box.focus()

    # --- the last session ---------------------------------------------------------------------

    @property
    def loading(self) -> bool:
        """Whether the last session's piece is still being read."""
        return self._loading > 0

    def _loaded(self) -> None:
        """When takes and draft are there: show the newest take, unless something is in view."""
        self._loading -= 1
        if self.loading:
            return
        if self.document.empty and len(self.takes):
            self._open(self.takes[0].id)
        self.verdicts.look()  # a draft may have been here before its take, which knows more
        self.show_stage()
        self.takes.show_current(self.document.source)

    def save_state(self) -> dict[str, Any]:
        """Return the state to restore after a restart; piece and takes are stored separately."""
        self.saving.flush()
        return self.prompt_box.save_state() | {
            "mode": self.prompt_box.mode,
            "view": self.piece_view.view,
            "snap": self.piece_view.roll.desk.snap,
            "metronome": self.playing.metronome,
        }

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        self.prompt_box.restore_state(state)
        self.prompt_box.modes.choose(str(state.get("mode", COMPOSE)))
        self.set_view(str(state.get("view", ROLL)))
        if isinstance(state.get("snap"), int):
            self.piece_view.roll.tools.set_snap(state["snap"])
        self.playing.set_metronome(state.get("metronome") is True)

    # --- keys ----------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys of the transport, wherever no field takes them."""
        playing, tools = self.playing, self.piece_view.roll.tools
        keys: dict[Qt.Key, Callable[[], object]] = {
            Qt.Key.Key_Space: playing.toggle,
            Qt.Key.Key_L: lambda: playing.set_looping(not playing.looping),
            Qt.Key.Key_M: lambda: playing.set_metronome(not playing.metronome),
            Qt.Key.Key_X: self.comparison.compare,
            Qt.Key.Key_V: lambda: tools.set_pencil(False),
            Qt.Key.Key_B: lambda: tools.set_pencil(True),
        }
        run = keys.get(Qt.Key(event.key()))
        if run is None or event.modifiers():
            super().keyPressEvent(event)
        else:
            run()

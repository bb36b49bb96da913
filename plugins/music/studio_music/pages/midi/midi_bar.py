"""A row for MIDI devices: which keyboard is recorded, with a count-in, and what plays the piece."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from studio.api import ErrorCode, PluginContext, StudioError, outcome
from studio.api.window.language import tr
from studio_music.audio.midi import ports
from studio_music.audio.midi.played_notes import MOST, PlayedNotes
from studio_music.pages.editor.document import Document
from studio_music.pages.editor.edits import NONE, Edited, exchange, quantised
from studio_music.pages.midi.count_in import bpm_at
from studio_music.pages.playback.controller import PlaybackController
from studio_music.pages.roll.gestures import Desk
from studio_music.score.piece import TICKS, Piece


class KeyboardRecording:
    """Notes that are being recorded from tick ``start`` on.

    Attributes:
        start: The tick of the first beat after the count-in.
    """

    def __init__(self, start: int) -> None:
        self.start = start
        self._played = PlayedNotes()
        self._now, self._tick, self._pace = 0.0, float(start), 0.0

    @property
    def count(self) -> int:
        """How many notes were played."""
        return self._played.count

    @property
    def full(self) -> bool:
        """Whether no more are taken."""
        return self.count >= MOST

    def follow(self, piece: Piece, now: float, tick: int) -> None:
        """Take note that ``tick`` is heard at ``now``, in seconds; before ``start``: count-in."""
        self._now, self._tick = now, float(tick)
        self._pace = bpm_at(piece, max(self.start, tick)) / 60 * TICKS

    def take(self, came: list[tuple[float, Any]]) -> None:
        """Take messages of mido, each with its seconds on the clock of ``follow``."""
        for seconds, message in came:
            self._played.take(self._tick_at(seconds), message)

    def into(self, piece: Piece, track: int, snap: int, now: float) -> Edited:
        """Return ``piece`` with the notes played up to ``now`` in a track, on a grid of ``snap``.

        Notes struck less than half a step before the first beat begin with it; earlier ones, played
        to try the keys, are left out. Velocities stay.
        """
        self._played.end(self._tick_at(now))
        notes = self._played.notes(self.start, early=max(snap, TICKS // 4) // 2)
        straight = quantised(piece, notes, snap, ends=True)
        return exchange(piece, track, NONE, straight) if straight else Edited(piece)

    def _tick_at(self, seconds: float) -> float:
        return self._tick + (seconds - self._now) * self._pace


_LOOK_MS: Final = 20
_ALIVE_SECONDS: Final = 1.0
"""How often it is looked whether the keyboard is still connected."""


class MidiBar(QWidget):
    """Records a keyboard into the track that is edited.

    Attributes:
        devices: What finds and opens ports: the module ``ports``, or another in its place.

    Signals:
        failed: What cannot be done and why: a ``StudioError`` or a sentence.
    """

    failed = Signal(object)

    def __init__(
        self, ctx: PluginContext, document: Document, playing: PlaybackController, desk: Desk
    ) -> None:
        """Record on the grid that is set in ``desk``."""
        super().__init__()
        self._ctx, self._document, self._playing, self._desk = ctx, document, playing, desk
        self.devices: Any = ports
        self._inputs: list[str] = []
        self._outputs: list[str] = []
        self._name = ""
        self._asked = self._closed = self._checking = False
        self._port: Any = None
        self._recording: KeyboardRecording | None = None
        self._track, self._seen = 0, 0.0
        self._words = ctx.ui.label()
        self.source: QPushButton = ctx.ui.button("", "piano", tip=tr("MIDI keyboard"), dense=True)
        self.sound: QPushButton = ctx.ui.button("", "volume-2", tip=tr("What plays"), dense=True)
        self.drop: QPushButton = ctx.ui.button("", "x")
        self.record: QPushButton = ctx.ui.button("", "circle-dot")
        self.source.clicked.connect(lambda _checked=False: self._ask_source())
        self.sound.clicked.connect(lambda _checked=False: self._ask_sound())
        self.drop.clicked.connect(lambda _checked=False: self.discard())
        self.record.clicked.connect(lambda _checked=False: self._on_record())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.source)
        row.addWidget(self.sound)
        row.addWidget(self._words, 1)
        row.addWidget(self.drop)
        row.addWidget(self.record)
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_MS)
        self._clock.timeout.connect(self._look)
        playing.changed.connect(self._on_playing)
        playing.failed.connect(self.failed)
        self.hide()

    @property
    def recording(self) -> bool:
        """Whether it records, the count-in included."""
        return self._recording is not None

    # --- devices ------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Show the connected devices; or finish a running recording; or hide."""
        if self.recording:
            self.finish()
        elif not self.isHidden():
            self.discard()
        elif not self._asked:
            self._asked = True
            self._show(tr("Looking for MIDI devices…"))
            self.show()
            self._ctx.run_later(lambda: outcome(self._names), self._found)

    def _names(self) -> tuple[list[str], list[str]]:
        return self.devices.input_names(), self.devices.output_names()

    def _found(self, names: tuple[list[str], list[str]] | StudioError) -> None:
        if not self._asked or self._closed:
            return
        self._asked = False
        if isinstance(names, StudioError):
            self.hide()
            self.failed.emit(names)
        elif not any(names):
            self.hide()
            self.failed.emit(
                StudioError(
                    ErrorCode.UNSUPPORTED,
                    tr("No MIDI device is connected."),
                    tr("Connect one, switch it on and try again."),
                )
            )
        else:
            self._inputs, self._outputs = names
            first = self._inputs[0] if self._inputs else ""
            self.choose(self._name if self._name in self._inputs else first)

    def choose(self, name: str) -> None:
        """Record from another port."""
        self._name = name
        self._show("")

    def _ask_source(self) -> None:
        ways = [(name, name) for name in self._inputs]
        self._ask(self.source, ways, self._name, self.choose)

    def _ask_sound(self) -> None:
        ways = [(tr("This computer"), ""), *((name, name) for name in self._outputs)]
        self._ask(self.sound, ways, self._playing.output, self.set_sound)

    def set_sound(self, name: str) -> None:
        """Let another port play, or this computer (an empty name)."""
        self._playing.set_output(name)
        self._show(self._words.text())

    def _ask(
        self,
        below: QPushButton,
        ways: list[tuple[str, str]],
        now: str,
        choose: Callable[[str], None],
    ) -> None:
        menu = self._ctx.ui.menu()
        for words, name in ways:
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(name == now)
            action.triggered.connect(lambda _checked=False, name=name: choose(name))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(below.mapToGlobal(below.rect().bottomLeft()))

    # --- recording ----------------------------------------------------------------------------

    def _on_record(self) -> None:
        if self.recording:
            self.finish()
        elif not self._asked:
            self._asked = True
            self._show(tr("Opening the keyboard…"))
            opened = partial(self.devices.KeyboardInput, self._name)
            self._ctx.run_later(lambda: outcome(opened), self._begin)

    def _begin(self, port: Any) -> None:
        if isinstance(port, StudioError):
            self._rest()
            self.failed.emit(port)
            return
        if not self._asked or self._closed:
            port.close()  # it was not wanted any more when it was open
            return
        self._asked = False
        self._track = self._document.current
        if not self._playing.record():
            port.close()
            self._rest()
            self.failed.emit(self._playing.trouble or tr("Open or begin a piece first."))
            return
        counted = self._playing.counted
        self._port, self._seen = port, monotonic()
        self._recording = KeyboardRecording(counted[0] if counted else 0)
        self._clock.start()
        self._look()

    def finish(self) -> None:
        """End the recording, and put its notes into the track as one step."""
        recording, port = self._recording, self._port
        if recording is None:
            return
        self._take(recording)
        self._stop()
        piece = self._document.settled
        if self._track >= len(piece.tracks):
            return  # the piece was closed: there is no track to put it into
        edited = recording.into(piece, self._track, self._desk.snap, monotonic())
        if edited.selected:
            self._document.choose_track(self._track)
            self._document.apply(tr("Record from the keyboard"), edited)
        else:
            self.failed.emit(tr("No notes came from “{name}”.").format(name=port.name))

    def discard(self) -> None:
        """End and keep nothing; hide where nothing is being recorded."""
        if self.recording:
            self._stop()
        else:
            self._asked = False
            self.hide()

    def close_device(self) -> None:
        """Let go of the keyboard for good."""
        self._closed = True
        self._recording = None
        if self._port is not None:
            self._port.close()
            self._port = None

    def _stop(self) -> None:
        """Let go of the keyboard, and stop playing."""
        self._recording = None
        self._clock.stop()
        port, self._port = self._port, None
        port.close()
        self._playing.pause()
        self._rest()

    def _rest(self) -> None:
        self._asked = False
        self._show("")

    def _on_playing(self) -> None:
        """Finish the recording when playback stops."""
        if self.recording and not self._playing.playing:
            self.finish()
        elif not self.isHidden():
            self._show(self._words.text())

    def _look(self) -> None:
        recording = self._recording
        if recording is None:
            return
        if not self._playing.playing:  # the sound device was let go
            self.finish()
            return
        self._take(recording)
        moment = self._playing.heard
        if moment < recording.start:
            self._show(tr("Count-in…"))
        else:
            self._show(tr("Recording: {count} notes").format(count=recording.count))
        if recording.full:
            self.finish()
        elif monotonic() - self._seen > _ALIVE_SECONDS and not self._checking:
            self._checking = True
            port = self._port
            self._ctx.run_later(port.is_alive, partial(self._checked, port))

    def _take(self, recording: KeyboardRecording) -> None:
        if self._playing.playing:
            recording.follow(self._document.settled, monotonic(), self._playing.heard)
        came = self._port.taken()
        recording.take(came)
        for _, message in came:
            struck = message.type == "note_on" and message.velocity > 0
            if struck and self._playing.playing and not self._playing.output:
                self._playing.audition(message.note)

    def _checked(self, port: Any, alive: bool) -> None:
        self._checking, self._seen = False, monotonic()
        if not alive and port is self._port and not self._closed:
            words = tr("The MIDI keyboard “{name}” was disconnected; what you played is kept.")
            self.finish()
            self.failed.emit(words.format(name=port.name))

    def _show(self, words: str) -> None:
        self._words.setText(words)
        self.source.setText(short_name(self._name))
        self.source.setAccessibleName(tr("MIDI keyboard: {name}").format(name=self._name))
        self.source.setVisible(bool(self._name))
        self.source.setEnabled(not self.recording)
        sound = short_name(self._playing.output) or tr("This computer")
        self.sound.setText(sound)
        self.sound.setAccessibleName(tr("What plays: {name}").format(name=sound))
        self.sound.setVisible(bool(self._outputs))
        self.record.setEnabled(not self._asked and bool(self._name))
        self.record.setText(tr("Keep") if self.recording else tr("Record"))
        self.record.setIcon(self._ctx.ui.icon("check" if self.recording else "circle-dot"))
        self.drop.setText(tr("Discard") if self.recording else tr("Close"))


def short_name(port: str) -> str:
    """Return a port's own name, of what ALSA says: "client:port 20:0"."""
    match = re.fullmatch(r"[^:]+:(.+) \d+:\d+", port)
    return match[1] if match else port

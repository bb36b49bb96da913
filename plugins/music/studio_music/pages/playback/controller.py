"""Playback in the window: the playhead, the loop, and the player behind them.

The player is made beside the window at the first opening; where it cannot play it says why, and
everything else goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer, Signal

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_music.pages.editor.document import Document
from studio_music.pages.midi.count_in import bar_of, counted_in
from studio_music.pages.playback import sound_fonts
from studio_music.score.piece import Piece

_FRAME_MS = 25
_LOOK_MS = 60
_FOLLOW_EDITS_MS = 60

Loop = tuple[int, int]


def new_player(font: Path | None = None) -> Any:
    """Return the player of this machine. Slow: it looks for sound devices.

    Args:
        font: The SoundFont to play with; None for the best that this machine has.
    """
    from studio_music.audio.playback.player import Player

    return Player(font=font)


def new_synth(name: str, piece: Piece, clock: Callable[[], int]) -> Any:
    """Return what plays a piece on a MIDI port."""
    from studio_music.audio.midi.synth_output import SynthOutput

    return SynthOutput(name, piece, clock)


class PlaybackController(QObject):
    """The playhead.

    Attributes:
        tick: Where it is.
        loop: What is repeated while ``looping``.
        trouble: Why nothing can be played; empty if it can.
        closed: Whether the device was let go for good.
        output: Name of the MIDI port that plays in place of this computer; empty for none.
        make_synth: What plays on such a port.
        counted: (tick, ticks) of the count-in that playing began with, before that tick; else None.

    Signals:
        moved: The playhead is at another tick.
        changed: It plays or stopped, loops or not, can or cannot.
        leveled: How loud it is, 0…1.
        failed: A ``StudioError``: the MIDI port cannot play, or no longer.
    """

    moved = Signal(int)
    changed = Signal()
    leveled = Signal(float)
    failed = Signal(object)

    def __init__(
        self, ctx: PluginContext, document: Document, make: Callable[[], Any] | None = None
    ) -> None:
        super().__init__()
        self._ctx, self._document, self._make = ctx, document, make
        self._player: Any = None
        self._font: Path | None = None
        self._asked = self.closed = False
        self.tick = 0
        self.loop: Loop | None = None
        self.looping = False
        self.metronome = False
        self.output = ""
        self.make_synth: Callable[..., Any] = new_synth
        self._synth: Any = None
        self.counted: tuple[int, int] | None = None
        self.trouble = tr("Looking for a sound device…")
        self._clock = QTimer(self)
        self._clock.setInterval(_FRAME_MS)
        self._clock.timeout.connect(self._follow)
        self._looking = QTimer(self)
        self._looking.setInterval(_LOOK_MS)
        self._looking.timeout.connect(self._look)
        self._edits = QTimer(self)
        self._edits.setSingleShot(True)
        self._edits.setInterval(_FOLLOW_EDITS_MS)
        self._edits.timeout.connect(self._tell_edits)
        document.changed.connect(self._on_changed)
        document.opened.connect(self._on_opened)

    # --- the player ---------------------------------------------------------------------------

    def prepare(self) -> None:
        """Look for a way to play, beside the window."""
        if not self._asked:
            self._asked = True
            self.trouble = tr("Looking for a sound device…")
            self.changed.emit()
            font = self._font = sound_fonts.file(self._ctx)
            self._ctx.run_later(lambda: self._make_player(font), self._got_player)

    def look_again(self) -> None:
        """Look anew: the user may have connected something."""
        if self.trouble and not self.playing:
            self._let_go()
            self._asked = False
            self.prepare()

    def _mind_font(self) -> None:
        """Have the player take a font that was got or chosen meanwhile."""
        font = sound_fonts.file(self._ctx)
        if font != self._font:
            self._font = font
            self._player.use_font(font)

    def _make_player(self, font: Path | None) -> Any:
        try:
            return self._make() if self._make is not None else new_player(font)
        except (ImportError, OSError) as error:
            return tr("Cannot play sound: {error}.").format(error=error)

    def _got_player(self, player: Any) -> None:
        if isinstance(player, str):
            self.trouble = player
        elif self.closed:
            player.close()
            return
        else:
            self._player = player
            self._looking.start()
        self.changed.emit()

    def _look(self) -> None:
        """See whether the player has found a device; it looks on a thread of its own."""
        player = self._player
        if player is not None and (player.synth or player.trouble):
            self._looking.stop()
            self.trouble = player.trouble
            player.metronome = self.metronome
            self.changed.emit()

    @property
    def ready(self) -> bool:
        """Whether Play would play."""
        return self._player is not None and not self.trouble

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return self._player is not None and self._clock.isActive()

    @property
    def underruns(self) -> int:
        """How often the sound had a gap."""
        return int(self._player.underruns) if self._player is not None else 0

    def close(self) -> None:
        """Let go of the device for good. The timers may be gone already, and are left alone."""
        self.closed = True
        self._let_go()

    def _let_go(self) -> None:
        self._end_synth()
        player, self._player = self._player, None
        if player is not None:
            player.close()

    # --- playing ------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Play from the playhead, or pause there."""
        if self.playing:
            self.pause()
        elif self.ready and not self._document.empty:
            if self.tick >= self._document.piece.end:
                self._move(0)
            self._start()

    def record(self) -> bool:
        """Count in a bar, then play from the bar of the playhead on and past the end, clicking.

        Returns:
            Whether it plays; if not, ``trouble`` says why.
        """
        self.pause()
        if not self.ready or self._document.empty:
            return False
        self.counted = bar_of(self._document.piece, self.tick)
        self._move(self.counted[0])
        self._start()
        return True

    @property
    def heard(self) -> int:
        """The tick that sounds now; during a count-in, one before its place."""
        if self._player is None:
            return self.tick
        return int(self._player.tick) - (self.counted[1] if self.counted else 0)

    def _piece(self) -> Piece:
        piece = self._document.piece
        return counted_in(piece, *self.counted) if self.counted else piece

    def _own(self, piece: Piece) -> Piece:
        """Return what this computer plays of it: nothing but the metronome beside a synthesiser."""
        if not self.output:
            return piece
        return replace(piece, tracks=tuple(replace(t, muted=True) for t in piece.tracks))

    def set_output(self, name: str) -> None:
        """Let a MIDI port play, or this computer again (an empty name)."""
        self.output = name
        self._end_synth()
        if self.playing:
            self._begin_synth()
            self._tell_edits()
        self.changed.emit()

    def _begin_synth(self) -> None:
        player = self._player
        if self.output:
            self._synth = self.make_synth(self.output, self._piece(), lambda: int(player.tick))

    def _end_synth(self) -> None:
        synth, self._synth = self._synth, None
        if synth is not None:
            synth.close()

    def _start(self) -> None:
        loop = self.loop if self.looping and not self.counted else None
        if loop is not None and not loop[0] <= self.tick < loop[1]:
            self._move(loop[0])
        self._mind_font()
        self._player.metronome = self.metronome or self.counted is not None
        self._player.play(self._own(self._piece()), self.tick, loop)
        self._begin_synth()
        self._clock.start()
        self.changed.emit()

    def pause(self) -> None:
        """Stop where it is."""
        if self.playing:
            self._clock.stop()
            self._player.stop()
            self._end()

    def _end(self) -> None:
        """Tell that nothing plays any more."""
        self._end_synth()
        if self.counted is not None:
            self.counted = None
            self._player.metronome = self.metronome
        self.leveled.emit(0.0)
        self.changed.emit()

    def stop(self) -> None:
        """Stop, and go back to the start, or to that of the loop."""
        self.pause()
        self._move(self.loop[0] if self.looping and self.loop else 0)

    def seek(self, tick: int) -> None:
        """Put the playhead somewhere; what plays goes on from there, but a recording stays."""
        if self.counted is not None:
            return
        self._move(max(0, tick))
        if self.playing:
            self._player.seek(self.tick)

    def set_loop(self, loop: Loop | None) -> None:
        """Choose the loop range; that switches looping on."""
        self.loop, self.looping = loop, loop is not None
        self._again()

    def set_looping(self, looping: bool) -> None:
        """Repeat the loop, or the whole piece where none is chosen; or no longer."""
        if looping and self.loop is None:
            self.loop = (0, max(1, self._document.piece.length))
        self.looping = looping
        self._again()

    def set_metronome(self, on: bool) -> None:
        """Click on every beat, or not."""
        self.metronome = on
        if self._player is not None:
            self._player.metronome = on or self.counted is not None
        self.changed.emit()

    def audition(self, pitch: int) -> None:
        """Let one note be heard as the current track would play it."""
        track = self._document.track
        if self.ready:
            self._player.audition(pitch, track.program, drums=track.drums)

    def _again(self) -> None:
        self.changed.emit()
        if self.playing and self.counted is None:
            self._player.set_loop(self.loop if self.looping else None)

    def _move(self, tick: int) -> None:
        self.tick = tick
        self.moved.emit(tick)

    def _follow(self) -> None:
        if self._player is None:
            self._clock.stop()
            return
        if not self._player.playing:
            self._clock.stop()
            self.trouble = self._player.trouble
            if not self.trouble:
                self.stop()
            self._end()
            return
        if self._synth is not None and self._synth.trouble is not None:
            self.failed.emit(self._synth.trouble)
            self.set_output("")
        self._move(max(self.heard, self.counted[0] if self.counted else 0))
        self.leveled.emit(float(self._player.level))

    # --- edits --------------------------------------------------------------------------------

    def _on_changed(self) -> None:
        if self.playing and not self._edits.isActive():
            self._edits.start()

    def _tell_edits(self) -> None:
        if self.playing:
            self._player.update(self._own(self._piece()))
            if self._synth is not None:
                self._synth.update(self._piece())

    def _on_opened(self) -> None:
        self.pause()
        self.loop, self.looping = None, False
        self._move(0)
        self.changed.emit()

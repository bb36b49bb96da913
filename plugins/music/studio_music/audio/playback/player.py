"""Plays a piece while it is edited: a thread computes blocks ahead of the device.

Every method returns at once and may be called from the window's thread; what went wrong is said in
``trouble``. Knows no Qt.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studio.api import ErrorCode, StudioError
from studio.api.window.sound import devices
from studio_music.audio.playback.engine import PlaybackEngine
from studio_music.audio.playback.output_buffer import OutputBuffer
from studio_music.score.piece import Piece

log = logging.getLogger(__name__)

AHEAD = 8
"""Blocks that wait for the device: the window may be busy for 0.37 s without a gap."""

_FIRST = 2  # blocks that wait before the device is started
_TURN = 0.02  # seconds between two looks at what waits
_IDLE = 4.0  # seconds of silence after which the device is let go
_PARTING = 0.5  # seconds that closing waits for the thread
_JITTER = 0.5  # seconds by which the clock of a device may be wrong
_DEAD = 5.0  # seconds after which a device that asks for nothing is given up

Loop = tuple[int, int]


@dataclass(frozen=True)
class _Wish:
    """What should be played; the latest wish counts.

    Attributes:
        jump: Where to start, in ticks; None goes on from where it is.
    """

    piece: Piece | None = None
    playing: bool = False
    jump: int | None = None
    loop: Loop | None = None
    metronome: bool = False

    def differs(self, other: _Wish) -> bool:
        """Return whether another than ``other`` is wanted."""
        return (
            self.piece is not other.piece
            or self.jump is not None
            or self.loop != other.loop
            or self.metronome != other.metronome
        )


class Player:
    """Plays one piece at a time on the default output of this machine.

    Attributes:
        trouble: Why nothing can be played, with a way out; empty while all is well.
        synth: Name of the synthesiser that plays; empty until the device was found.
    """

    def __init__(
        self,
        synth: str = "auto",
        open_stream: Callable[[devices.Fill], devices.Stream] = devices.open_stream,
        font: Path | None = None,
    ) -> None:
        self.trouble = ""
        self.synth = ""
        self._asked_synth, self._font, self._open_stream = synth, font, open_stream
        self._output = OutputBuffer()
        self._wish = self._done = _Wish()
        self._auditions: list[tuple[int, int, bool, int]] = []
        self._rest = 0  # the tick where it stands while it does not play
        self._shown = 0.0  # the time of the performance that ``tick`` last told
        self._lock, self._news, self._closing = threading.Lock(), threading.Event(), False
        self._stream: devices.Stream | None = None
        self._started = self._stale = False
        self._engine: PlaybackEngine | None = None
        self._asked, self._alive_at, self._busy_at = 0, 0.0, 0.0
        self._thread = threading.Thread(target=self._work, name="music player", daemon=True)
        self._thread.start()

    def play(self, piece: Piece, from_tick: int = 0, loop: Loop | None = None) -> None:
        """Play from a tick on; ``loop`` (first tick, end) is repeated once its end is reached."""
        self._rest = from_tick
        self._change(piece=piece, playing=True, jump=from_tick, loop=loop)

    def stop(self) -> None:
        """Fall silent at once."""
        self._rest = self.tick
        self._change(playing=False, jump=None)
        self._output.stop()

    def update(self, piece: Piece) -> None:
        """Go on with other notes, instruments, volumes, mutes or tempo from where playing is."""
        self._change(piece=piece)

    def seek(self, tick: int) -> None:
        """Go on from another tick."""
        self._rest = tick
        self._change(jump=tick)

    def set_loop(self, loop: Loop | None) -> None:
        """Repeat other ticks, or none."""
        self._change(loop=loop)

    @property
    def metronome(self) -> bool:
        """Whether every beat clicks."""
        return self._wish.metronome

    @metronome.setter
    def metronome(self, clicks: bool) -> None:
        self._change(metronome=clicks)

    def audition(
        self, pitch: int, program: int = 0, *, drums: bool = False, velocity: int = 90
    ) -> None:
        """Play a single note at once, over any playback."""
        with self._lock:
            self._auditions.append((pitch, program, drums, velocity))
        self._news.set()

    @property
    def playing(self) -> bool:
        """Whether it plays; no longer once the last note was let go, though it rings on."""
        return self._wish.playing

    @property
    def tick(self) -> int:
        """The tick sounding now, corrected for the device's latency."""
        position, stream = self._output.heard, self._stream
        if position is None or stream is None or not self.playing:
            return self._rest
        time = position.time(stream.time(), stream.rate)
        if time < self._shown < time + _JITTER * stream.rate:  # never back by a hair
            time = self._shown
        self._shown = time
        return position.block.performance.tick(time)

    @property
    def level(self) -> float:
        """The highest sample of what plays, 0…1."""
        return self._output.level

    @property
    def underruns(self) -> int:
        """How often the device wanted sound that was not there."""
        return self._output.underruns

    def use_font(self, font: Path | None) -> None:
        """Take another SoundFont before it plays next; None for the best that there is."""
        self._font, self._stale = font, True

    def close(self) -> None:
        """Let go of the device; the player cannot be used again."""
        self._closing = True
        self._news.set()
        self._thread.join(_PARTING)  # what takes longer ends by itself: a window waits for nothing

    def _change(self, **wanted: Any) -> None:
        with self._lock:
            self._wish = replace(self._wish, **wanted)
        self._news.set()

    def _work(self) -> None:
        """Run until closed. This and what follows is the thread."""
        self._guarded(self._have_device)  # so that a window can say at once why not
        self._let_go()
        while not self._closing:
            self._guarded(self._turn)
            self._news.wait(_TURN if self._stream else None)
            self._news.clear()
        self._let_go()

    def _guarded(self, call: Callable[[], None]) -> None:
        try:
            call()
        except StudioError as error:
            self._give_up(f"{error.message} {error.hint}".strip())
        except Exception:  # the border of a thread: said, and logged
            log.exception("playing failed")
            self._give_up("Playback failed because of an internal error; see the log.")

    def _turn(self) -> None:
        with self._lock:
            wish, auditions = self._wish, self._auditions
            self._wish, self._auditions = replace(wish, jump=None), []
        if auditions or wish.playing:
            self._have_device()
        engine = self._engine
        if engine is None:
            return
        for pitch, program, drums, velocity in auditions:
            self._output.sound(engine.note(pitch, program, drums, velocity))
        if wish.piece and wish.playing and (wish.differs(self._done) or not self._done.playing):
            engine.start(wish.piece, wish.jump, wish.loop, metronome=wish.metronome)
        elif self._done.playing and not wish.playing:
            engine.stop()
            self._output.stop()
        elif wish.piece and wish.piece is not self._done.piece:
            engine.prepare(wish.piece)
        self._done = replace(wish, jump=None)
        self._compute(engine)
        self._mind_end()
        self._mind_device()

    def _compute(self, engine: PlaybackEngine) -> None:
        """Have enough blocks wait, unless something changes meanwhile."""
        while engine.plays and self._output.ahead < AHEAD and not self._news.is_set():
            engine.step()
            if not self._started and (self._output.ahead >= _FIRST or not engine.plays):
                self._start_device()

    def _mind_end(self) -> None:
        position = self._output.heard
        if not self._done.playing or position is None:
            return
        block = position.block
        if block.performance.is_over(block.before.time + position.offset):
            with self._lock:
                if self._wish.differs(self._done):  # another wish came in between
                    return
                self._wish = self._done = replace(self._done, playing=False)
            self._rest = block.performance.timeline.piece.end

    def _have_device(self) -> None:
        if self._stream is None:
            self._stream = self._open_stream(self._output.fill)
            self._busy_at = time.monotonic()
        engine, rate = self._engine, self._stream.rate
        if engine is None or engine.rate != rate or (self._stale and not engine.plays):
            self._stale = False
            engine = PlaybackEngine(self._asked_synth, rate, self._output, self._font)
            self._engine = engine
        self.synth, self.trouble = engine.name, ""

    def _start_device(self) -> None:
        if self._stream and not self._started:
            self._stream.start()
            self._started, self._alive_at = True, time.monotonic()

    def _mind_device(self) -> None:
        """Start the device for a single note, let it go after a while of silence, see it vanish."""
        now = time.monotonic()
        if not self._output.is_idle:
            self._busy_at = now
            self._start_device()
        elif self._stream and now - self._busy_at > _IDLE:
            self._let_go()
        if self._output.asked != self._asked:
            self._asked, self._alive_at = self._output.asked, now
        started = self._stream if self._started else None
        if started and (not started.is_alive() or now - self._alive_at > _DEAD):
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                "The sound device was disconnected.",
                "Reconnect it and press Play again.",
            )

    def _let_go(self) -> None:
        if self._stream:
            self._stream.close()
        self._stream, self._started = None, False

    def _give_up(self, trouble: str) -> None:
        self.trouble = trouble
        if self._engine:
            self._engine.stop()
        self._output.stop()
        with self._lock:
            self._wish = self._done = replace(self._wish, playing=False, jump=None)
            self._auditions = []
        self._let_go()

"""Those who play: a synthesiser, the piece as it is played now, and the blocks that come of it.

Lives in the player's thread; hands blocks to the speaker, and takes them back for a change.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from studio.api import StudioError
from studio_music.audio.mix.mixdown import Mixdown, programs_of
from studio_music.audio.playback.output_buffer import OutputBuffer
from studio_music.audio.playback.performance import Mixer, Moment, Performance
from studio_music.audio.synth.builtin_synth import BuiltinSynth
from studio_music.audio.synth.font_synth import FontSynth
from studio_music.audio.synth.protocol import LAYERS, Tones, Voice, loudness_of
from studio_music.audio.synth.selection import open_synth
from studio_music.score.piece import Piece

log = logging.getLogger(__name__)

KEPT = 2
"""Blocks that still play as they are when something changes, 0.1 s: time to compute new ones."""

_SHORTEST_LOOP = 0.05
_NOTE_SECONDS = 0.5  # that a single note is held
_NOTE_GAIN = 1.6


class PlaybackEngine:
    """Plays one piece at a time into a speaker.

    Attributes:
        name: Of the synthesiser.
    """

    def __init__(
        self, synth: str, rate: int, output: OutputBuffer, font: Path | None = None
    ) -> None:
        opened = open_synth(synth, rate, font=font, in_window=True)
        self.name, self.rate, self._output = opened.name, rate, output
        self._warming = SoundfontLoader(opened) if isinstance(opened, FontSynth) else None
        self._tones = Tones(self._warming or opened)
        self._mixer = Mixer(rate)
        self._performance: Performance | None = None
        self._leaving: Performance | None = None
        self._moment = self._mixer.silence()

    @property
    def plays(self) -> bool:
        """Whether there are blocks to come."""
        return self._performance is not None

    def prepare(self, piece: Piece) -> None:
        """Load the instruments of a piece that may be played soon; does not wait for them."""
        if self._warming:
            self._warming.warm(programs_of(piece))

    def note(self, pitch: int, program: int, drums: bool, velocity: int) -> np.ndarray:
        """Return (frames, 2): a single note, as it sounds without a room."""
        if self._warming:
            self._warming.warm([(0 if drums else program, drums)])
        voice = Voice(0 if drums else program, drums, pitch, velocity * LAYERS // 128)
        synth = self._tones.synth
        held, fade = round(_NOTE_SECONDS * self.rate), round(synth.release(voice) * self.rate)
        sound = self._tones.get(voice, held + fade)[:, : held + fade].copy()
        sound *= np.float32(_NOTE_GAIN * loudness_of(velocity))
        if sound.shape[1] > held:
            sound[:, held:] *= np.linspace(1, 0, sound.shape[1] - held, dtype=np.float32) ** 2
        return np.repeat(sound, 3 - sound.shape[0], axis=0).T if len(sound) == 1 else sound.T

    def start(
        self, piece: Piece, tick: int | None, loop: tuple[int, int] | None, *, metronome: bool
    ) -> None:
        """Begin at a tick, or apply a change from the first block that may differ.

        Args:
            tick: None continues from the current position.
            loop: First tick and end of the loop.
        """
        leaving, moment = self._turning_point()
        before = leaving.timeline if leaving else None
        timeline = Mixdown(piece, self._tones, metronome=metronome, before=before)
        if tick is not None or leaving is None:
            start = timeline.sample(tick or 0)
        elif leaving.timeline.piece.tempos == piece.tempos:
            start = round(leaving.place(moment.time))
        else:
            start = timeline.sample(leaving.tick(moment.time))
        region = self._region(timeline, loop)
        if region and start >= region[1]:
            start = region[0]
        self._performance = Performance(timeline, start, moment.time, region)
        self._leaving, self._moment = leaving, moment
        self.prepare(piece)

    def stop(self) -> None:
        """Play no more, from now on."""
        self._performance = self._leaving = None

    def step(self) -> None:
        """Compute one block and hand it on; ends by itself when all has died away."""
        performance, moment = self._performance, self._moment
        if performance is None:
            return
        if performance.is_silent(moment.time):
            self._output.finish()
            self.stop()
            return
        if self._warming and self._warming.took_over():
            self._tones.forget()
        block = self._mixer.play(performance, moment, self._leaving)
        self._leaving, self._moment = None, block.after
        self._output.put(block)

    def _turning_point(self) -> tuple[Performance | None, Moment]:
        """Return the performance up to the first block not yet played, and its moment."""
        if self._performance is None:
            return None, self._mixer.silence()
        taken = self._output.take_back(KEPT)
        if taken is None:
            return self._leaving or self._performance, self._moment
        return taken.leaving or taken.performance, taken.before

    def _region(self, timeline: Mixdown, loop: tuple[int, int] | None) -> tuple[int, int] | None:
        if loop is None:
            return None
        low, high = timeline.sample(loop[0]), timeline.sample(loop[1])
        return (low, high) if high - low >= _SHORTEST_LOOP * self.rate else None


class SoundfontLoader:
    """A synthesiser that never lets a player wait for samples to be unpacked."""

    def __init__(self, font: FontSynth) -> None:
        self._font, self._own = font, BuiltinSynth(font.rate)
        self.name, self.rate = font.name, font.rate
        self._stood_in = self._broken = False

    def warm(self, programs: Iterable[tuple[int, bool]]) -> threading.Thread:
        """Load programs in a thread, which is returned."""
        missing = [pair for pair in programs if not self._font.is_at_hand(*pair)]
        thread = threading.Thread(target=self._load_all, args=(missing,), daemon=True)
        thread.start()
        return thread

    def took_over(self) -> bool:
        """Return, once, whether the font can replace the studio's own synthesiser."""
        if self._stood_in and self._font.is_free and not self._broken:
            self._stood_in = False
            return True
        return False

    def load(self, program: int, drums: bool) -> None:
        """Load a program, and wait for it."""
        self._font.load(program, drums)

    def tone(self, voice: Voice, frames: int) -> np.ndarray:
        """Return the tone of the font if that needs no wait, else the studio's own."""
        if self._font.is_at_hand(voice.program, voice.drums) and not self._broken:
            try:
                return self._font.tone(voice, frames)
            except StudioError as error:
                self._give_up(error)
        self._stood_in = True
        return self._own.tone(voice, frames)

    def release(self, voice: Voice) -> float:
        """Return the seconds in which it fades once it is let go."""
        return self._font.release(voice)

    def ring(self, voice: Voice) -> float:
        """Return after how many seconds it has died away though held."""
        return self._font.ring(voice)

    def _load_all(self, programs: list[tuple[int, bool]]) -> None:
        try:
            for program, drums in programs:
                self._font.load(program, drums)
        except StudioError as error:
            self._give_up(error)

    def _give_up(self, error: StudioError) -> None:
        log.warning("The studio's own instruments play: %s", error.message)
        self._broken, self.name = True, self._own.name

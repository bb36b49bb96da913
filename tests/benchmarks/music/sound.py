"""The bench ``music-sound``: how fast a minute of six tracks is rendered, how soon and how smoothly
it plays.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import psutil

from studio.api import BenchContext, median_times
from studio.api.window.sound import devices
from studio_music.audio.mix.render import render
from studio_music.audio.playback.player import Player
from studio_music.audio.synth import selection
from studio_music.score.piece import Note, Piece, Tempo, Track

RATE = 44_100
ROUNDS = 3
TICK = 0.005
PLAYED = 10.0
_CHORDS = ((60, 64, 67), (57, 60, 64), (65, 69, 72), (55, 59, 62))
_SCALE = (72, 74, 76, 77, 79, 81, 83, 84)
_NOTES = 320  # of each track


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return seconds of music a second, by the clock and by the processor's; the rest in ms.

    ``ratio`` is that of the studio's own synthesiser by the clock. The sound font is measured with
    its samples loaded; how long that took stands beside it.
    """
    piece = six_tracks()
    notes = sum(len(track.notes) for track in piece.tracks)
    ctx.say(f"rendering {piece.seconds(piece.end):.0f} s of {notes:,} notes, {ROUNDS} times")
    figures: dict[str, Any] = _rendering(piece, "studio", "ratio", "ratio_of_cpu_time")
    figures |= _with_font(ctx, piece)
    ctx.say(f"playing it for {PLAYED:.0f} s beside a clock that ticks every {TICK * 1000:.0f} ms")
    return {**figures, **_playing(piece), "load_of_the_machine": psutil.getloadavg()[0]}


def six_tracks() -> Piece:
    """Return a minute at 120 bpm: a tune, strings, guitar, bass, piano and drums."""
    tune = [Note(i * 180, _SCALE[i * 5 % 8], 170, 60 + i * 7 % 50) for i in range(_NOTES)]
    bass = [Note(i * 180, _CHORDS[i // 8 % 4][0] - 24, 160, 90) for i in range(_NOTES)]
    drums = [Note(i * 180, (36, 42, 38, 46)[i % 4], 60, 70 + i * 11 % 40) for i in range(_NOTES)]
    strings, guitar, piano = (
        [
            Note(i // 2 * 360, _CHORDS[i // 8 % 4][i % 2 + shift], 360, 50 + i * 3 % 40)
            for i in range(_NOTES)
        ]
        for shift in (0, 1, 0)
    )
    parts = (
        ("Tune", tune, 73), ("Strings", strings, 48), ("Guitar", guitar, 25), ("Bass", bass, 33),
        ("Piano", piano, 0), ("Drums", drums, 0),
    )  # fmt: skip
    tracks = tuple(
        Track(name, tuple(sorted(notes)), program, name == "Drums", volume=0.7, pan=i / 5 - 0.5)
        for i, (name, notes, program) in enumerate(parts)
    )
    return Piece("Six tracks", tempos=(Tempo(0, 120.0),), length=120 * 480, tracks=tracks)


def _with_font(ctx: BenchContext, piece: Piece) -> dict[str, Any]:
    if reason := selection.why_no_soundfont():
        return {"soundfont": f"not measured: {reason}"}
    synth = selection.open_synth("soundfont", RATE)
    ctx.say(f"the same with {synth.name}")
    began, processor = time.perf_counter(), time.process_time()
    for track in piece.tracks:
        synth.load(track.program, track.drums)
    loading = {
        "soundfont": synth.name,
        "soundfont_loading_seconds": time.perf_counter() - began,
        "soundfont_loading_cpu_seconds": time.process_time() - processor,
    }
    names = ("soundfont_times_real_time", "soundfont_times_of_cpu_time")
    return loading | _rendering(piece, "soundfont", *names)


def _rendering(piece: Piece, synth: str, by_clock: str, by_processor: str) -> dict[str, Any]:
    def rendered() -> None:
        for _step in render(piece, RATE, synth):
            pass

    (times,) = median_times(ROUNDS, rendered, warm_up=0)
    seconds = piece.seconds(piece.end)
    return {by_clock: seconds / times.clock, by_processor: seconds / times.processor}


class Metronomic:
    """A device that asks for sound as time goes by, and plays none."""

    rate = RATE
    _FRAMES = 1024

    def __init__(self, fill: devices.Fill) -> None:
        self._fill, self._running, self.first_sound = fill, False, 0.0

    def time(self) -> float:
        """Return the time of the system."""
        return time.monotonic()

    def start(self) -> None:
        """Ask in a thread."""
        self._running = True
        threading.Thread(target=self._ask, daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._running = False

    def is_alive(self) -> bool:
        """It does not vanish."""
        return True

    def close(self) -> None:
        """Ask no more."""
        self._running = False

    def _ask(self) -> None:
        out, at = np.zeros((self._FRAMES, 2), np.float32), time.monotonic()
        while self._running:
            self._fill(out, at + 0.1, False)
            if not self.first_sound and out.any():
                self.first_sound = time.perf_counter()
            at += self._FRAMES / RATE
            time.sleep(max(0.0, at - time.monotonic()))


def _playing(piece: Piece) -> dict[str, Any]:
    streams: list[Metronomic] = []

    def open_stream(fill: devices.Fill) -> Metronomic:
        streams.append(Metronomic(fill))
        return streams[-1]

    player = Player("auto", open_stream)
    while not player.synth:
        time.sleep(TICK)
    idle = np.array(list(_pauses(PLAYED / 2)))
    began, processor = time.perf_counter(), time.process_time()
    player.play(piece)
    playing = np.array(list(_pauses(PLAYED)))
    share = (time.process_time() - processor) / PLAYED
    player.close()
    return {
        "first_sound_ms": (streams[-1].first_sound - began) * 1000,
        "pause_of_a_ticker_p99_ms": float(np.quantile(playing, 0.99)) * 1000,
        "longest_pause_ms": float(playing.max()) * 1000,
        "pause_when_silent_p99_ms": float(np.quantile(idle, 0.99)) * 1000,
        "cpu_share_of_playing": share,
        "underruns": player.underruns,
    }


def _pauses(seconds: float) -> Iterator[float]:
    """Yield by how much each tick of a clock in this thread came too late."""
    last = time.perf_counter()
    end = last + seconds
    while last < end:
        time.sleep(TICK)
        now = time.perf_counter()
        yield now - last - TICK
        last = now

"""Playing, with a stream that is asked by the test: what is heard, where it is, what goes wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np
import pytest

from studio.api import ErrorCode, StudioError
from studio.api.window.sound import devices
from studio.testing.guards import PATIENCE
from studio_music.audio.playback import engine, player
from studio_music.audio.playback.player import Player
from studio_music.audio.synth.builtin_synth import hertz_of
from studio_music.audio.synth.protocol import Voice
from studio_music.score.piece import Note, Piece, Tempo, Track

RATE = 44100
CHUNK = 512


class FakeStream:
    """A device that takes sound as fast as the test asks for it."""

    def __init__(self, fill: devices.Fill) -> None:
        self.rate, self.fill = RATE, fill
        self.frames, self.started, self.alive, self.closed = 0, False, True, False

    def time(self) -> float:
        return self.frames / RATE

    def start(self) -> None:
        self.started = True

    def stop(self) -> None:
        self.started = False

    def is_alive(self) -> bool:
        return self.alive

    def close(self) -> None:
        self.started, self.closed = False, True

    def ask(self) -> np.ndarray:
        out = np.full((CHUNK, 2), np.nan, np.float32)
        self.fill(out, self.time(), False)
        self.frames += CHUNK
        return out


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.002)


class Room:
    """A player, its stream, and an ear."""

    def __init__(self) -> None:
        self.streams: list[FakeStream] = []
        self.turns = 0
        self.player = Player("studio", self.open)
        self._turn, self.player._turn = self.player._turn, self._counted

    def open(self, fill: devices.Fill) -> FakeStream:
        self.streams.append(FakeStream(fill))
        return self.streams[-1]

    def _counted(self) -> None:
        self._turn()
        self.turns += 1

    def obeyed(self) -> None:
        """Wait until the player has done what it was told."""
        later = self.turns + 2  # one may be under way that has not heard of it
        until(lambda: self.turns >= later)

    @property
    def stream(self) -> FakeStream:
        until(lambda: self.streams[-1].started)
        return self.streams[-1]

    def hear(self, seconds: float) -> np.ndarray:
        """Return what is played next, asked for as soon as it is there."""
        heard = []
        for _ in range(round(seconds * RATE / CHUNK)):
            stream = self.stream
            until(lambda: self.player._output.ahead >= 2 or not self.player._engine.plays)
            heard.append(stream.ask())
        return np.concatenate(heard)


@pytest.fixture(autouse=True)
def device_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The device asks when a test does: it is not dead while the machine is busy elsewhere."""
    monkeypatch.setattr(player, "_DEAD", 10 * PATIENCE)
    monkeypatch.setattr(player, "_IDLE", 10 * PATIENCE)


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.player.close()


def held(pitch: int, quarters: int = 8, **more: Any) -> Piece:
    track = Track("organ", (Note(0, pitch, quarters * 480, 100),), 16, **more)
    return Piece(tempos=(Tempo(0, 120.0),), length=quarters * 480, tracks=(track,))


def hertz(sound: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(sound.mean(axis=1) * np.hanning(len(sound)), 1 << 17))
    return float(np.argmax(spectrum)) * RATE / (1 << 17)


def with_track(piece: Piece, **more: Any) -> Piece:
    track = msgspec.structs.replace(piece.tracks[0], **more)
    return msgspec.structs.replace(piece, tracks=(track,))


def largest_bend(sound: np.ndarray) -> float:
    return float(np.abs(np.diff(sound, 2, axis=0)).max())


def test_a_piece_is_heard_to_its_end_and_the_place_is_known(room: Room) -> None:
    room.player.play(held(69, 2))
    assert room.player.playing
    first = room.hear(0.5)
    assert hertz(first[RATE // 10 :]) == pytest.approx(440, abs=1)
    assert room.player.tick == pytest.approx(480, abs=20)
    room.hear(0.6)
    until(lambda: not room.player.playing)
    assert room.player.tick == 960
    rest = room.hear(3.0)
    assert np.abs(rest[:CHUNK]).max() > 0  # the room rings on
    assert not rest[-CHUNK:].any()
    assert room.player.underruns == 0
    assert room.player.trouble == ""


def test_it_starts_in_the_middle_of_a_note_without_a_click(room: Room) -> None:
    room.player.play(held(45), from_tick=480)
    sound = room.hear(0.5)
    assert np.abs(sound[:40]).max() < 0.02
    assert largest_bend(sound[:4000]) < 2 * largest_bend(sound[4000:])
    assert room.player.tick == pytest.approx(960, abs=20)


def test_an_edit_is_heard_within_a_third_of_a_second_and_without_a_click(room: Room) -> None:
    piece = held(57)
    room.player.play(piece)
    before = room.hear(0.5)
    room.player.update(with_track(piece, notes=(Note(0, 64, 3840, 100),)))
    room.obeyed()
    change, after = room.hear(0.3), room.hear(0.4)
    assert hertz(before[RATE // 10 :]) == pytest.approx(220, abs=1)
    assert hertz(after) == pytest.approx(329.6, abs=1)
    assert largest_bend(change) < 1.5 * max(largest_bend(before), largest_bend(after))
    assert room.player.tick == pytest.approx(1152, abs=30)


@pytest.mark.parametrize("silent", [{"muted": True}, {"volume": 0.0}])
def test_mute_and_volume_are_heard_at_once(room: Room, silent: dict[str, Any]) -> None:
    piece = held(69)
    room.player.play(piece)
    loud = np.abs(room.hear(0.5)).max()
    room.player.update(with_track(piece, **silent))
    room.obeyed()
    room.hear(1.2)
    assert np.abs(room.hear(0.2)).max() < loud / 100
    assert room.player.playing


def test_another_tempo_goes_on_from_the_same_place(room: Room) -> None:
    piece = held(69, 16)
    room.player.play(piece)
    room.hear(0.5)
    room.player.update(msgspec.structs.replace(piece, tempos=(Tempo(0, 240.0),)))
    room.obeyed()
    room.hear(1.0)
    # 0.5 s and the tenth that was waiting at 120, the rest at 240
    assert room.player.tick == pytest.approx(480 + 96 + 0.9 * 1920, abs=60)


def test_a_loop_goes_round_and_joins_without_a_click(room: Room) -> None:
    notes = (Note(0, 57, 480, 100), Note(480, 64, 480, 100))
    piece = Piece(length=960, tempos=(Tempo(0, 240.0),), tracks=(Track("organ", notes, 16),))
    room.player.play(piece, loop=(0, 960))
    rounds = [room.hear(0.5) for _ in range(4)]
    assert room.player.playing
    for sound in rounds:
        assert hertz(sound[5000:10000]) == pytest.approx(220, abs=3)
        assert hertz(sound[16000:21000]) == pytest.approx(329.6, abs=3)
    # The joint is one more change of notes: no rougher than that in the middle.
    whole = np.concatenate(rounds)
    inside = largest_bend(whole[RATE // 8 : RATE // 2 - 2000])
    assert largest_bend(whole[RATE // 2 - 2000 :]) < 1.2 * inside


def test_a_loop_that_is_turned_off_is_left_at_its_end(room: Room) -> None:
    piece = held(57, 4)
    room.player.play(piece, loop=(0, 480))
    room.hear(0.4)
    room.player.set_loop(None)
    room.obeyed()
    room.hear(1.0)
    assert room.player.tick > 480


def test_seek_goes_to_another_place(room: Room) -> None:
    notes = tuple(Note(i * 480, 57 + i, 480, 100) for i in range(8))
    piece = with_track(held(57), notes=notes)
    room.player.play(piece)
    room.hear(0.3)
    room.player.seek(480 * 6)
    room.obeyed()
    room.hear(0.15)
    assert hertz(room.hear(0.3)) == pytest.approx(440 * 2 ** (-6 / 12), abs=3)


def test_stop_is_silence_within_a_chunk_and_play_starts_anew(room: Room) -> None:
    room.player.play(held(69))
    room.hear(0.5)
    room.player.stop()
    fading = room.streams[-1].ask()
    assert not fading[300:].any()
    assert largest_bend(fading) < 0.1
    assert not room.player.playing
    assert room.player.tick == pytest.approx(480, abs=20)
    room.player.play(held(57))
    room.obeyed()
    assert hertz(room.hear(0.5)[RATE // 10 :]) == pytest.approx(220, abs=1)
    assert room.player.underruns == 0


def test_the_metronome_clicks_on_every_beat(room: Room) -> None:
    room.player.metronome = True
    room.player.play(Piece(tempos=(Tempo(0, 120.0),), length=4 * 480))
    loud = np.abs(room.hear(1.9)).max(axis=1)
    for beat in (0.0, 0.5, 1.0, 1.5):
        at = round(beat * RATE) + 256
        assert loud[at : at + 2000].max() > 5 * loud[at + 8000 : at + 18000].max()
    assert room.player.metronome


@pytest.mark.parametrize("drums", [False, True])
def test_a_single_note_is_heard_while_nothing_plays(room: Room, drums: bool) -> None:
    room.player.audition(69 if not drums else 38, 16, drums=drums)
    until(lambda: room.player._output._notes)
    sound = np.concatenate([room.stream.ask() for _ in range(60)])
    assert np.abs(sound[: RATE // 4]).max() > 0.05
    assert np.abs(sound).max() <= 1
    if not drums:
        assert hertz(sound[: RATE // 2]) == pytest.approx(440, abs=2)
    assert not room.player.playing
    assert room.player.underruns == 0


def test_what_the_device_misses_is_counted(room: Room) -> None:
    room.player.play(held(69, 64))
    stream = room.stream
    until(lambda: room.player._output.ahead >= 8)
    for _ in range(8 * 4 + 8):  # faster than any thread computes: 40 chunks without a wait
        out = stream.ask()
    assert np.isfinite(out).all()
    missed = room.player.underruns
    stream.fill(np.zeros((CHUNK, 2), np.float32), stream.time(), True)
    assert room.player.underruns > missed
    room.hear(0.5)
    assert room.player.playing


def test_without_a_device_all_but_play_works() -> None:
    def none(fill: devices.Fill) -> devices.Stream:
        raise StudioError(ErrorCode.UNSUPPORTED, "There is no sound device.", "Connect one.")

    player = Player("studio", none)
    until(lambda: player.trouble)
    assert player.trouble == "There is no sound device. Connect one."
    player.update(held(69))
    player.play(held(69))
    until(lambda: not player.playing)
    player.audition(60)
    player.stop()
    assert (player.tick, player.level, player.underruns) == (0, 0.0, 0)
    player.close()


def test_a_device_that_vanishes_is_said_and_play_takes_the_next(room: Room) -> None:
    room.player.play(held(69))
    room.hear(0.5)
    room.stream.alive = False
    until(lambda: room.player.trouble)
    assert "disconnected" in room.player.trouble
    assert not room.player.playing
    assert room.streams[-1].closed
    room.player.play(held(57))
    room.obeyed()
    assert hertz(room.hear(0.5)[RATE // 10 :]) == pytest.approx(220, abs=1)
    assert room.player.trouble == ""


def test_a_fault_of_ours_is_said_too(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    until(lambda: room.player.synth)
    monkeypatch.setattr("studio_music.audio.playback.engine.Mixdown", lambda *a, **k: 1 / 0)
    room.player.play(held(69))
    until(lambda: room.player.trouble)
    assert "internal error" in room.player.trouble
    assert not room.player.playing


class SlowFont:
    """A font of sines a fourth above what is asked; it loads when the test lets it."""

    name, rate = "slow font", RATE

    def __init__(self) -> None:
        self.may_load, self.loaded, self.is_free = threading.Event(), False, True

    def load(self, program: int, drums: bool) -> None:
        self.is_free = False
        assert self.may_load.wait(PATIENCE)
        self.loaded = self.is_free = True

    def is_at_hand(self, program: int, drums: bool) -> bool:
        return self.loaded

    def tone(self, voice: Voice, frames: int) -> np.ndarray:
        turns = hertz_of(voice.pitch + 5) * np.arange(frames) / RATE
        return np.sin(2 * np.pi * turns)[None].astype(np.float32) * 0.2

    def ring(self, voice: Voice) -> float:
        return float("inf")

    def release(self, voice: Voice) -> float:
        return 0.1


def test_a_font_takes_over_when_it_is_loaded_and_nobody_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    font = SlowFont()
    monkeypatch.setattr(engine, "open_synth", lambda name, rate, **_how: font)
    monkeypatch.setattr(engine, "FontSynth", SlowFont)
    room = Room()
    room.player.play(held(69, 64))
    assert hertz(room.hear(0.5)[RATE // 10 :]) == pytest.approx(440, abs=1)
    assert room.player.synth == "slow font"
    font.may_load.set()
    until(lambda: font.loaded)
    room.hear(0.6)
    assert hertz(room.hear(0.5)) == pytest.approx(440 * 2 ** (5 / 12), abs=1)
    assert room.player.underruns == 0
    room.player.close()


def test_a_font_that_came_meanwhile_plays_from_the_next_start_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = Room()
    room.player.play(held(69, 4))
    room.hear(0.1)
    assert room.player.synth == "studio"
    font = SlowFont()
    monkeypatch.setattr(engine, "open_synth", lambda name, rate, **_how: font)
    room.player.use_font(None)
    room.hear(0.1)
    assert room.player.synth == "studio", "what plays goes on as it is"
    room.player.stop()
    until(lambda: not room.player._done.playing)
    room.player.play(held(69, 4))
    until(lambda: room.player.synth == "slow font")
    room.player.close()

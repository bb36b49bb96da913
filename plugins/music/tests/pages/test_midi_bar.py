"""A MIDI keyboard is recorded into a track; keyboard and player are played by the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mido import Message

from studio.api import ErrorCode, StudioError
from studio_music.audio.mix.mixdown import beats
from studio_music.pages.midi import midi_bar
from studio_music.pages.midi.count_in import counted_in
from studio_music.pages.midi.midi_bar import KeyboardRecording
from studio_music.score.piece import TICKS, Metre, MetreChange, Note, Piece, Tempo, Track

BAR = 4 * TICKS


class FakeDevices:
    """One keyboard."""

    def __init__(self) -> None:
        self.names, self.alive, self.closed = ["Keys"], True, False
        self.waiting: list[tuple[float, Message]] = []
        self.name, self.outputs = "", list[str]()

    def input_names(self) -> list[str]:
        return self.names

    def output_names(self) -> list[str]:
        return self.outputs

    def KeyboardInput(self, name: str) -> FakeDevices:
        self.name = name
        return self

    def taken(self) -> list[tuple[float, Message]]:
        came, self.waiting = self.waiting, []
        return came

    def is_alive(self) -> bool:
        return self.alive

    def close(self) -> None:
        self.closed = True


class Keyboard:
    """A desk whose bar records; one key is struck at a time."""

    def __init__(self, desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.desk, self.devices, self.now = desk, FakeDevices(), 100.0
        monkeypatch.setattr(midi_bar, "monotonic", lambda: self.now)
        self.bar = desk.page.midi
        self.bar.devices = self.devices

    def begin(self) -> None:
        self.bar.toggle()
        self.desk.until(lambda: self.bar.record.isEnabled())
        self.bar.record.click()
        self.desk.until(lambda: self.bar.recording)

    def play(self, tick: int, *messages: Message) -> None:
        """Have messages come when the player is at ``tick``, count-in included."""
        self.desk.player.tick = tick
        self.devices.waiting += [(self.now, message) for message in messages]
        self.desk.until(lambda: not self.devices.waiting)


@pytest.fixture
def keyboard(desk: Any, tune: Any, monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    desk.document.open(tune(), "")
    desk.document.choose_track(1)
    return Keyboard(desk, monkeypatch)


def note(pitch: int, velocity: int) -> Message:
    return Message("note_on", note=pitch, velocity=velocity)


def test_what_is_played_after_the_count_in_is_one_step_on_the_grid(keyboard: Keyboard) -> None:
    desk = keyboard.desk
    before = desk.piece
    desk.page.playing.seek(BAR + 100)
    keyboard.begin()
    assert desk.player.calls[-1] == ("play", BAR, None)
    assert desk.player.metronome
    keyboard.play(BAR + 300, note(40, 99), note(40, 0))  # tried during the count-in
    assert desk.page.playing.tick == BAR
    keyboard.play(2 * BAR + 20, note(80, 33))
    keyboard.play(2 * BAR + 210, note(80, 0), note(81, 120))
    keyboard.play(2 * BAR + 500, note(81, 0))
    assert ("audition", 81, 0, False) in desk.player.calls
    keyboard.bar.record.click()
    kept = set(desk.piece.tracks[1].notes) - set(before.tracks[1].notes)
    assert kept == {Note(BAR, 80, 240, 33), Note(BAR + 240, 81, 240, 120)}
    assert desk.document.selected == kept
    assert not desk.page.playing.playing
    assert not desk.player.metronome
    assert keyboard.devices.closed
    desk.document.undo.undo()
    assert desk.piece == before


def test_stop_keeps_what_was_played(keyboard: Keyboard) -> None:
    keyboard.begin()
    keyboard.play(BAR, note(80, 50))
    keyboard.play(BAR + 480, note(80, 0))
    keyboard.desk.page.playing.stop()
    assert Note(0, 80, 480, 50) in keyboard.desk.piece.tracks[1].notes


def test_a_keyboard_that_is_pulled_out_keeps_what_was_played(keyboard: Keyboard) -> None:
    keyboard.begin()
    keyboard.play(BAR, note(80, 50))
    keyboard.desk.player.tick = BAR + 960
    keyboard.devices.alive = False
    keyboard.now += 1.5
    keyboard.desk.until(lambda: "disconnected" in keyboard.desk.trouble())
    assert any(n.pitch == 80 and n.start == 0 for n in keyboard.desk.piece.tracks[1].notes)
    assert not keyboard.bar.recording


def test_a_keyboard_that_stays_goes_on(keyboard: Keyboard) -> None:
    """The control of the test above."""
    asked: list[bool] = []
    keyboard.devices.is_alive = lambda: asked.append(True) or True  # type: ignore[method-assign]
    keyboard.begin()
    keyboard.now += 1.5
    keyboard.desk.until(lambda: bool(asked) and not keyboard.bar._checking)
    assert keyboard.bar.recording


def test_a_sound_device_that_is_let_go_keeps_what_was_played(keyboard: Keyboard) -> None:
    keyboard.begin()
    keyboard.play(BAR, note(80, 50))
    keyboard.play(BAR + 480, note(80, 0))
    keyboard.desk.page.playing.close()
    keyboard.desk.until(lambda: not keyboard.bar.recording)
    assert Note(0, 80, 480, 50) in keyboard.desk.piece.tracks[1].notes


def test_another_piece_waits_for_what_was_played(keyboard: Keyboard) -> None:
    keyboard.begin()
    keyboard.play(BAR, note(80, 50))
    keyboard.play(BAR + 480, note(80, 0))
    desk = keyboard.desk
    desk.page.imports.write_new()
    desk.until(lambda: desk.piece.tracks[0].notes == ())
    kept = [take.content for take in desk.page.takes if isinstance(take.content, Piece)]
    assert any(Note(0, 80, 480, 50) in piece.tracks[1].notes for piece in kept)


def test_a_recording_can_be_discarded(keyboard: Keyboard) -> None:
    before = keyboard.desk.piece
    keyboard.begin()
    keyboard.play(BAR, note(80, 50))
    keyboard.bar.drop.click()
    assert keyboard.desk.piece == before
    assert keyboard.devices.closed
    keyboard.bar.drop.click()
    assert keyboard.bar.isHidden()


def test_what_cannot_be_recorded_is_told(keyboard: Keyboard) -> None:
    def missing() -> list[str]:
        raise StudioError(ErrorCode.UNSUPPORTED, "MIDI devices need mido.", "Install it.")

    desk, bar, devices = keyboard.desk, keyboard.bar, keyboard.devices
    keyboard.begin()
    bar.record.click()
    assert "No notes came from “Keys”" in desk.trouble()
    bar.toggle()
    devices.names = []
    bar.toggle()
    desk.until(lambda: "No MIDI device is connected" in desk.trouble())
    assert bar.isHidden()
    devices.input_names = missing  # type: ignore[method-assign]
    bar.toggle()
    desk.until(lambda: "MIDI devices need mido" in desk.trouble())
    assert bar.isHidden()


def test_without_sound_it_says_why(keyboard: Keyboard) -> None:
    desk = keyboard.desk
    desk.page.playing.trouble = desk.player.trouble = "There is no sound device."
    keyboard.bar.toggle()
    keyboard.desk.until(lambda: keyboard.bar.record.isEnabled())
    keyboard.bar.record.click()
    keyboard.desk.until(lambda: "no sound device" in keyboard.desk.trouble())
    assert keyboard.devices.closed


# --- a synthesiser that plays ---------------------------------------------------------------------


class FakeSynth:
    """Notes what it was given."""

    def __init__(self, name: str, piece: Piece, clock: Callable[[], int]) -> None:
        self.name, self.piece, self.clock = name, piece, clock
        self.trouble: StudioError | None = None
        self.closed = False

    def update(self, piece: Piece) -> None:
        self.piece = piece

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def synths(keyboard: Keyboard) -> list[FakeSynth]:
    """The synthesisers that were begun; the bar shows one to be chosen, and no keyboard."""
    begun: list[FakeSynth] = []

    def make(*given: Any) -> FakeSynth:
        begun.append(FakeSynth(*given))
        return begun[-1]

    keyboard.desk.page.playing.make_synth = make
    keyboard.devices.names, keyboard.devices.outputs = [], ["Synth:Synth MIDI 1 24:0"]
    keyboard.bar.toggle()
    keyboard.desk.until(lambda: not keyboard.bar.sound.isHidden())
    return begun


def test_a_synthesiser_plays_in_place_of_the_computer(
    keyboard: Keyboard, synths: list[FakeSynth]
) -> None:
    desk, bar = keyboard.desk, keyboard.bar
    assert bar.sound.text() == "This computer"
    assert not bar.record.isEnabled()
    bar.set_sound("Synth:Synth MIDI 1 24:0")
    assert bar.sound.text() == "Synth MIDI 1"
    desk.page.playing.toggle()
    (synth,) = synths
    assert (synth.name, synth.piece) == ("Synth:Synth MIDI 1 24:0", desk.piece)
    desk.player.tick = 77
    assert synth.clock() == 77
    desk.page.playing.pause()
    assert synth.closed


def test_what_plays_is_changed_while_it_plays(keyboard: Keyboard, synths: list[FakeSynth]) -> None:
    desk, bar = keyboard.desk, keyboard.bar
    desk.page.playing.toggle()
    assert not synths
    bar.set_sound(keyboard.devices.outputs[0])
    told = desk.player.calls[-1][1]
    assert all(track.muted for track in told.tracks)
    assert not synths[0].piece.tracks[0].muted
    bar.set_sound("")
    assert synths[0].closed
    assert desk.player.calls[-1] == ("update", desk.piece)


def test_a_synthesiser_that_is_gone_is_told_and_the_computer_plays(
    keyboard: Keyboard, synths: list[FakeSynth]
) -> None:
    desk = keyboard.desk
    keyboard.bar.set_sound(keyboard.devices.outputs[0])
    desk.page.playing.toggle()
    synths[0].trouble = StudioError(ErrorCode.UNSUPPORTED, "The MIDI port is gone.", "")
    desk.until(lambda: "The MIDI port is gone" in desk.trouble())
    assert desk.page.playing.playing
    assert desk.player.calls[-1] == ("update", desk.piece)
    assert keyboard.bar.sound.text() == "This computer"


# --- the parts without a window -----------------------------------------------------------------


def test_a_count_in_is_a_bar_of_its_own_metre_with_clicks() -> None:
    waltz = MetreChange(BAR, Metre(3, 4))
    piece = Piece(
        tempos=(Tempo(0, 100.0), Tempo(BAR, 60.0), Tempo(BAR + 480, 90.0)),
        metres=(MetreChange(0, Metre()), waltz),
        length=BAR + 3 * TICKS,
        tracks=(Track("Tune", (Note(0, 60, BAR + 99), Note(BAR, 62, 480))),),
    )
    led = counted_in(piece, BAR, 3 * TICKS)
    assert led.tracks[0].notes == (Note(0, 60, BAR), Note(BAR + 1440, 62, 480))
    clicks = [tick - BAR for tick, _ in beats(led) if BAR <= tick < BAR + 6 * TICKS]
    assert clicks == [n * TICKS for n in range(6)]
    assert [first for tick, first in beats(led) if BAR <= tick < BAR + 6 * TICKS] == [
        True, False, False, True, False, False,
    ]  # fmt: skip
    assert led.seconds(BAR + 1440) - led.seconds(BAR) == pytest.approx(3.0)
    assert led.tempos[-1] == Tempo(BAR + 480 + 1440, 90.0)


def test_what_was_played_between_two_looks_is_placed_by_its_time() -> None:
    piece = Piece(tempos=(Tempo(0, 120.0),), length=BAR, tracks=(Track("Tune"),))
    made = KeyboardRecording(0)
    made.follow(piece, 10.0, 480)
    made.take([(9.75, note(60, 70)), (10.25, note(60, 0))])  # a quarter second: 240 ticks
    edited = made.into(piece, 0, 1, 10.5)
    assert edited.piece.tracks[0].notes == (Note(240, 60, 480, 70),)


@pytest.mark.parametrize(
    ("port", "short"),
    [
        ("Launchkey Mini:Launchkey Mini MIDI 1 20:0", "Launchkey Mini MIDI 1"),
        ("Launchkey Mini", "Launchkey Mini"),
        ("USB: MIDI", "USB: MIDI"),
    ],
)
def test_a_port_is_shown_by_its_own_name(port: str, short: str) -> None:
    assert midi_bar.short_name(port) == short

"""Messages of a keyboard become notes."""

from __future__ import annotations

from typing import Any

import pytest
from mido import Message

from studio_music.audio.midi import played_notes
from studio_music.audio.midi.played_notes import PlayedNotes
from studio_music.score.piece import Note


def on(pitch: int, velocity: int = 80, **more: Any) -> Message:
    return Message("note_on", note=pitch, velocity=velocity, **more)


def off(pitch: int, **more: Any) -> Message:
    return Message("note_off", note=pitch, **more)


def pedal(value: int, **more: Any) -> Message:
    return Message("control_change", control=64, value=value, **more)


def played(*came: tuple[float, Message], end: float = 4000, start: int = 0) -> list[Note]:
    made = PlayedNotes()
    for tick, message in came:
        made.take(tick, message)
    made.end(end)
    return made.notes(start)


def test_notes_begin_end_and_keep_their_velocity() -> None:
    notes = played((10.4, on(60, 33)), (100, on(64, 127)), (250, off(60)), (300, off(64)))
    assert notes == [Note(10, 60, 240, 33), Note(100, 64, 200, 127)]


def test_a_note_on_without_velocity_is_a_note_off() -> None:
    assert played((0, on(60)), (120, on(60, 0))) == [Note(0, 60, 120)]


def test_a_key_struck_again_ends_the_note_that_sounds() -> None:
    notes = played((0, on(60, 50)), (100, on(60, 90)), (300, off(60)))
    assert notes == [Note(0, 60, 100, 50), Note(100, 60, 200, 90)]


def test_a_note_that_is_never_let_go_ends_with_the_recording() -> None:
    assert played((10, on(60)), end=500) == [Note(10, 60, 490)]


def test_a_note_off_of_nothing_is_nothing() -> None:
    assert played((10, off(60))) == []


def test_the_pedal_holds_what_was_let_go_until_it_goes_up() -> None:
    came = [(0, on(60)), (100, off(60)), (150, on(64)), (400, off(64))]
    held = [(0, pedal(127)), *came[:3], (300, pedal(0)), came[3]]
    assert played(*held) == [Note(0, 60, 300), Note(150, 64, 250)]
    # the same without a pedal
    assert played(*came) == [Note(0, 60, 100), Note(150, 64, 250)]


def test_a_key_struck_again_under_the_pedal_is_another_note() -> None:
    notes = played((0, pedal(64)), (1, on(60)), (50, off(60)), (100, on(60)), (900, pedal(63)))
    assert notes == [Note(1, 60, 99), Note(100, 60, 3900)]


def test_a_pedal_is_that_of_its_channel() -> None:
    notes = played((0, pedal(127, channel=1)), (0, on(60)), (100, off(60)), (200, off(60)))
    assert notes == [Note(0, 60, 100)]


def test_clock_and_the_like_are_passed_over() -> None:
    noise = [Message(name) for name in ("clock", "active_sensing", "start", "stop")]
    noise += [Message("pitchwheel", pitch=100), Message("sysex", data=(1, 2))]
    came = [(tick, message) for tick, message in enumerate(noise)]
    assert played((0, on(60)), *came, (100, off(60))) == [Note(0, 60, 100)]


@pytest.mark.parametrize(
    "last",
    [Message("reset"), Message("control_change", control=123), on(60, 0)],
)
def test_all_notes_off_ends_them(last: Message) -> None:
    assert played((0, on(60)), (100, last)) == [Note(0, 60, 100)]


def test_what_was_struck_just_before_the_start_begins_there() -> None:
    made = PlayedNotes()
    for tick, message in [(500, on(50)), (600, off(50)), (930, on(60)), (1200, off(60))]:
        made.take(tick, message)
    assert made.notes(960, early=60) == [Note(960, 60, 240)]
    assert made.notes(960) == []


def test_a_keyboard_gone_wild_is_not_taken_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(played_notes, "MOST", 5)
    assert len(played(*[(n, on(n)) for n in range(9)])) == 5

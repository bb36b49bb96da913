"""A hummed melody: recorded, kept in the library, written down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import ErrorCode, StudioError
from studio.testing.scripted import Result
from studio_music.audio.audio_files import read_wav


class FakeRecording:
    """Two seconds of a tone."""

    rate = 8000

    def __init__(self) -> None:
        self.seconds, self.over, self.ended = 2.0, False, False

    def level(self) -> float:
        return 0.5

    def end(self) -> np.ndarray:
        self.ended = True
        count = round(self.seconds * self.rate)
        return np.sin(np.arange(count) / 5).astype(np.float32)[:, None]


@pytest.fixture
def recording(desk: Any) -> FakeRecording:
    """A recording that goes on."""
    made = FakeRecording()
    desk.page.hum._make = lambda: made
    desk.page.hum.toggle()
    desk.until(lambda: desk.page.hum.recording)
    return made


def test_a_hummed_melody_is_kept_and_written_down(
    desk: Any, made: Any, tune: Any, recording: FakeRecording
) -> None:
    bar = desk.page.hum
    assert not bar.isHidden()
    desk.runtime.enqueue(made(tune("Hummed")), Result(melody=True))
    bar.done.click()
    desk.until(lambda: desk.piece.title == "Hummed")
    asked = desk.runtime.submitted[-1]
    assert asked.task == "music.transcribe"
    sound = Path(asked.params["sound"])
    assert read_wav(sound.read_bytes())[1] == recording.rate
    assert recording.ended
    assert bar.isHidden()


def test_a_recording_that_ends_by_itself_is_written_down(
    desk: Any, made: Any, tune: Any, recording: FakeRecording
) -> None:
    desk.runtime.enqueue(made(tune("Hummed")), Result(melody=True))
    recording.over = True
    desk.until(lambda: desk.piece.title == "Hummed")


def test_a_recording_can_be_discarded(desk: Any, recording: FakeRecording) -> None:
    desk.page.hum.drop.click()
    assert recording.ended
    assert desk.page.hum.isHidden()
    assert not desk.runtime.submitted


def test_nothing_hummed_is_told(desk: Any, recording: FakeRecording) -> None:
    recording.seconds = 0.1
    desk.page.hum.done.click()
    assert "Nothing was recorded" in desk.trouble()


def test_no_microphone_is_told(desk: Any) -> None:
    def none() -> FakeRecording:
        raise StudioError(ErrorCode.UNSUPPORTED, "There is no microphone (none).", "Connect one.")

    desk.page.hum._make = none
    desk.page.hum.toggle()
    desk.until(lambda: "There is no microphone" in desk.trouble())
    assert desk.page.hum.isHidden()

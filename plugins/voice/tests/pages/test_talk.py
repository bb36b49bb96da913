"""Talking: what is said becomes a message, its answer is spoken, and a person may interrupt it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt

from plugins.voice.tests.pages.test_voice_page import Desk as VoiceDesk
from studio.api import StudioError
from studio.api.window.sound.wave_file import from_wav, to_wav
from studio.desktop.appearance.appearance import Appearance
from studio.protocol.errors import ErrorCode
from studio.testing.scripted import Artifact, Fail, Result, Stall, Tokens
from studio_voice.pages import narrator
from studio_voice.pages.modes import TALK
from studio_voice.pages.talk import microphone
from studio_voice.pages.talk.dialogue import State
from studio_voice.speech import weights

RATE = 16_000
LOUD, ECHO = 0.5, 0.1


class Loudness:
    """A detector for which all that is loud is speech."""

    def shares(self, frames: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        return (np.abs(frames[:, 64:]).max(axis=1) > 0.05).astype(np.float32), state


class FakeMicrophone:
    """Hears what a test says."""

    rate = RATE

    def __init__(self) -> None:
        self.waiting: list[np.ndarray] = []
        self.over = self.closed = False

    def hears(self, loudness: float, seconds: float) -> None:
        self.waiting.append(np.full(round(seconds * RATE), loudness, np.float32))

    def level(self) -> float:
        return 0.5

    def take(self) -> np.ndarray:
        """A little at a time, as a device gives it."""
        if not self.waiting:
            return np.zeros(0, np.float32)
        part, self.waiting[0] = self.waiting[0][:1280], self.waiting[0][1280:]
        if not len(self.waiting[0]):
            self.waiting.pop(0)
        return part

    def end(self) -> None:
        self.closed = True


class FakeLoudspeaker:
    """Plays until a test says that it is through."""

    def __init__(self) -> None:
        self.sounds: list[np.ndarray] = []
        self.playing, self.loudness, self.seconds = False, 0.0, 0.0

    def add(self, samples: np.ndarray, rate: int) -> None:
        self.sounds.append(samples)
        self.playing = True

    def clear(self) -> None:
        self.playing, self.loudness = False, 0.0

    def level(self) -> float:
        return self.loudness if self.playing else 0.0

    def close(self) -> None:
        self.clear()


class Desk(VoiceDesk):
    capabilities = {
        "whisper": "speech-to-text", "kokoro": "text-to-speech", "smol": "text",
        "silero-vad": "speech-detection",
    }  # fmt: skip
    hears: FakeMicrophone
    plays: FakeLoudspeaker

    def idle(self) -> bool:
        return bool(self.page.talk.dialogue.idle)

    @property
    def talk(self) -> Any:
        return self.page.talk

    @property
    def state(self) -> State:
        return self.talk.dialogue.state

    def listen(self) -> None:
        """Turn the microphone on."""
        self.page.modes.choose(TALK)
        self.talk.switch.click()
        self.until(lambda: self.talk.dialogue.microphone.is_on)

    def says(self, words: str) -> None:
        """Let a person speak for a second, and pause."""
        self.runtime.enqueue(Result(text=words, segments=[], language="en", duration=1.0))
        self.hears.hears(LOUD, 1.0)
        self.hears.hears(0.0, 1.2)

    def answers(self, *pieces: str, spoken: int, **more: Any) -> None:
        """Let the model write so, and each sentence of it be spoken."""
        self.runtime.enqueue(Tokens(*pieces), *more.get("then", (Result(finish_reason="stop"),)))
        for number in range(spoken):
            sound = to_wav(np.full(100 + number, 0.5, np.float32), 24_000)
            self.runtime.enqueue(Artifact("audio", sound, ".wav"), Result(duration=1.0))

    def messages(self) -> list[tuple[str, str, str]]:
        store = self.ctx.library.conversations
        rows = store.thread(self.talk.dialogue.conversation.id)
        return [(row.role, row.content, row.state) for row in rows]

    def asked(self, task: str) -> list[Any]:
        return [each for each in self.runtime.submitted if each.task == task]


@pytest.fixture
def desk(
    qtbot: Any, look: Appearance, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    monkeypatch.setattr(microphone, "_LOOK_MS", 5)
    with Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        desk.hears, desk.plays = FakeMicrophone(), FakeLoudspeaker()
        monkeypatch.setattr(microphone, "new_recorder", lambda: desk.hears)
        monkeypatch.setattr(narrator, "new_player", lambda: desk.plays)
        monkeypatch.setattr(weights, "read", lambda _path: Loudness())
        yield desk


def test_a_question_is_answered_aloud_sentence_by_sentence(desk: Desk) -> None:
    desk.listen()
    assert "Microphone on" in desk.talk.light.text()
    assert desk.talk.word.text() == "Listening"
    desk.says("What is a fox?")
    desk.answers("A fox is an animal. ", "It is **red", "**. ", spoken=2)
    desk.until(lambda: len(desk.plays.sounds) == 2)
    assert desk.state is State.SPEAKING
    assert desk.talk.word.text() == "Speaking"
    (heard,) = desk.asked("voice.transcribe")
    sound = bytes(desk.runtime.inputs_of(heard)["sound"])
    assert len(from_wav(sound)[0]) > RATE
    spoken = desk.asked("voice.speak")
    assert [each.params["text"] for each in spoken] == ["A fox is an animal.", "It is red."]
    desk.plays.playing = False
    desk.until(lambda: desk.state is State.LISTENING)
    desk.settled()
    assert desk.messages() == [
        ("user", "What is a fox?", "complete"),
        ("assistant", "A fox is an animal. It is **red**. ", "complete"),
    ]
    (shown,) = desk.ctx.library.conversations.list()
    assert shown.title == "What is a fox?"
    desk.again()
    desk.until(lambda: len(desk.talk.dialogue.conversation.lines) == 2)


def test_whoever_speaks_interrupts_the_answer(desk: Desk) -> None:
    desk.listen()
    desk.says("What is a fox?")
    desk.answers("A fox is an animal. ", "It", spoken=1, then=[Stall()])
    desk.until(lambda: desk.state is State.SPEAKING)
    teach(desk)
    desk.says("No, a dog!")
    desk.answers("Good. ", spoken=1)
    desk.until(lambda: desk.state is State.THINKING or len(desk.messages()) == 4)
    desk.until(lambda: len(desk.plays.sounds) == 2)
    desk.settled()
    assert desk.messages() == [
        ("user", "What is a fox?", "complete"),
        ("assistant", "A fox is an animal. It", "interrupted"),
        ("user", "No, a dog!", "complete"),
        ("assistant", "Good. ", "complete"),
    ]


@pytest.mark.parametrize("loudness", [0.2, 0.0], ids=["guarded", "control"])
def test_the_own_voice_in_the_microphone_does_not_interrupt_it(desk: Desk, loudness: float) -> None:
    """The control: a guard that is told of no own sound takes it for a person."""
    desk.listen()
    desk.says("What is a fox?")
    desk.answers("A fox is an animal. ", spoken=1)
    desk.until(lambda: desk.state is State.SPEAKING)
    desk.plays.loudness = loudness
    desk.hears.hears(ECHO, 2.0)
    desk.until(lambda: not desk.hears.waiting)
    assert (desk.state is State.SPEAKING) == (loudness > 0)


def teach(desk: Desk) -> None:
    """Let the guard hear the own voice come back for a second."""
    desk.plays.loudness = 0.2
    desk.hears.hears(ECHO, 1.0)
    desk.until(lambda: not desk.hears.waiting)
    assert desk.state is State.SPEAKING


def test_the_keyboard_is_enough(desk: Desk, qtbot: Any) -> None:
    desk.page.modes.choose(TALK)
    hold, key = desk.talk.hold, Qt.Key.Key_Space
    desk.page.focus()
    qtbot.keyPress(hold, key)
    desk.until(lambda: desk.talk.dialogue.microphone.is_on)
    assert desk.talk.hint.text() == "Let go to send."
    desk.says("Hello.")
    desk.answers("Hi. ", spoken=1, then=[Stall()])
    desk.until(lambda: not desk.hears.waiting)
    qtbot.keyRelease(hold, key)
    assert desk.hears.closed
    assert not desk.talk.light.text()
    desk.until(lambda: desk.state is State.SPEAKING)
    qtbot.keyClick(hold, Qt.Key.Key_Escape)
    desk.until(lambda: desk.state is State.OFF)
    desk.talk.field.set_text("And now?")
    desk.answers("Now. ", spoken=1)
    desk.talk.send.click()
    desk.until(lambda: len(desk.plays.sounds) == 2)
    desk.settled()
    said = [(role, text) for role, text, _state in desk.messages()]
    assert said[2:] == [("user", "And now?"), ("assistant", "Now. ")]


def test_the_microphone_is_off_where_its_light_cannot_be_seen(desk: Desk) -> None:
    desk.listen()
    desk.page.hide()
    assert desk.hears.closed
    assert not desk.talk.dialogue.microphone.is_on


def test_what_is_no_speech_is_told_and_listening_goes_on(desk: Desk) -> None:
    desk.listen()
    desk.hears.hears(LOUD, 1.0)
    desk.hears.hears(0.0, 1.2)
    desk.runtime.enqueue(Fail(StudioError(ErrorCode.BAD_INPUT, "Nobody speaks.")))
    desk.until(lambda: "could not be made out" in desk.talk.hint.text())
    assert desk.state is State.LISTENING
    assert not desk.trouble()


def test_without_a_microphone_or_models_it_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> Any:
        raise StudioError(ErrorCode.UNSUPPORTED, "There is no microphone (none).", "Connect one.")

    monkeypatch.setattr(microphone, "new_recorder", none)
    desk.page.modes.choose(TALK)
    desk.talk.switch.click()
    desk.until(lambda: "There is no microphone" in desk.trouble())
    assert desk.state is State.OFF
    for file in desk.weights.glob("whisper.*"):
        file.unlink()
    desk.studio.weights.rescan()
    desk.talk.show_weights()
    assert not desk.talk.switch.isEnabled()
    assert desk.talk.send.isEnabled()


def test_other_pages_get_a_voice_from_the_plugin(desk: Desk) -> None:
    """By its hook ``studio_narration``."""
    assert desk.ctx.narration() is None  # nobody says which contexts there are
    desk.ctx._context_of = lambda _plugin: desk.ctx
    voice = desk.ctx.narration()
    assert voice is not None
    desk.ctx.settings.set("speed", 1.5)
    for _ in range(2):
        sound = to_wav(np.full(50, 0.5, np.float32), 24_000)
        desk.runtime.enqueue(Artifact("audio", sound, ".wav"), Result(duration=1.0))
    voice.add("One. Tw")
    desk.until(lambda: len(desk.plays.sounds) == 1)
    assert voice.busy
    voice.add("o.")
    voice.end()
    desk.until(lambda: len(desk.plays.sounds) == 2)
    assert [each.params["speed"] for each in desk.asked("voice.speak")] == [1.5, 1.5]
    voice.stop()
    assert not voice.busy

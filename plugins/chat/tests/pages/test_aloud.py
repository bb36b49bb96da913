"""Messages are read aloud while they are written; the voice is another plugin's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from studio.api import StudioError
from studio.testing.scripted import Result, Stall, Tokens

VOICE = """
id = "kokoro"
title = "Kokoro"
file = "kokoro.bin"
format = "gguf"
family = "any"
capability = ["text-to-speech"]
"""


class FakeVoice:
    """Notes what it is given."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.ended, self.stopped = False, 0

    @property
    def busy(self) -> bool:
        return bool(self.said)

    def add(self, text: str) -> None:
        self.said.append(text)

    def end(self) -> None:
        self.ended = True

    def stop(self) -> None:
        self.said, self.ended = [], False
        self.stopped += 1

    def on_change(self, call: Callable[[], None]) -> None: ...

    def on_failed(self, call: Callable[[StudioError], None]) -> None: ...


@pytest.fixture
def voice(desk: Any) -> FakeVoice:
    made = FakeVoice()
    desk.ctx.narration = lambda: made
    (desk.weights / "kokoro.toml").write_text(VOICE)
    (desk.weights / "kokoro.bin").write_bytes(b"GGUF" + bytes(28))
    desk.studio.weights.rescan()
    return made


def test_an_answer_is_read_while_it_is_written_and_to_its_end(desk: Any, voice: FakeVoice) -> None:
    desk.runtime.enqueue(Tokens("One. ", "Two"), Stall(), Tokens(" three."), Result())
    desk.begin("Count")
    session = desk.page.session
    desk.until(lambda: session.reply is not None and session.reply.text == "One. Two")
    session.read_aloud(session.turns[-1])
    assert voice.said == ["One. Two"]
    assert not voice.ended
    desk.runtime.release()
    desk.over()
    assert "".join(voice.said) == "One. Two three."
    assert voice.ended
    session.read_aloud(session.turns[-1])  # once more: it stops
    assert not voice.said
    session.read_aloud(session.turns[0])
    assert voice.said == ["Count"]
    assert voice.ended


@pytest.mark.parametrize("wanted", [True, False])
def test_answers_are_read_by_themselves_where_that_is_set(
    desk: Any, voice: FakeVoice, wanted: bool
) -> None:
    desk.ctx.settings.set("read_aloud", wanted)
    desk.runtime.enqueue(Tokens("One. ", "Two."), Result())
    desk.say("Count")
    assert "".join(voice.said) == ("One. Two." if wanted else "")
    desk.page.new()
    assert not voice.said, "another conversation is in view"


def test_without_a_voice_it_says_what_is_missing(desk: Any) -> None:
    said = desk.listen()
    desk.runtime.enqueue(Tokens("One."), Result())
    desk.say("Count")
    desk.page.session.read_aloud(desk.page.session.turns[-1])
    assert "needs the plugin Voice" in said[-1]
    desk.ctx.narration = FakeVoice
    desk.page.session.read_aloud(desk.page.session.turns[-1])
    assert "Reading aloud needs" in said[-1]

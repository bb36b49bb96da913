"""The page of voice in a real studio with a scripted runtime and a player that makes no sound."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from studio.api import BadInput, Page
from studio.desktop.appearance.appearance import Appearance
from studio.testing.page_desk import PageDesk
from studio.testing.scripted import Artifact, Result, Tokens
from studio_voice.pages import page, player
from studio_voice.pages.modes import SPEAK
from studio_voice.pages.phrases import clock
from studio_voice.transcripts.transcript import KIND, Segment, Transcript, Word, packed, unpacked

SAID = Transcript(
    (Segment(0.5, 1.0, "Good day."), Segment(1.2, 2.0, "How are you?")), "en", 2.5, "talk.wav"
)


class FakePlayer:
    """Notes what it was asked for; always where it began."""

    def __init__(self) -> None:
        self.playing, self.frame, self.calls = False, 0, []

    def play(self, samples: np.ndarray, rate: int, start: int) -> None:
        self.calls.append(round(start / rate, 2))
        self.playing, self.frame = True, start

    def stop(self) -> None:
        self.playing = False


class FakeRecording:
    rate = 8000

    def __init__(self, seconds: float = 2.0) -> None:
        self.seconds, self.over = seconds, False

    def level(self) -> float:
        return 0.5

    def end(self) -> np.ndarray:
        return np.zeros((round(self.seconds * self.rate), 1), np.float32)


class Desk(PageDesk):
    plugin = "voice"
    capabilities = {"whisper": "speech-to-text", "kokoro": "text-to-speech"}

    def build(self) -> Page:
        return page.build(self.ctx)

    @property
    def texts(self) -> list[str]:
        return [segment.text for segment in self.page.view.list.segments.segments]

    def transcribe(self, path: Path) -> None:
        """Drop a recording, and let it be written down as ``SAID``."""
        made = Artifact(KIND, packed(SAID), ".json", title="talk")
        self.runtime.enqueue(Tokens("Good day. "), made, Result(text=SAID.text))
        self.page.bring([path])
        self.page.run.run()
        self.until(lambda: len(self.texts) == 2)

    def edit(self, row: int, text: str) -> None:
        model = self.page.view.list.segments
        assert model.setData(model.index(row, 1), text)


@pytest.fixture
def sounding(monkeypatch: pytest.MonkeyPatch) -> FakePlayer:
    made = FakePlayer()
    monkeypatch.setattr(player, "new_player", lambda: made)
    return made


@pytest.fixture
def desk(
    qtbot: Any,
    look: Appearance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sounding: FakePlayer,
) -> Iterator[Desk]:
    with Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        yield desk


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talk.wav"
    soundfile.write(path, np.zeros(20_000, np.float32), 8000)
    return path


def test_a_recording_is_written_down_and_plays_where_it_is_clicked(
    desk: Desk, talk: Path, sounding: FakePlayer
) -> None:
    desk.transcribe(talk)
    asked = desk.runtime.submitted[-1]
    assert (asked.task, asked.params["recording"]) == ("voice.transcribe", str(talk))
    desk.until(lambda: desk.page.view.player.seconds > 0)
    lines = desk.page.view.list
    lines.clicked.emit(lines.segments.index(1, 0))
    desk.until(lambda: sounding.calls == [1.2])
    assert lines.segments.at(1.3) == 1


def test_a_change_is_kept_over_a_crash_and_saved_as_a_result_of_its_own(
    desk: Desk, talk: Path
) -> None:
    desk.transcribe(talk)
    first = desk.page.result().id
    desk.edit(1, "How are you today?")
    desk.until(lambda: desk.ctx.drafts.get(f"transcript-{first.lower()}") is not None)
    desk.again()
    desk.until(lambda: desk.texts == ["Good day.", "How are you today?"])
    assert desk.page.view.is_changed
    desk.page.view.save_changes()
    desk.until(lambda: desk.page.result() is not None and desk.page.result().id != first)
    saved = desk.page.result().artifact
    assert unpacked(saved.read()).text == "Good day. How are you today?"
    assert desk.ctx.library.parents(saved.id) == [first]
    assert desk.ctx.drafts.get(f"transcript-{first.lower()}") is None
    assert unpacked(desk.ctx.library.artifact(first).read()) == SAID


def test_changes_can_be_dropped_and_brought_back(desk: Desk, talk: Path) -> None:
    desk.transcribe(talk)
    desk.edit(0, "")
    assert desk.texts == ["How are you?"]
    desk.page.view.drop_changes()
    assert desk.texts == ["Good day.", "How are you?"]
    assert not desk.page.view.is_changed


@pytest.mark.parametrize(
    ("suffix", "start"), [(".srt", "1\n00:00:00,500"), (".vtt", "WEBVTT"), (".txt", "Good day.")]
)
def test_it_is_exported(desk: Desk, talk: Path, tmp_path: Path, suffix: str, start: str) -> None:
    desk.transcribe(talk)
    desk.target = tmp_path / f"out{suffix}"
    desk.page.result_actions.save_as()
    desk.until(lambda: desk.target.exists() and desk.target.read_text().startswith(start))


def test_what_is_recorded_is_kept_and_written_down(desk: Desk) -> None:
    made = Artifact(KIND, packed(SAID), ".json", title="Recording")
    desk.runtime.enqueue(made, Result(text=SAID.text))
    desk.page.bar._make = FakeRecording
    desk.page.bar.toggle()
    desk.until(lambda: desk.page.bar.recording)
    desk.page.bar.done.click()
    desk.until(lambda: len(desk.texts) == 2)
    path = Path(desk.runtime.submitted[-1].params["recording"])
    assert soundfile.info(path).duration == 2.0


def test_a_slip_of_the_button_is_told(desk: Desk) -> None:
    desk.page.bar._make = lambda: FakeRecording(0.1)
    desk.page.bar.toggle()
    desk.until(lambda: desk.page.bar.recording)
    desk.page.bar.finish()
    assert "Nothing was recorded" in desk.trouble()


def test_the_last_place_that_is_picked_while_the_device_opens_is_played(
    desk: Desk, talk: Path, sounding: FakePlayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, play = threading.Event(), sounding.play

    def play_once_open(samples: np.ndarray, rate: int, start: int) -> None:
        assert opened.wait(60)
        play(samples, rate, start)

    monkeypatch.setattr(sounding, "play", play_once_open)
    desk.transcribe(talk)
    player = desk.page.view.player
    desk.until(lambda: player.seconds > 0)
    player.seek(0.5, play=True)
    player.seek(1.5, play=True)
    opened.set()
    desk.until(lambda: sounding.calls == [0.5, 1.5] and player.playing)
    player.stop()
    opened.clear()
    player.seek(1.0, play=True)
    player.stop()
    opened.set()
    desk.until(lambda: sounding.calls == [0.5, 1.5, 1.0] and not sounding.playing)
    assert not player.playing


def test_a_text_is_read_aloud(desk: Desk, talk: Path, sounding: FakePlayer, tmp_path: Path) -> None:
    page = desk.page
    page.modes.choose(SPEAK)
    with pytest.raises(BadInput, match="Write a text first"):
        page.request()
    chapters = [{"title": "One", "start": 0.0}, {"title": "Two", "start": 1.5}]
    told = {"chapters": chapters, "duration": 2.5}
    desk.runtime.enqueue(Artifact("audio", talk.read_bytes(), ".wav", "Hi", meta=told), Result())
    page.field.set_text("Hello there.")
    page.run.run()
    desk.until(lambda: page.view.player.seconds > 0)
    asked = desk.runtime.submitted[-1]
    assert (asked.task, asked.params["text"]) == ("voice.speak", "Hello there.")
    assert page.view.player.path == page.result().artifact.path
    desk.until(lambda: sounding.calls == [0.0])
    lines = page.view.list
    assert [each.text for each in lines.segments.segments] == ["One", "Two"]
    lines.clicked.emit(lines.segments.index(1, 1))
    desk.until(lambda: sounding.calls == [0.0, 1.5])
    assert not lines.segments.flags(lines.segments.index(1, 1)) & Qt.ItemFlag.ItemIsEditable
    desk.target = tmp_path / "hello.wav"
    page.save_as()
    desk.until(lambda: desk.target.exists() and soundfile.info(desk.target).duration == 2.5)


def test_without_a_recording_it_says_so(desk: Desk) -> None:
    with pytest.raises(BadInput, match="Choose a recording first"):
        desk.page.request()


def test_a_file_that_is_no_recording_is_told(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "text.wav"
    path.write_text("hello")
    desk.page.bring([path])
    desk.until(lambda: "can't be read as a recording" in desk.page.view.player.words.text())


def test_times_read_as_people_say_them() -> None:
    assert [clock(each) for each in (5, 65.9, 3725)] == ["0:05", "1:05", "1:02:05"]


def test_the_word_that_is_spoken_is_marked(desk: Desk, talk: Path) -> None:
    desk.transcribe(talk)
    lines = desk.page.view.list
    words = (Word(0.5, 0.7, "Good"), Word(0.8, 1.0, "day."))
    lines.segments.show_segments([Segment(0.5, 1.0, "Good day.", words), *SAID.segments[1:]])
    marked = []
    for seconds in (0.1, 0.6, 0.75, 0.9, 1.5):
        lines.follow(seconds)
        marked.append((lines.word.row, lines.word.letters))
    assert marked == [(-1, (0, 0)), (0, (0, 4)), (0, (0, 0)), (0, (5, 9)), (1, (0, 0))]
    lines.follow(0.9)
    shown = lines.viewport().grab().toImage()
    lines.follow(0.75)
    assert lines.viewport().grab().toImage() != shown


def test_a_document_that_is_dropped_is_read_aloud(desk: Desk, tmp_path: Path) -> None:
    book = tmp_path / "book.epub"
    book.write_bytes(b"PK")
    desk.page.bring([book])
    asked = desk.page.request()
    assert (asked.task, asked.params["document"]) == ("voice.speak", str(book))


def test_an_empty_page_says_how_its_mode_begins(desk: Desk) -> None:
    def begins() -> str:
        words = [label.text() for label in desk.page.findChildren(QLabel) if label.isVisible()]
        return " ".join(words)

    assert "What was said?" in begins()
    desk.page.modes.choose(SPEAK)
    assert "What was said?" not in begins()
    assert "Type a text above" in begins()

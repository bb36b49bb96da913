"""Dictation in the window: what is said is written where the keyboard is."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from plugins.voice.tests.pages.test_voice_page import Desk, FakeRecording
from studio.api.window.sound.wave_file import to_wav
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.dictation import Dictation
from studio.testing.scripted import Result


class Form(QWidget):
    """Two fields, and dictation for them."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.line, self.box = QLineEdit(), QPlainTextEdit()
        column = QVBoxLayout(self)
        column.addWidget(self.line)
        column.addWidget(self.box)
        self.dictation = Dictation(self, lambda _plugin: desk.ctx)

    def speak(self, desk: Desk, words: str) -> None:
        """Dictate: begin, record, end, and let it be written down."""
        desk.runtime.enqueue(Result(text=words, segments=[], language="en", duration=2.0))
        self.listen(desk)
        self.dictation.toggle()

    def listen(self, desk: Desk, seconds: float = 2.0) -> None:
        made = desk.ctx.kit.record_bar
        desk.ctx.kit.record_bar = lambda *args, **how: _quiet(made(*args, **how), seconds)
        self.dictation.toggle()
        desk.until(lambda: self.dictation.bar is not None and self.dictation.bar.recording)


def _quiet(bar: Any, seconds: float) -> Any:
    bar._make = lambda: FakeRecording(seconds)
    return bar


@pytest.fixture
def desk(
    qtbot: Any, look: Appearance, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    with Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        yield desk


@pytest.fixture
def form(desk: Desk, qtbot: Any) -> Form:
    form = Form(desk)
    qtbot.addWidget(form)
    form.show()
    form.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)
    return form


def told(desk: Desk) -> str:
    return " ".join(notice.message for notice in desk.studio.notices.all)


def test_what_is_said_is_written_at_the_cursor(desk: Desk, form: Form) -> None:
    form.line.setText("Dear Ada,")
    form.line.setFocus()
    form.speak(desk, " good  morning.")
    desk.until(lambda: form.line.text() == "Dear Ada, good morning.")
    asked = desk.runtime.submitted[-1]
    assert (asked.task, list(asked.blobs), asked.private) == ("voice.transcribe", ["sound"], True)
    assert not desk.ctx.library.find("")
    form.line.undo()
    assert form.line.text() == "Dear Ada,"


def test_it_goes_into_the_field_that_had_the_keyboard_then(desk: Desk, form: Form) -> None:
    form.box.setPlainText("one two")
    cursor = form.box.textCursor()
    cursor.setPosition(0)
    cursor.setPosition(3, cursor.MoveMode.KeepAnchor)
    form.box.setTextCursor(cursor)
    form.box.setFocus()
    form.speak(desk, "Three")
    form.line.setFocus()
    desk.until(lambda: form.box.toPlainText() == "Three two")


def test_a_key_that_is_held_ends_it_when_it_is_let_go(
    desk: Desk, form: Form, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.desktop.dictation._HELD", -1.0)
    desk.runtime.enqueue(Result(text="Held", segments=[], language="en", duration=2.0))
    form.line.setFocus()
    form.listen(desk)
    qtbot.keyRelease(form.line, Qt.Key.Key_F9)
    desk.until(lambda: form.line.text() == "Held")


def test_of_a_field_that_is_gone_the_words_are_on_the_clipboard(
    desk: Desk, form: Form, qtbot: Any
) -> None:
    form.box.setFocus()
    desk.runtime.enqueue(Result(text="Lost", segments=[], language="en", duration=2.0))
    form.listen(desk)
    form.box.deleteLater()
    qtbot.waitUntil(lambda: not form.findChildren(QPlainTextEdit))
    form.dictation.toggle()
    desk.until(lambda: "on the clipboard" in told(desk))
    assert QGuiApplication.clipboard().text() == "Lost"


def test_without_a_field_or_into_a_password_nothing_is_said(desk: Desk, form: Form) -> None:
    form.line.setEchoMode(QLineEdit.EchoMode.Password)
    form.line.setFocus()
    form.dictation.toggle()
    assert "Click into a text field first" in told(desk)
    assert form.dictation.bar is None


class BareDesk(Desk):
    capabilities = {}


def test_without_a_model_it_is_said(
    qtbot: Any, look: Appearance, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with BareDesk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        form = Form(desk)
        qtbot.addWidget(form)
        form.show()
        form.activateWindow()
        form.line.setFocus()
        qtbot.waitUntil(form.line.hasFocus)
        form.dictation.toggle()
        assert "Dictation needs" in told(desk)


def test_what_is_recorded_is_a_wav_file() -> None:
    samples, rate = soundfile.read(io.BytesIO(to_wav(np.full((8000, 1), 0.5, np.float32), 8000)))
    assert (len(samples), rate) == (8000, 8000)
    assert samples[0] == pytest.approx(0.5, abs=1e-4)


def test_silence_is_a_slip(desk: Desk, form: Form) -> None:
    form.line.setFocus()
    form.listen(desk, 0.1)
    form.dictation.toggle()
    assert "Nothing was recorded" in told(desk)

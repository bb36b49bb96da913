"""Dictation by a real sound server: a question is played into the microphone of a text field."""

from __future__ import annotations

import numpy as np
import soundfile
from scipy.signal import correlate, resample_poly

from plugins.voice.tests.e2e.test_conversation import QUESTION, desk, speak
from plugins.voice.tests.pages.test_dictation import Form
from plugins.voice.tests.pages.test_talk import Desk
from studio.api.window.sound.wave_file import from_wav
from studio.testing.scripted import Result

__all__ = ["desk"]  # the fixture with the sound server


def test_what_is_said_into_a_microphone_is_written_into_the_field(desk: Desk) -> None:
    form = Form(desk)
    desk.qtbot.addWidget(form)
    form.show()
    desk.qtbot.waitExposed(form)
    form.box.setPlainText("He asks:")
    form.box.moveCursor(form.box.textCursor().MoveOperation.End)
    form.box.setFocus()
    desk.until(form.box.hasFocus)
    desk.runtime.enqueue(Result(text="What is it?", segments=[], language="en", duration=2.0))
    form.dictation.toggle()
    desk.until(lambda: form.dictation.bar is not None and form.dictation.bar.recording)
    speak(desk)
    form.dictation.toggle()
    desk.until(lambda: form.box.toPlainText() == "He asks: What is it?")
    (job,) = desk.asked("voice.transcribe")
    written, rate = from_wav(bytes(desk.runtime.inputs_of(job)["sound"]))
    asked, asked_rate = soundfile.read(QUESTION, dtype="float32")
    written = resample_poly(written, asked_rate, rate)
    alike = correlate(written, asked).max() / np.sqrt((written**2).sum() * (asked**2).sum())
    assert alike > 0.8, "it is not the question that was heard"

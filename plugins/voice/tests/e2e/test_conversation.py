"""A conversation through a real sound server: spoken into one null device, answered on another.

The words come from a script, the sounds do not: a question that a voice of ours has spoken is
played into the microphone, and what the loudspeaker gets is recorded.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from scipy.signal import correlate

from plugins.voice.tests.pages.test_talk import Desk
from studio.api.window.sound.wave_file import from_wav, to_wav
from studio.desktop.appearance.appearance import Appearance
from studio.testing.scripted import Artifact, Result
from studio.testing.sound_server import PATIENCE, sound_server, until
from studio_voice.pages.modes import TALK
from studio_voice.pages.narrator import Narrator
from studio_voice.pages.talk.dialogue import State
from studio_voice.speech import weights

QUESTION = Path(__file__).parent / "question.ogg"
DETECTOR = Path(__file__).parents[4] / "resources/weights/silero-vad.safetensors"
RATE = 48_000
DEVICES = (
    f"load-module module-null-sink sink_name=mouth rate={RATE} channels=1",
    f"load-module module-null-sink sink_name=ear rate={RATE} channels=1",
    "set-default-sink mouth",
    "set-default-source ear.monitor",
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="PulseAudio is a server of Linux"),
]


@pytest.fixture
def desk(
    qtbot: Any, look: Appearance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    sounddevice = pytest.importorskip("sounddevice")
    read = weights.read
    monkeypatch.setattr(weights, "read", lambda _path: read(DETECTOR))
    (tmp_path / "pulse").mkdir()
    with sound_server(tmp_path / "pulse", monkeypatch, DEVICES):
        with Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
            yield desk
        sounddevice._terminate()  # these devices are gone
        sounddevice._initialize()


@pytest.fixture
def heard(desk: Desk, tmp_path: Path) -> Iterator[Path]:
    """What the loudspeaker gets: float32, (frames,)."""
    file = tmp_path / "heard.raw"
    words = ["parec", "-d", "mouth.monitor", "--raw", "--format=float32le", "--channels=1"]
    with file.open("wb") as out:
        ear = subprocess.Popen([*words, f"--rate={RATE}", "--latency-msec=20"], stdout=out)
        try:
            until(lambda: file.stat().st_size > 0)
            yield file
        finally:
            ear.terminate()
            ear.wait(PATIENCE)


def ask(desk: Desk, answer: np.ndarray) -> None:
    """Play the question into the microphone; ``answer`` is what is spoken, of 24 kHz."""
    desk.runtime.enqueue(Result(text="What is it?", segments=[], language="en", duration=2.0))
    desk.answers("This. ", spoken=0)
    desk.runtime.enqueue(Artifact("audio", to_wav(answer, 24_000), ".wav"), Result())
    speak(desk)


def speak(desk: Desk) -> None:
    speaker = subprocess.Popen(["paplay", "-d", "ear", str(QUESTION)])
    desk.until(lambda: speaker.poll() is not None)


def turned_on(desk: Desk) -> None:
    desk.page.modes.choose(TALK)
    desk.talk.switch.click()
    desk.until(lambda: desk.talk.dialogue.microphone.is_on)


def samples(file: Path) -> np.ndarray:
    return np.fromfile(file, np.float32, count=file.stat().st_size // 4)


def test_a_spoken_question_is_heard_answered_and_interrupted(desk: Desk, heard: Path) -> None:
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(24_000 * 60) / 24_000).astype(np.float32)
    speak(desk)  # the control: the microphone is off
    desk.settled()
    assert not desk.runtime.submitted
    turned_on(desk)
    ask(desk, tone)
    desk.until(lambda: desk.state is State.SPEAKING)
    (job,) = desk.asked("voice.transcribe")
    written, _rate = from_wav(bytes(desk.runtime.inputs_of(job)["sound"]))
    asked, _rate = soundfile.read(QUESTION, dtype="float32")
    alike = correlate(written, asked).max() / np.sqrt((written**2).sum() * (asked**2).sum())
    assert alike > 0.8, "it is not the question that was written down"
    desk.until(lambda: bool((np.abs(samples(heard)[-RATE:]) > 0.1).mean() > 0.5))
    last = samples(heard)[-RATE // 2 :]
    pitch = np.abs(np.fft.rfft(last)).argmax() * RATE / len(last)
    assert pitch == pytest.approx(440, abs=5)
    ask(desk, tone[:2400])  # a person speaks while a minute of the answer is left
    desk.until(lambda: len(desk.asked("voice.transcribe")) == 2)
    desk.until(lambda: desk.state is State.LISTENING)
    desk.until(lambda: not np.abs(samples(heard)[-RATE // 4 :]).any())


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_its_own_voice_out_of_a_loudspeaker_is_no_person(
    desk: Desk, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a guard that knows nothing of what is played is interrupted by it."""
    if not guarded:
        monkeypatch.setattr(Narrator, "level", lambda _self: 0.0)
        desk.close()
        desk.open()
    voice, rate = soundfile.read(QUESTION, dtype="float32")
    voice = np.repeat(voice, 3)[::2] if rate == 16_000 else voice
    turned_on(desk)
    ask(desk, np.concatenate([voice] * 3))
    desk.until(lambda: desk.state is State.SPEAKING)
    began: list[bool] = []
    desk.talk.dialogue.microphone.began.connect(lambda: began.append(True))
    echo = ["module-loopback", "source=mouth.monitor", "sink=ear", "latency_msec=60"]
    subprocess.run(["pactl", "load-module", *echo], check=True, capture_output=True)
    desk.until(lambda: desk.state is State.LISTENING or bool(began))
    assert bool(began) != guarded

"""The sound of a video: taken out in a process of its own, refused in words where there is none."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from studio.api import BadInput, StudioError, finished
from studio.sandbox.sandbox import Sandbox, own_sandbox
from studio_voice.speech import video_sound

RATE = 48_000


def film(path: Path, *, seconds: float = 1.5, has_sound: bool = True) -> Path:
    """Write a video of grey pictures with a tone of 440 Hz."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as file:
        pictures = file.add_stream("mpeg4", rate=10)
        pictures.width = pictures.height = 64
        pictures.pix_fmt = "yuv420p"
        sound = file.add_stream("aac", rate=RATE, layout="mono") if has_sound else None
        for _ in range(round(10 * seconds)):
            grey = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 128, np.uint8), format="rgb24")
            file.mux(pictures.encode(grey))
        file.mux(pictures.encode(None))
        if sound is not None:
            tone = np.sin(2 * np.pi * 440 * np.arange(round(RATE * seconds)) / RATE)
            samples = np.asarray(0.5 * tone, np.float32)[None]
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.rate = RATE
            file.mux(sound.encode(frame))
            file.mux(sound.encode(None))
    return path


@pytest.mark.parametrize("sandbox", [own_sandbox(), Sandbox(tiers=())], ids=["inside", "beside"])
def test_the_sound_of_a_video_is_taken_out(tmp_path: Path, sandbox: Sandbox) -> None:
    path = film(tmp_path / "a.mp4")
    assert video_sound.is_video(path)
    into = tmp_path / "out"
    into.mkdir()
    found = finished(video_sound.extracted(path, into, sandbox))
    with wave.open(str(found)) as file:
        assert (file.getnchannels(), file.getframerate()) == (1, 16_000)
        assert file.getnframes() / 16_000 == pytest.approx(1.5, abs=0.1)
        samples = np.frombuffer(file.readframes(16_000), "<i2")
    assert np.argmax(np.abs(np.fft.rfft(samples))) == pytest.approx(440, abs=3)
    assert [each.name for each in into.iterdir()] == ["sound.wav"]


@pytest.mark.torch
def test_what_is_said_in_a_video_is_transcribed(tmp_path: Path) -> None:
    from plugins.voice.tests.test_transcription import run

    made = run(film(tmp_path / "talk.mp4", seconds=4), [" Hello there."])
    assert made.result["text"] == "Hello there."
    assert made.result["duration"] == pytest.approx(4, abs=0.1)
    assert (made.result["recording"], made.artifacts[0].title) == ("talk.mp4", "talk")


def test_what_has_no_sound_or_is_no_video_is_told(tmp_path: Path) -> None:
    silent = film(tmp_path / "b.mp4", has_sound=False)
    with pytest.raises(BadInput, match="has no sound"):
        finished(video_sound.extracted(silent, tmp_path, own_sandbox()))
    torn = tmp_path / "c.mkv"
    torn.write_bytes(silent.read_bytes())
    with pytest.raises(BadInput, match="is damaged"):
        finished(video_sound.extracted(torn, tmp_path, own_sandbox()))
    with pytest.raises(BadInput, match="cannot be read"):
        finished(video_sound.extracted(tmp_path / "gone.mp4", tmp_path, own_sandbox()))


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_sound, "find_spec", lambda _name: None)
    with pytest.raises(StudioError, match="PyAV is not installed") as told:
        finished(video_sound.extracted(tmp_path / "a.mp4", tmp_path, own_sandbox()))
    assert "studio-plugin-voice[video]" in told.value.hint

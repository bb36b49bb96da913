"""WAV and FLAC: what is written is what is read back, and bad files get a sentence."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest
import soundfile

from studio.api import BadInput
from studio_music.audio import audio_files


def noise(frames: int = 1001, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (frames, channels)).astype(np.float32)


@pytest.mark.parametrize(("depth", "off"), [(16, 2**-16), (24, 2**-24), (32, 0)])
@pytest.mark.parametrize("channels", [1, 2])
def test_wav_keeps_samples_within_half_a_step(depth: int, off: float, channels: int) -> None:
    samples = noise(channels=channels)
    data = audio_files.wav(samples, 48000, depth)
    ours, rate = audio_files.read_wav(data)
    theirs, their_rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    assert rate == their_rate == 48000
    assert np.abs(ours - samples).max() <= off * 2.01  # full scale up is one step short
    assert np.array_equal(ours, theirs)


def test_the_standard_library_reads_it_too() -> None:
    with wave.open(io.BytesIO(audio_files.wav(noise(), 44100))) as file:
        assert file.getparams()[:4] == (2, 2, 44100, 1001)


def words_in(data: bytes) -> tuple[str, str]:
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        return file.title, file.comment


def test_title_and_recipe_are_inside() -> None:
    data = audio_files.wav(noise(), 44100, title="Käfertanz", recipe={"seed": 3, "mood": "calm"})
    assert words_in(data) == ("Käfertanz", '{"mood": "calm", "seed": 3}')
    assert len(audio_files.read_wav(data)[0]) == 1001
    assert words_in(audio_files.wav(noise(), 44100)) == ("", "")


@pytest.mark.parametrize("depth", [16, 24])
def test_flac_holds_the_samples_of_the_wav(depth: int) -> None:
    samples = noise()
    data = audio_files.flac(samples, 44100, depth, title="Käfertanz", recipe={"seed": 3})
    read, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    assert rate == 44100
    assert np.array_equal(read, audio_files.read_wav(audio_files.wav(samples, 44100, depth))[0])
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert (file.title, file.comment) == ("Käfertanz", '{"seed": 3}')


def test_too_loud_is_clipped_and_not_wrapped() -> None:
    samples = np.array([[2.0, -2.0]], np.float32)
    for depth in (16, 24):
        read, _ = audio_files.read_wav(audio_files.wav(samples, 44100, depth))
        assert read[0, 0] > 0.99
        assert read[0, 1] == -1.0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"MThd\0\0\0\6",
        audio_files.wav(noise(), 44100)[:20],
        audio_files.wav(noise(), 44100).replace(b"\1\0\2\0", b"\7\0\2\0", 1),
        audio_files.wav(noise(), 44100).replace(b"\1\0\2\0", b"\1\0\0\0", 1),
    ],
)
def test_what_is_no_wav_file_gets_a_sentence(data: bytes) -> None:
    with pytest.raises(BadInput):
        audio_files.read_wav(data)


def test_a_wav_file_that_is_cut_short_gives_what_is_there() -> None:
    data = audio_files.wav(noise(), 44100)
    read, _ = audio_files.read_wav(data[:-400])
    assert len(read) == 901

"""Sounds become pictures and sounds again; what is silent or damaged is left out."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import wavfile

from studio.api import BadInput
from studio_lab.datasets.sounds import RATE, picture, read_sounds, samples_of, wav


def tone(pitch: float, rate: int = RATE, seconds: float = 0.4) -> NDArray[np.float64]:
    at = np.arange(round(seconds * rate)) / rate
    return np.sin(2 * np.pi * pitch * at) * np.exp(-3 * at)


def pitch_of(samples: NDArray[np.float64]) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples)))) * RATE / len(samples)


def folder_of(path: Path, pitches: list[float]) -> list[Path]:
    for number, pitch in enumerate(pitches):
        name = path / ("high" if pitch > 800 else "low") / f"{number}.wav"
        name.parent.mkdir(exist_ok=True)
        rate = (8000, 22_050, 44_100)[number % 3]
        sound = tone(pitch, rate)
        shown = [np.int16(sound * 30_000), np.float32(sound), np.uint8(sound * 120 + 128)]
        stereo = np.stack([shown[number % 3]] * 2, 1) if number % 2 else shown[number % 3]
        wavfile.write(name, rate, stereo)
    return sorted(path.rglob("*.wav"))


@pytest.mark.parametrize("pitch", [440.0, 1500.0])
def test_a_tone_comes_back_at_its_pitch(pitch: float) -> None:
    shown = picture(tone(pitch), 64)
    assert shown.shape == (1, 64, 128)
    assert pitch_of(samples_of(shown[0])) == pytest.approx(pitch, rel=0.08)


def test_higher_tones_are_higher_in_the_picture() -> None:
    low, high = (int(picture(tone(pitch), 32)[0].sum(1).argmax()) for pitch in (300, 3000))
    assert high < low - 8


def test_files_of_all_sorts_become_pictures(tmp_path: Path) -> None:
    files = folder_of(tmp_path, [440.0 + 40 * at for at in range(18)])
    (silent := tmp_path / "low" / "silent.wav").touch()
    wavfile.write(silent, RATE, np.zeros(RATE, np.int16))
    (broken := tmp_path / "low" / "broken.wav").write_bytes(files[0].read_bytes()[:30])
    data, notes = read_sounds(tmp_path, [*files, silent, broken], 16)
    assert notes == ["Silent, or not readable as WAV, and left out: 2 of 20."]
    assert (data.rows.shape, data.classes) == ((18, 1, 16, 32), ("high", "low"))
    places = data.rows[:, 0].sum(2).argmax(1)
    assert places[data.labels == 0].mean() < places[data.labels == 1].mean()


def test_sounds_in_one_file_have_pauses_between_them() -> None:
    rate, heard = wavfile.read(io.BytesIO(wav([picture(tone(440), 16)[0]] * 2)))
    assert rate == RATE
    assert len(heard) == 2 * 31 * 256 + RATE // 4
    assert np.abs(heard).max() > 20_000


@pytest.mark.parametrize(("count", "told"), [(3, "has 3 sounds"), (20, "All 20 sounds")])
def test_sounds_that_nothing_can_be_learned_from(tmp_path: Path, count: int, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        read_sounds(tmp_path, folder_of(tmp_path, [440.0]) * count, 16)

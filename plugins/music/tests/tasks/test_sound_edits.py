"""The task ``music.edit_sound``: what is changed, and only that; loops without a seam; refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import BadInput
from studio.testing.plugins import Made, run_task
from studio_music.audio.audio_files import flac, read_loop, read_title, read_wav, wav
from studio_music.audio.effects.schema import EditSound
from studio_music.tasks.sound_edits import edit_sound

RATE = 44_100


def tone(seconds: float = 1.0, hertz: float = 441.3, rate: int = RATE) -> np.ndarray:
    time = np.arange(round(seconds * rate))[:, None] / rate
    return (0.5 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tone.wav"
    path.write_bytes(wav(tone(), RATE))
    return path


def run(path: Path, **values: Any) -> Made:
    return run_task(edit_sound, EditSound.parse({"sound": str(path), **values}), seed=1)


def samples(made: Made) -> np.ndarray:
    return read_wav(made.artifacts[0].payload)[0]


def test_a_compressor_brings_loud_and_soft_together(tmp_path: Path) -> None:
    path = tmp_path / "steps.wav"
    path.write_bytes(wav(np.concatenate((tone() * 0.1, tone())), RATE))

    def ratio(sound: np.ndarray) -> float:
        return float(np.abs(sound[-RATE // 2 :]).max() / np.abs(sound[: RATE // 2]).max())

    assert ratio(samples(run(path))) == pytest.approx(10, rel=0.01), "the control"
    made = run(path, compress=True, threshold=-40, ratio=4, makeup=6)
    assert ratio(samples(made)) < 2.5


def test_nothing_set_changes_nothing(file: Path) -> None:
    made = run(file)
    assert np.array_equal(samples(made), read_wav(file.read_bytes())[0])
    assert made.artifacts[0].title == "tone edited"
    assert read_title(made.artifacts[0].payload) == "tone edited"


def test_it_is_cut_and_faded(file: Path) -> None:
    made = run(file, start=0.25, end=0.75, fade_in=0.1, fade_out=0.2)
    sound = np.abs(samples(made)[:, 0])
    assert len(sound) == RATE // 2
    assert sound[:400].max() < 0.06
    assert sound[RATE // 5 : RATE // 4].max() == pytest.approx(0.5, abs=0.01)
    assert sound[-400:].max() < 0.03


def test_an_octave_up_is_half_as_long(file: Path) -> None:
    sound = samples(run(file, pitch=12))[:, 0]
    assert len(sound) == pytest.approx(RATE / 2, abs=2)
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert power.argmax() * RATE / len(sound) == pytest.approx(882.6, abs=3)


@pytest.mark.parametrize("asked", [-30.0, -14.0])
def test_a_loudness_is_met(file: Path, asked: float) -> None:
    made = run(file, loudness=asked)
    assert made.result["lufs"] == pytest.approx(asked, abs=0.3)
    assert made.result["peak"] <= -0.9


def test_a_loop_has_no_seam_where_it_had_one(file: Path) -> None:
    """A tone that does not come round clicks at its joint; the crossfade takes that away."""

    def seam(sound: np.ndarray, loop: tuple[int, int]) -> float:
        first, last = loop
        inside = np.abs(np.diff(sound[first:last, 0])).max()
        return float(abs(sound[last - 1, 0] - sound[first, 0]) / inside)

    asked = {"loop": True, "loop_start": 0.3, "loop_end": 0.8013}
    for crossfade, clicks in ((0.0, True), (0.1, False)):
        made = run(file, crossfade=crossfade, **asked)
        loop = read_loop(made.artifacts[0].payload)
        assert loop is not None
        assert loop == tuple(made.result["loop"])
        assert (seam(samples(made), loop) > 1.5) == clicks
    whole = run(file, loop=True, crossfade=0.1)
    assert read_loop(whole.artifacts[0].payload) == (0, len(samples(whole)))
    assert seam(samples(whole), (0, len(samples(whole)))) <= 1.1


def test_flac_and_other_rates_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.flac"
    path.write_bytes(flac(np.repeat(tone(0.5, rate=48_000), 2, axis=1), 48_000))
    made = run(path, space=50)
    assert made.result["duration"] > 0.6
    assert read_wav(made.artifacts[0].payload)[1] == 48_000


def test_bad_input_is_a_sentence(file: Path, tmp_path: Path) -> None:
    nonsense, empty = tmp_path / "n.wav", tmp_path / "e.wav"
    nonsense.write_bytes(b"RIFF\xff\xff\xff\xffWAVEfmt ")
    empty.write_bytes(wav(np.zeros((0, 1), np.float32), RATE))
    other = tmp_path / "o.ogg"
    other.write_bytes(b"OggS" + bytes(40))
    cases: list[tuple[Path, dict[str, Any], str]] = [
        (file, {"start": 5}, "there is nothing at 5 s"),
        (file, {"start": 0.5, "end": 0.2}, "before it starts"),
        (file, {"start": 0.5, "end": 0.501}, "Less than 5 ms"),
        (file, {"loop": True, "loop_start": 2}, "The loop does not fit"),
        (nonsense, {}, "not a WAV file"),
        (empty, {}, "is empty"),
        (other, {}, "not a WAV, FLAC or Ogg file"),
        (tmp_path / "gone.wav", {}, "cannot be read"),
    ]
    for path, values, said in cases:
        with pytest.raises(BadInput) as raised:
            run(path, **values)
        assert said in str(raised.value), said

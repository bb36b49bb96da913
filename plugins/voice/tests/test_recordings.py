"""Recordings of any form are heard piece by piece, and cut where nobody speaks."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile

from studio.api import BadInput
from studio_voice.speech import recordings
from studio_voice.speech.detector import HOP
from studio_voice.speech.windows import Span, spoken, windows

FRAME = HOP / 16_000


def tone(seconds: float, rate: int) -> np.ndarray:
    return np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 440 / rate).astype(np.float32) / 2


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_every_form_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tone{suffix}"
    soundfile.write(path, np.stack([tone(2, 44_100)] * 2, axis=1), 44_100)
    whole = np.concatenate([sound for sound, _last in recordings.pieces(path)])
    assert len(whole) == pytest.approx(32_000, abs=1600)
    pitch = np.abs(np.fft.rfft(whole[8000:24_000])).argmax()
    assert pitch == 440


@pytest.mark.parametrize(("piece", "most"), [(1, 1 << 24), (300, 16_000), (1, 999)])
def test_pieces_are_the_whole_however_much_is_held_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int, most: int
) -> None:
    monkeypatch.setattr(recordings, "_PIECE", piece)
    monkeypatch.setattr(recordings, "_MOST_SAMPLES", most)
    path = tmp_path / "tone.wav"
    sound = tone(3.5, 16_000)
    soundfile.write(path, np.stack([sound] * 64, axis=1), 16_000, subtype="FLOAT")
    found = list(recordings.pieces(path))
    longest = min(16_000, most)
    assert [len(each) for each, _ in found[:-1]] == [longest] * (len(found) - 1)
    assert [last for _, last in found] == [False] * (len(found) - 1) + [True]
    assert np.allclose(np.concatenate([each for each, _ in found]), sound, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "data"),
    [("text.wav", b"hello" * 100), ("empty.wav", b""), ("cut.mp3", b"ID3\x04" + b"\0" * 50)],
)
def test_what_is_no_recording_is_told(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(BadInput, match=name):
        recordings.length(path)


@pytest.mark.parametrize("rate", [1, 10_000_000])
def test_a_rate_that_cannot_be_is_told(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "odd.wav"
    soundfile.write(path, tone(0.01, 16_000), 16_000)
    data = bytearray(path.read_bytes())
    data[24:28] = rate.to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(BadInput, match=f"a sample rate of {rate:,} Hz"):
        recordings.length(path)


def test_a_header_that_promises_too_much_ends_where_the_file_ends(tmp_path: Path) -> None:
    path = tmp_path / "lies.wav"
    soundfile.write(path, tone(1, 16_000), 16_000)
    data = bytearray(path.read_bytes())
    data[40:44] = (2**31 - 1).to_bytes(4, "little")
    path.write_bytes(data)
    assert sum(len(each) for each, _ in recordings.pieces(path)) <= 16_000


def shares(*spans: tuple[float, float], seconds: float) -> np.ndarray:
    found = np.full(round(seconds / FRAME), 0.01, np.float32)
    for start, end in spans:
        found[round(start / FRAME) : round(end / FRAME)] = 0.9
    return found


def test_a_short_pause_does_not_end_speech_and_a_click_is_none() -> None:
    found = spoken(shares((1, 3), (3.1, 5), (8, 8.1), seconds=10))
    assert len(found) == 1
    assert found[0] == pytest.approx((1, 5), abs=2 * FRAME)


def test_windows_hold_all_speech_and_are_short_enough() -> None:
    there = [(float(at), at + 7.0) for at in range(0, 80, 8)]
    likely = shares(*there, seconds=90)
    spans = spoken(likely)
    found = [window.span for window in windows(spans, likely, 90)]
    assert len(found) < len(spans)
    assert all(span.end - span.start <= 30 for span in found)
    for start, end in there:
        assert any(w.start <= start + 0.05 and end - 0.05 <= w.end for w in found)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


def test_speech_without_a_pause_is_cut_where_it_is_faintest() -> None:
    likely = shares((0, 70), seconds=70)
    likely[round(25 / FRAME)] = 0.6
    found = [window.span for window in windows([Span(0, 70)], likely, 70)]
    assert all(span.end - span.start <= 30 for span in found)
    assert found[0].end == pytest.approx(25.2, abs=0.3)

"""TinySoundFont plays fonts where FluidSynth is not installed, and no font can end the studio."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tinysoundfont")

from plugins.music.tests.sound.small_font import RATE, small_font
from studio.api import StudioError
from studio.testing.guards import PATIENCE
from studio_music.audio.mix.render import render
from studio_music.audio.playback.engine import SoundfontLoader
from studio_music.audio.synth import fluidsynth, font_trial, selection
from studio_music.audio.synth.builtin_synth import BuiltinSynth
from studio_music.audio.synth.font_process import FontProcess
from studio_music.audio.synth.protocol import Voice
from studio_music.audio.synth.tiny_soundfont import TinySoundFont
from studio_music.score.piece import Note, Piece, Track

A4, E5 = Voice(0, False, 69, 10), Voice(0, False, 76, 10)


@pytest.fixture
def font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A font that was picked, on a machine without FluidSynth."""
    path = tmp_path / "small.sf2"
    path.write_bytes(small_font())
    monkeypatch.setattr(fluidsynth, "library", lambda: None)
    monkeypatch.setenv(selection.CHOICE, str(path))
    return path


def test_a_tone_has_its_pitch_and_is_the_same_whatever_was_played_before(font: Path) -> None:
    synth = TinySoundFont(font, RATE)
    first = synth.tone(A4, RATE // 2)
    synth.tone(E5, RATE // 2)
    assert np.array_equal(first, synth.tone(A4, RATE // 2))
    assert first.shape == (2, RATE // 2)
    assert _hertz(first) == pytest.approx(440, abs=2)
    assert _hertz(synth.tone(E5, RATE // 2)) == pytest.approx(659.3, abs=2)


def test_a_piece_is_rendered_with_the_font(font: Path) -> None:
    piece = Piece(length=960, tracks=(Track("tune", (Note(0, 69, 960, 100),), 5),))
    *_, samples = render(piece, RATE, "auto")
    assert not isinstance(samples, float)
    assert _hertz(samples.T[:, : RATE // 2]) == pytest.approx(440, abs=2)
    assert selection.open_synth("auto", RATE).name == "TinySoundFont with small.sf2"


def test_in_the_window_another_process_plays_the_same_and_may_end(font: Path) -> None:
    beside = selection.open_synth("auto", RATE, in_window=True)
    assert isinstance(beside, FontProcess)
    assert beside.name == "TinySoundFont with small.sf2"
    for voice, frames in ((A4, RATE // 2), (E5, RATE // 4)):
        assert np.array_equal(
            beside.tone(voice, frames), TinySoundFont(font, RATE).tone(voice, frames)
        )
    player = SoundfontLoader(beside)
    player.warm([(0, False)]).join(PATIENCE)
    assert player.tone(A4, 4096).shape == (2, 4096)
    beside.process.kill()
    beside.process.wait()
    assert np.array_equal(player.tone(A4, 4096), BuiltinSynth(RATE).tone(A4, 4096))
    assert player.name == "studio"
    with pytest.raises(StudioError, match=r"small\.sf2 cannot be played"):
        beside.tone(A4, 4096)


@pytest.mark.parametrize(("table", "place"), [("phdr", 24), ("inst", 42)])
def test_a_font_that_ends_whoever_plays_it_is_refused(
    font: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, place: int
) -> None:
    evil = tmp_path / "evil.sf2"
    evil.write_bytes(_reaching_out(font.read_bytes(), table, place))
    words = [sys.executable, "-m", font_trial.__name__, str(evil)]
    killed = subprocess.run(words, check=False, timeout=PATIENCE)
    assert killed.returncode < 0, "the fault is real: it ends a process"
    with pytest.raises(StudioError, match=r"evil\.sf2 cannot be played: it is damaged"):
        TinySoundFont(evil, RATE)
    monkeypatch.setenv(selection.CHOICE, str(evil))
    assert selection.open_synth("auto", RATE).name == "studio"


@pytest.mark.parametrize("size", [0, 20, 700])
def test_a_font_that_is_cut_short_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "cut.sf2"
    path.write_bytes(small_font()[:size])
    with pytest.raises(StudioError, match=r"cut\.sf2 cannot be played"):
        TinySoundFont(path, RATE)


def _reaching_out(font: bytes, table: str, place: int) -> bytes:
    """Return the font with a table that points far behind another."""
    at = font.index(table.encode()) + 8 + place
    return font[:at] + b"\xff\xff" + font[at + 2 :]


def _hertz(sound: Any) -> float:
    spectrum = np.abs(np.fft.rfft(sound.mean(axis=0) * np.hanning(sound.shape[1]), 1 << 17))
    return float(np.argmax(spectrum) * RATE / (1 << 17))

"""Which synthesiser plays, and FluidSynth where it is installed (`make setup` brings it)."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from studio.api import BadInput, StudioError
from studio.testing.guards import PATIENCE
from studio_music.audio.mix.render import render
from studio_music.audio.playback.engine import SoundfontLoader
from studio_music.audio.synth import fluidsynth, selection
from studio_music.audio.synth.protocol import Voice
from studio_music.score.piece import Note, Piece, Track

RATE = 44100
WHY_NOT = selection.why_no_soundfont()
needs_font = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "there is one")
FLUTE = 73


@pytest.fixture(autouse=True)
def _no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(selection.CHOICE, raising=False)


def font_file(path: Path) -> Path:
    lists = b"".join(b"LIST\4\0\0\0" + name for name in (b"INFO", b"sdta", b"pdta"))
    path.write_bytes(b"RIFF\x28\0\0\0sfbk" + lists)
    return path


def test_rubbish_with_the_head_of_a_font_is_none(tmp_path: Path) -> None:
    assert selection.is_soundfont(font_file(tmp_path / "font.sf2")), "the control"
    font = (tmp_path / "font.sf2").read_bytes()
    for number, data in enumerate((font[:12] + bytes(1000), font[:-5], font[:24] + b"x" * 1000)):
        path = tmp_path / f"{number}.sf2"
        path.write_bytes(data)
        assert not selection.is_soundfont(path)


def test_without_fluidsynth_the_studio_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fluidsynth, "library", lambda: None)
    monkeypatch.setattr(selection.tiny_soundfont, "is_there", lambda: False)
    assert selection.open_synth("auto", RATE).name == "studio"
    assert "libfluidsynth3" in selection.why_no_soundfont()
    with pytest.raises(BadInput, match="FluidSynth is not installed"):
        selection.open_synth("soundfont", RATE)


def test_without_a_font_the_studio_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fluidsynth, "library", object)
    monkeypatch.setattr(selection, "_FOLDERS", {})
    assert selection.open_synth("auto", RATE).name == "studio"
    with pytest.raises(BadInput, match="No SoundFont"):
        selection.open_synth("soundfont", RATE)


def test_the_best_font_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(selection, "_FOLDERS", {selection.sys.platform: (str(tmp_path),)})
    assert selection.chosen() is None
    (tmp_path / "MuseScore_General.sf3").write_bytes(b"no font at all")
    other = font_file(tmp_path / "aaa.sf2")
    assert selection.chosen() == other
    good = font_file(tmp_path / "FluidR3_GM.sf2")
    assert selection.chosen() == good


def test_the_font_that_was_picked_is_taken_or_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(fluidsynth, "library", object)
    picked = font_file(tmp_path / "mine.sf2")
    monkeypatch.setenv(selection.CHOICE, str(picked))
    assert selection.chosen() == picked
    for bad in (tmp_path / "gone.sf2", tmp_path):
        monkeypatch.setenv(selection.CHOICE, str(bad))
        assert selection.open_synth("auto", RATE).name == "studio"
        with pytest.raises(BadInput, match="is not a SoundFont"):
            selection.open_synth("soundfont", RATE)


@needs_font
def test_a_font_that_is_damaged_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(selection.CHOICE, str(font_file(tmp_path / "damaged.sf2")))
    with pytest.raises(StudioError, match="cannot read damaged"):
        selection.open_synth("soundfont", RATE)
    assert selection.open_synth("auto", RATE).name == "studio"


@needs_font
def test_a_tone_of_the_font_is_the_same_whatever_was_played_before() -> None:
    synth = selection.open_synth("soundfont", RATE)
    first = synth.tone(Voice(FLUTE, False, 72, 10), RATE // 2)
    synth.tone(Voice(0, True, 38, 12), RATE)
    synth.tone(Voice(FLUTE, False, 60, 3), RATE)
    assert np.array_equal(first, synth.tone(Voice(FLUTE, False, 72, 10), RATE // 2))
    assert first.shape == (2, RATE // 2)
    spectrum = np.abs(np.fft.rfft(first.mean(axis=0) * np.hanning(RATE // 2), 1 << 17))
    assert np.argmax(spectrum) * RATE / (1 << 17) == pytest.approx(523.25, rel=0.01)


_TONE = """
import hashlib
from pathlib import Path
{first}
from studio_music.audio.synth import fluidsynth
from studio_music.audio.synth.protocol import Voice
tone = fluidsynth.FluidSynth(Path({font!r}), 44100).tone(Voice({flute}, False, 72, 3), 8192)
print(hashlib.sha256(tone.tobytes()).hexdigest())
"""


def _in_a_process(first: str) -> str:
    script = _TONE.format(first=first, font=str(selection.chosen()), flute=FLUTE)
    return subprocess.check_output([sys.executable, "-c", script], text=True, timeout=PATIENCE)


@needs_font
@pytest.mark.slow
def test_a_tone_is_the_same_whichever_libsndfile_a_process_would_have_first() -> None:
    font = selection.chosen()
    if font is None or font.suffix != ".sf3":
        pytest.skip("only packed sound fonts need libsndfile")
    as_transformers_does = "import soundfile"
    assert _in_a_process("") == _in_a_process(as_transformers_does)


@needs_font
def test_a_piece_is_rendered_with_the_font() -> None:
    notes = (Note(0, 72, 480, 100), Note(480, 76, 480, 100))
    piece = Piece(length=960, tracks=(Track("flute", notes, FLUTE),))
    samples = {}
    for name in ("studio", "soundfont", "auto"):
        *_, samples[name] = render(piece, RATE, name)
    assert np.array_equal(samples["soundfont"], samples["auto"])
    assert not np.array_equal(samples["soundfont"], samples["studio"][: len(samples["soundfont"])])
    assert 0.05 < np.abs(samples["soundfont"]).max() < 0.9


class LoadingFont:
    """A font whose samples come when the test lets them."""

    name, rate = "slow font", RATE

    def __init__(self) -> None:
        self.may_load, self.loaded, self.is_free = threading.Event(), False, True

    def load(self, program: int, drums: bool) -> None:
        self.is_free = False
        assert self.may_load.wait(PATIENCE)
        self.loaded = self.is_free = True

    def is_at_hand(self, program: int, drums: bool) -> bool:
        return self.loaded

    def tone(self, voice: Voice, frames: int) -> np.ndarray:
        return np.ones((2, frames), np.float32)


def test_while_a_font_loads_the_studio_stands_in() -> None:
    font = LoadingFont()
    warming = SoundfontLoader(font)
    voice = Voice(0, False, 60, 8)
    loading = warming.warm([(0, False)])
    stand_in = warming.tone(voice, 1000)
    assert 0 < np.abs(stand_in).max() < 1
    assert not warming.took_over()
    font.may_load.set()
    loading.join(PATIENCE)
    assert warming.took_over()
    assert not warming.took_over()
    assert (warming.tone(voice, 1000) == 1).all()

"""Sound fonts among the user's models: recognised, and played by what renders."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from plugins.music.tests.sound.small_font import small_font
from studio.api import StudioError, finished
from studio_music.audio.synth import selection
from studio_music.audio.synth.weights import loader


def test_a_font_is_told_by_its_first_bytes(tmp_path: Path) -> None:
    font, other = tmp_path / "mine.sf2", tmp_path / "other.sf2"
    font.write_bytes(small_font())
    other.write_bytes(b"RIFF1234WAVE")
    facts = loader().recognise(font)
    assert facts is not None
    assert (facts.title, facts.capabilities) == ("mine", ("soundfont",))
    assert loader().recognise(other) is None
    assert loader().measure(font).weights_bytes == font.stat().st_size
    assert finished(loader().load(font, "cpu")) == font
    with pytest.raises(StudioError, match="not a SoundFont"):
        finished(loader().load(other, "cpu"))


def test_the_font_that_is_asked_for_plays_and_the_best_of_the_system_where_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, mine = tmp_path / "system", tmp_path / "mine.sf2"
    system.mkdir()
    (system / "default-gm.sf2").write_bytes(small_font())
    monkeypatch.setattr(selection, "_FOLDERS", {sys.platform: (str(system),)})
    monkeypatch.delenv(selection.CHOICE, raising=False)
    played = [selection.open_synth("soundfont", 22_050, font=mine).name]
    mine.write_bytes(small_font())
    played.append(selection.open_synth("soundfont", 22_050, font=mine).name)
    assert [name.rpartition(" ")[2] for name in played] == ["default-gm.sf2", "mine.sf2"]

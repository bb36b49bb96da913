"""Sound fonts among the user's models: recognised, and played by what renders."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.music.tests.sound.small_font import small_font
from studio.api import StudioError, finished
from studio_music.sound.fonts.weights import loader
from studio_music.sound.synth import selection


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


def test_the_font_that_was_got_is_chosen_where_the_system_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    font = tmp_path / "fluidr3mono-gm.sf3"
    monkeypatch.setattr(selection, "_FOLDERS", {})
    monkeypatch.setattr(selection, "_offered", set())
    monkeypatch.delenv(selection.CHOICE, raising=False)
    selection.offer(font)
    assert selection.chosen() is None, "it is not there"
    font.write_bytes(small_font())
    assert selection.chosen() == font.resolve()

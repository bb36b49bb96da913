"""The page of sounds in a real studio with a scripted runtime: words, strip, edit, sets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from studio.api import BadInput, Page
from studio.desktop.appearance.appearance import Appearance
from studio.testing.page_desk import PageDesk
from studio.testing.scripted import Artifact, Result
from studio_music.audio.audio_files import wav
from studio_music.audio.effects.catalogue import FAMILIES
from studio_music.pages.effects import page
from studio_music.pages.effects.composer import knob_titles
from studio_music.pages.effects.modes import EDIT, GENERATE, MAKE


def tone(seconds: float = 0.5, hertz: float = 440) -> bytes:
    time = np.arange(round(seconds * 44_100))[:, None] / 44_100
    return wav((0.5 * np.sin(2 * np.pi * hertz * time)).astype(np.float32), 44_100)


def made(title: str, seconds: float = 0.5, **meta: Any) -> Artifact:
    facts = {"lufs": -17.5, "peak": -1.0, "seed": 4, **meta}
    return Artifact("audio", tone(seconds), ".wav", title=title, meta=facts)


class Desk(PageDesk):
    plugin = "music"
    folder: Path | None = None

    def dress(self, ui: Any) -> None:
        ui.pick_folder = lambda title: self.folder

    def build(self) -> Page:
        return page.build(self.ctx)

    def heard(self, words: str) -> Any:
        """Write words, and wait until they are understood."""
        self.page.composer.field.set_text(words)
        self.until(lambda: self.page.composer.heard is not None)
        return self.page.composer.heard


@pytest.fixture
def desk(
    qtbot: Any, look: Appearance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    with Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        yield desk


class ModelDesk(Desk):
    capabilities = {"musicgen": "text-to-audio"}


def test_a_model_of_the_user_continues_the_sound_in_view(
    qtbot: Any, look: Appearance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ModelDesk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        composer = desk.page.composer
        composer.modes.choose(GENERATE)
        with pytest.raises(BadInput, match="Describe what"):
            composer.request()
        desk.runtime.enqueue(made("Rain"), Result())
        composer.field.set_text("a slow piano")
        request = composer.request()
        assert (request.task, request.params["prompt"]) == ("music.generate", "a slow piano")
        assert not request.parents
        desk.run()
        desk.until_over()
        composer.set_params("music.generate", {"prompt": "more of it", "use": "continue"})
        assert composer.line.text() == "Continues “Rain”"
        request = composer.request()
        assert request.parents == [composer.source.id]
        assert request.params["sound"] == str(composer.source.path)


def test_without_a_model_it_is_said_where_to_get_one(desk: Desk) -> None:
    composer = desk.page.composer
    composer.modes.choose(GENERATE)
    assert "Models page" in composer.line.text()
    with pytest.raises(BadInput, match="MusicGen"):
        composer.request()


def test_words_are_understood_while_they_are_written(desk: Desk) -> None:
    composer = desk.page.composer
    assert desk.heard("a purple coin").sound == "coin"
    assert "Makes: Coin" in composer.line.text()
    assert "Not understood: “purple”" in composer.line.text()
    slider = composer.knobs.sliders["interval"]
    slider.setValue(slider.maximum())
    request = composer.request()
    assert request.task == "music.effect"
    assert request.params["prompt"] == "a purple coin"
    assert request.params["shape"] == {"interval": 12}
    desk.heard("rain")
    assert set(composer.knobs.sliders) == {"strength"}
    assert composer.request().params["shape"] == {}
    desk.heard("gentle rain")
    assert not composer.knobs.sliders, "the words set it"


def test_a_set_is_made_shown_kept_and_saved(desk: Desk) -> None:
    desk.heard("two coins")
    desk.runtime.enqueue(made("Coin 01"), made("Coin 02", unknown=["two"]), Result())
    desk.run()
    desk.until_over()
    desk.until(lambda: len(desk.results()) == 2)
    assert desk.page.viewer is not None
    assert "Coin 01" in desk.page.facts.text()
    assert "−17.5 LUFS" in desk.page.facts.text()
    folder = desk.home.parent / "sets"
    folder.mkdir()
    desk.folder = folder
    said = desk.listen()
    desk.page.save_set_button.click()
    desk.until(lambda: bool(said))
    assert said == ["2 sounds saved in “coin”. "]
    assert sorted(path.name for path in folder.glob("*/*")) == ["coin-01.wav", "coin-02.wav"]
    desk.again()
    desk.until(lambda: len(desk.results()) == 2)
    assert desk.page.composer.field.text == "two coins"


def test_a_file_is_edited_where_it_was_marked(desk: Desk, tmp_path: Path, qtbot: Any) -> None:
    path = tmp_path / "beep.wav"
    path.write_bytes(tone(2.0))
    desk.page.bring([path])
    desk.until(lambda: desk.page.viewer is not None and desk.page.viewer.seconds > 0)
    composer = desk.page.composer
    assert composer.mode == EDIT
    wave = desk.page.viewer.wave
    left, right = QPoint(wave.width() // 4, 40), QPoint(wave.width() // 2, 40)
    qtbot.mousePress(wave, Qt.MouseButton.LeftButton, pos=left)
    qtbot.mouseMove(wave, right)
    qtbot.mouseRelease(wave, Qt.MouseButton.LeftButton, pos=right)
    params = composer.request().params
    assert params["start"] == pytest.approx(0.5, abs=0.1)
    assert params["end"] == pytest.approx(1.0, abs=0.1)
    assert Path(params["sound"]).read_bytes() == path.read_bytes()
    assert composer.request().parents == [composer.source.id]


def test_what_is_missing_is_said(desk: Desk, tmp_path: Path) -> None:
    desk.run()
    assert "Describe the sound first" in desk.trouble()
    desk.page.composer.modes.choose(EDIT)
    desk.run()
    assert "Choose a sound first" in desk.trouble()
    desk.page.composer.modes.choose(MAKE)
    path = tmp_path / "none.wav"
    path.write_bytes(b"nonsense")
    desk.page.bring([path])
    desk.until(lambda: "not a WAV" in desk.trouble())


def test_every_setting_of_a_sound_has_a_title() -> None:
    named = {knob.name for family in FAMILIES.values() for knob in family.knobs}
    assert named == set(knob_titles())

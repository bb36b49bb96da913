"""What the gallery shows of scores and sound: pictures that play, or sentences why not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from studio.api import ErrorCode, SavedArtifact, StudioError
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.ui import WindowUi
from studio_music.audio.audio_files import wav
from studio_music.pages.playback import controller, sound_viewer
from studio_music.pages.roll.colours import Colours
from studio_music.pages.score.gallery_viewer import ScoreViewer
from studio_music.pages.takes.mini_roll import paint_mini_roll
from studio_music.plugin import studio_thumbnails, studio_viewers
from studio_music.score import thumbnails
from studio_music.score.formats import write
from studio_music.score.piece import Piece


@pytest.fixture
def ctx(qtbot: Any, look: Appearance) -> Any:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()

    def at_once(call: Callable[[], Any], then: Callable[[Any], None] | None = None) -> None:
        result = call()
        if then is not None:
            then(result)

    ui = WindowUi(look, window, None, lambda: None)  # type: ignore[arg-type]
    weights = SimpleNamespace(for_capability=lambda capability: [])
    settings = SimpleNamespace(get=lambda key, default=None: default)
    return SimpleNamespace(
        ui=ui, run_later=at_once, window=window, weights=weights, settings=settings
    )


def saved(path: Path, kind: str) -> SavedArtifact:
    return SavedArtifact("x", kind, "Title", "", path)


class Sound:
    """Plays nothing, and says what it was asked for."""

    def __init__(self) -> None:
        self.playing, self.frame, self.asked = False, 0, []
        self.error: StudioError | None = None

    def play(self, samples: np.ndarray, rate: int, start: int) -> None:
        if self.error is not None:
            raise self.error
        self.asked.append((len(samples), rate, start))
        self.playing = True

    def stop(self) -> None:
        self.playing = False


@pytest.fixture
def sound(ctx: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Sound]:
    samples = np.zeros((44100, 2), np.float32)
    samples[22050:] = 0.5
    path = tmp_path / "x.wav"
    path.write_bytes(wav(samples, 44100))
    player = Sound()
    monkeypatch.setattr(sound_viewer, "new_sample_player", lambda: player)
    viewer = studio_viewers(ctx)["audio"](saved(path, "audio"))
    viewer.setParent(ctx.window)
    viewer.resize(320, 180)
    viewer.show()
    return viewer, player


def test_a_score_is_shown_and_played(
    ctx: Any, tune: Any, tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = SimpleNamespace(
        synth="fake", trouble="", playing=False, tick=0, level=0.0, underruns=0, close=lambda: None
    )
    player.play = lambda piece, tick, loop: setattr(player, "playing", True)
    player.stop = lambda: setattr(player, "playing", False)
    monkeypatch.setattr(controller, "new_player", lambda _font: player)
    path = tmp_path / "x.mid"
    path.write_bytes(write(tune(), ".mid"))
    viewer = studio_viewers(ctx)["score"](saved(path, "score"))
    assert isinstance(viewer, ScoreViewer)
    viewer.setParent(ctx.window)
    viewer.show()
    assert "D minor · 4/4 · 90 bpm · 4 bars" in viewer.words.text()
    assert "Flute, Grand piano, Drums" in viewer.words.text()
    qtbot.waitUntil(viewer.play.isEnabled)
    qtbot.mouseClick(viewer.play, Qt.MouseButton.LeftButton)
    assert player.playing
    viewer.playing.pause()


def test_a_score_that_cannot_be_read_says_so(ctx: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.mid"
    path.write_bytes(b"nonsense")
    viewer = studio_viewers(ctx)["score"](saved(path, "score"))
    assert viewer.words.text() not in ("", "Reading…")
    assert not viewer.play.isEnabled()
    viewer.deleteLater()


def test_sound_is_drawn_played_and_sought(sound: Any, qtbot: Any) -> None:
    viewer, player = sound
    assert max(viewer.wave._levels[:290]) < 0.01
    assert min(viewer.wave._levels[310:]) == pytest.approx(0.5, abs=0.01)
    assert "0.00 s / 1.00 s · 44100 Hz" in viewer.words.text()
    middle = QPoint(viewer.wave.width() // 2, 40)
    qtbot.mouseClick(viewer.wave, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseClick(viewer.play, Qt.MouseButton.LeftButton)
    assert player.asked[0][2] == pytest.approx(22050, abs=300)
    player.frame = 33075
    qtbot.waitUntil(lambda: viewer.wave.place == pytest.approx(0.75, abs=0.01))
    ends: list[None] = []
    viewer.ended.connect(lambda: ends.append(None))
    player.playing = False
    qtbot.waitUntil(lambda: viewer.wave.place == 0)
    assert len(ends) == 1
    viewer.begin()
    assert player.playing
    viewer.toggle()
    assert len(ends) == 1, "a pause is no end"


def test_without_a_device_the_sound_says_why(sound: Any, qtbot: Any) -> None:
    viewer, player = sound
    player.error = StudioError(ErrorCode.UNSUPPORTED, "There is no sound device.")
    qtbot.mouseClick(viewer.play, Qt.MouseButton.LeftButton)
    assert "no sound device" in viewer.words.text()


@pytest.mark.parametrize("name", ["x.wav", "x.mp3"])
def test_sound_that_cannot_be_read_says_so(ctx: Any, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"nonsense")
    viewer = studio_viewers(ctx)["audio"](saved(path, "audio"))
    assert viewer.words.text() not in ("", "Reading…")
    assert not viewer.play.isEnabled()
    viewer.deleteLater()


def test_cards_have_pictures(tune: Any) -> None:
    for picture in (thumbnails.score_png(tune()), thumbnails.sound_png(np.ones((999, 2)))):
        image = QImage.fromData(picture)
        assert (image.width(), image.height()) == (thumbnails.WIDTH, thumbnails.HEIGHT)
        inked = sum(
            image.pixelColor(x, y).alpha() > 100
            for x in range(0, image.width(), 4)
            for y in range(0, image.height(), 4)
        )
        assert inked > 50
    assert not QImage.fromData(thumbnails.score_png(Piece())).isNull()


def test_a_small_roll_has_a_stroke_for_each_note(tune: Any, look: Appearance) -> None:
    image = QImage(160, 60, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    with QPainter(image) as painter:
        paint_mini_roll(painter, QRectF(image.rect()), tune(), Colours(look.theme.tokens))
    row = 60 / (77 - 50 + 1)
    for note in tune().tracks[0].notes:
        x, y = 160 * note.start // (16 * 480) + 4, (77 - note.pitch + 0.4) * row
        assert image.pixelColor(x, int(y)).alpha() == 255
    assert image.pixelColor(4, 2).alpha() == 0


def test_scores_and_sounds_of_old_get_a_card(ctx: Any, tune: Any, tmp_path: Path) -> None:
    files = {"x.mid": write(tune(), ".mid"), "x.wav": wav(np.ones((400, 2), np.float32), 44100)}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        (tmp_path / f"broken {name}").write_bytes(b"nonsense")
    for name, kind in (("x.mid", "score"), ("x.wav", "audio")):
        cards: list[Any] = []
        draw = studio_thumbnails(ctx)[kind]
        draw(saved(tmp_path / name, kind), cards.append)
        draw(saved(tmp_path / f"broken {name}", kind), cards.append)
        assert [card.isNull() for card in cards] == [False, True]

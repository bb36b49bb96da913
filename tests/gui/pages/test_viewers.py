"""Plots and videos of the library: drawn and played, and where that cannot be, it is said why."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image
from PySide6.QtGui import QMovie
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from studio.api.artifacts import NewArtifact
from studio.api.plot import Line, Plot
from studio.app import App
from studio.base.paths import StudioPaths
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.pages.exporters import formats
from studio.desktop.pages.gallery.page import GalleryPage
from studio.desktop.viewers.film import FilmView, film_viewer
from studio.desktop.viewers.plot import PlotViewer
from studio.desktop.viewers.video_player import VideoPlayer
from studio.desktop.widgets.sheet import Sheet
from studio.library import Library
from studio.protocol.errors import StudioError
from tests.gui.conftest import Runs


def film(format: str, frames: int = 6) -> bytes:
    pictures = [Image.new("RGB", (64, 48), (40 * n, 0, 0)) for n in range(frames)]
    data = BytesIO()
    pictures[0].save(data, format, save_all=True, append_images=pictures[1:], duration=40)
    return data.getvalue()


FILM = Path(__file__).with_name("film.mp4")
"""Twenty pictures of 64 by 48 in 0.8 s, each a little redder than the last; no sound."""

TUNE = b"X:1\nT:Old\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|\n"


@pytest.fixture
def gallery(start: Runs, qtbot: Any) -> tuple[App, GalleryPage, dict[str, str]]:
    with Library.open(StudioPaths.default()) as library:
        made = {
            "plot": NewArtifact("plot", Plot(series=[Line([1, 2])]).encode(), Plot.SUFFIX, "Up"),
            "broken": NewArtifact("plot", b'{"series": 3}', Plot.SUFFIX, "Broken"),
            "film": NewArtifact("video", film("WEBP"), ".webp", "Red"),
            "tune": NewArtifact("score", TUNE, ".abc", "A tune of old"),
        }
        ids = {name: library.add_artifact(each).id for name, each in made.items()}
    app = start()
    assert app.window.open_page("studio.gallery")
    page = app.window.pages.page("studio.gallery")
    assert page is not None
    assert isinstance(page.widget, GalleryPage)
    qtbot.waitUntil(lambda: page.widget.grid.count() == 4)
    return app, page.widget, ids


def words(widget: QWidget) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel) if label.text())


def test_a_plot_is_drawn_enlarged_and_written(
    gallery: tuple[App, GalleryPage, dict[str, str]], qtbot: Any, tmp_path: Path
) -> None:
    app, page, ids = gallery
    page.grid.select(ids["plot"])
    qtbot.waitUntil(lambda: page.detail.findChild(PlotViewer) is not None)
    viewer = page.detail.findChild(PlotViewer)
    qtbot.waitUntil(lambda: viewer.view is not None)
    viewer.enlarge()
    (sheet,) = app.window.findChildren(Sheet)
    assert sheet.isVisible()
    sheet.dismiss()
    assert page.detail.artifact is not None
    offered = {each.suffix: each.write for each in formats(page._parts, page.detail.artifact)}
    assert list(offered) == [".png", ".svg", ".csv"]
    for suffix, write in offered.items():
        write(tmp_path / f"up{suffix}")
        assert (tmp_path / f"up{suffix}").stat().st_size > 20
    with pytest.raises(StudioError):
        offered[".csv"](tmp_path / "nowhere" / "up.csv")
    assert app.session is not None
    assert any("Could not export" in n.message for n in app.session.studio.notices.all)


def test_a_card_shows_the_plot_and_the_first_frame(
    gallery: tuple[App, GalleryPage, dict[str, str]], qtbot: Any
) -> None:
    _, page, ids = gallery
    model = page.grid._items
    qtbot.waitUntil(lambda: all(model.at(row) for row in range(page.grid.count())))
    items = {each.id: each for each in map(model.at, range(page.grid.count()))}

    def drawn(name: str) -> bool:
        return page.grid._thumbnails.of(items[ids[name]]) is not None

    qtbot.waitUntil(lambda: drawn("plot") and drawn("film"))
    qtbot.waitUntil(lambda: drawn("tune"))  # by its plugin
    assert not drawn("broken")


def test_a_plot_that_cannot_be_drawn_says_why(
    gallery: tuple[App, GalleryPage, dict[str, str]], qtbot: Any
) -> None:
    _, page, ids = gallery
    page.grid.select(ids["broken"])
    qtbot.waitUntil(lambda: "This plot cannot be drawn" in words(page.detail))


def test_both_kinds_are_in_the_menu_of_filters(
    gallery: tuple[App, GalleryPage, dict[str, str]], qtbot: Any
) -> None:
    _, page, _ = gallery
    qtbot.waitUntil(lambda: "Videos" in [each.text() for each in page.more._menu.actions()])
    entries = {entry.text(): entry for entry in page.more._menu.actions()}
    entries["Videos"].trigger()
    qtbot.waitUntil(lambda: page.grid.count() == 1)


@pytest.mark.parametrize("format", ["WEBP", "GIF"])
def test_an_animation_plays_pauses_and_is_wound(
    look: Appearance, qtbot: Any, tmp_path: Path, format: str
) -> None:
    path = tmp_path / f"film.{format.lower()}"
    path.write_bytes(film(format))
    look.theme.reduced_motion = True
    view = FilmView(look, path, 32)
    qtbot.addWidget(view)
    assert view.movie is not None
    assert view.movie.state() is QMovie.MovieState.NotRunning, "movement was not wanted"
    assert (view.movie.frameCount(), view.movie.scaledSize().width()) == (6, 32)
    view.button.click()
    qtbot.waitUntil(lambda: view.movie.currentFrameNumber() >= 1)  # type: ignore[union-attr]
    assert view.button.accessibleName() == "Pause"
    view.button.click()
    assert view.movie.state() is QMovie.MovieState.Paused
    view.slider.setValue(4)
    view.slider.sliderMoved.emit(4)
    assert view.movie.currentFrameNumber() == 4
    red = view.movie.currentImage().pixelColor(5, 5).red()
    assert abs(red - 160) < 12
    view.slider.sliderMoved.emit(1)
    assert view.movie.currentFrameNumber() == 1


@pytest.mark.parametrize(
    ("name", "head", "is_film"),
    [
        ("film.webm", b"\x1aE\xdf\xa3", True),
        ("film.mp4", b"\0\0\0\x20ftypisom", True),
        ("film.mp4", b"#!/bin/sh\n", False),
        ("film.desktop", b"[Desktop Entry]", False),
    ],
)
def test_a_film_that_qt_cannot_read_is_played_elsewhere_if_it_is_one(
    look: Appearance, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    name: str, head: bytes, is_film: bool,
) -> None:  # fmt: skip
    (tmp_path / name).write_bytes(head + bytes(400))
    Image.new("RGB", (64, 48), "red").save(tmp_path / "still.png")
    view = FilmView(look, tmp_path / name, 200, tmp_path / "still.png")
    qtbot.addWidget(view)
    assert view.movie is None
    assert view._screen.pixmap().width() == 200
    buttons = view.findChildren(QPushButton)
    assert ("not a video" in words(view), len(buttons)) == (not is_film, int(is_film))
    opened: list[str] = []
    can_open = [True, False]
    monkeypatch.setattr(
        "studio.desktop.viewers.film_file.QDesktopServices.openUrl",
        lambda url: (opened.append(url.toLocalFile()), can_open.pop(0))[1],
    )
    for button in buttons:
        button.click()
        assert "No program" not in words(view)
        button.click()
        assert "No program on this computer opens" in words(view)
    assert opened == [str(tmp_path / name)] * 2 * is_film


def test_an_animation_that_says_it_is_huge_takes_no_memory(
    look: Appearance, qtbot: Any, tmp_path: Path
) -> None:
    data = bytearray(film("GIF"))
    data[6:10] = b"\xff\xff\xff\xff"  # 65,535 by 65,535: 17 GB a frame
    (tmp_path / "film.gif").write_bytes(data)
    before = psutil.Process().memory_info().rss
    view = FilmView(look, tmp_path / "film.gif", 200)
    qtbot.addWidget(view)
    assert psutil.Process().memory_info().rss - before < 1 << 30


def test_without_the_extra_a_film_says_what_would_play_it(
    look: Appearance, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", None)
    view = film_viewer(look, FILM, 200)
    qtbot.addWidget(view)
    assert isinstance(view, FilmView)
    assert "pip install 'offline-studio[video]'" in words(view)


OF_THIS_MACHINE = pytest.mark.qt_log_ignore(
    "PulseAudioService", "No RHI backend", "Could not open media", extend=True
)
"""What Qt says of a machine without loudspeakers and a card, and of a file that is cut off."""


@pytest.fixture
def player(look: Appearance, qtbot: Any) -> VideoPlayer:
    pytest.importorskip("PySide6.QtMultimedia", reason="the extra for videos is not installed")
    view = film_viewer(look, FILM, 320)
    qtbot.addWidget(view)
    assert isinstance(view, VideoPlayer)
    view.show()
    return view


def red(player: VideoPlayer) -> int:
    return player.picture.grab().toImage().pixelColor(100, 100).red()


@OF_THIS_MACHINE
def test_a_film_plays_to_its_end_once_it_is_asked_to(player: VideoPlayer, qtbot: Any) -> None:
    assert player.player.sourceDevice() is None, "decoded though nobody pressed Play"
    with qtbot.waitSignal(player.ended):
        player.button.click()
        qtbot.waitUntil(lambda: player.button.accessibleName() == "Pause")
    assert player.picture.height() == 240
    assert player.time.text() == "0:00 / 0:00"
    assert player.slider.maximum() == 800
    assert red(player) > 200, "the last picture stays"
    assert player.mute.toolTip() == "This video has no sound."
    assert not player.words.isVisible()


@OF_THIS_MACHINE
def test_a_film_is_wound_and_goes_picture_by_picture(player: VideoPlayer, qtbot: Any) -> None:
    player.toggle()
    qtbot.waitUntil(player.slider.isEnabled)
    player.toggle()
    player.slider.setValue(400)
    qtbot.waitUntil(lambda: abs(red(player) - 120) < 13)
    player.on.click()
    qtbot.waitUntil(lambda: player.player.position() == 440)
    player.back.click()
    player.back.click()
    qtbot.waitUntil(lambda: player.player.position() == 360)
    assert player.button.accessibleName() == "Play"


@OF_THIS_MACHINE
def test_a_film_plays_again_and_again_and_holds_when_it_is_hidden(
    player: VideoPlayer, qtbot: Any
) -> None:
    player.again.click()
    player.begin()
    qtbot.waitUntil(lambda: player.player.position() > 600)
    qtbot.waitUntil(lambda: 0 < player.player.position() < 400)
    player.hide()
    assert player.button.accessibleName() == "Play"


@OF_THIS_MACHINE
@pytest.mark.parametrize("left", [900, 32])
def test_a_film_that_is_cut_off_says_so(
    player: VideoPlayer, look: Appearance, qtbot: Any, tmp_path: Path, left: int
) -> None:
    (tmp_path / "film.mp4").write_bytes(FILM.read_bytes()[:left])
    view = film_viewer(look, tmp_path / "film.mp4", 320)
    qtbot.addWidget(view)
    assert isinstance(view, VideoPlayer)
    view.show()
    view.begin()
    qtbot.waitUntil(view.words.isVisible)
    assert "the file is damaged" in view.words.text()
    assert not view.button.isVisible()


@pytest.mark.parametrize("data", [b"", b"From: a letter, which is no film"])
def test_what_is_no_film_is_not_decoded(
    look: Appearance, qtbot: Any, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "film.mp4").write_bytes(data)
    view = film_viewer(look, tmp_path / "film.mp4", 320)
    qtbot.addWidget(view)
    assert isinstance(view, FilmView)
    assert "not a video in a format" in words(view)

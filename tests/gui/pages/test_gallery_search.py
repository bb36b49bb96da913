"""The search line of the Gallery, its grid, and what it says of bad lines and damaged results."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QPushButton, QToolButton

from studio.api.artifacts import NewArtifact
from studio.base.paths import StudioPaths
from studio.desktop.pages.gallery.grid.thumbnails import Thumbnails
from studio.desktop.pages.gallery.page import GalleryPage
from studio.library import Artifact, Library
from studio.testing.plugins import importable
from tests.gui.conftest import Runs
from tests.gui.gallery_desk import GOOD, fill, opened, words


@pytest.fixture(autouse=True)
def echo(monkeypatch: Any) -> Iterator[None]:
    """Only the plugin of the tests: a gallery needs no others."""
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(GOOD))
    with importable(GOOD):
        yield


@pytest.fixture
def made() -> list[Artifact]:
    return fill(60)


@pytest.fixture
def page(start: Runs, qtbot: Any, made: list[Artifact]) -> GalleryPage:
    return opened(start(), qtbot, len(made))


def chip(page: GalleryPage, text: str) -> QPushButton:
    return next(b for b in page.findChildren(QPushButton) if b.text() == text)


def test_the_line_is_the_only_truth(page: GalleryPage, qtbot: Any) -> None:
    chip(page, "Code").click()
    assert page.line == "kind:code"
    qtbot.waitUntil(lambda: page.grid.count() == 1)
    page.set_line("kind:text,code steps>10")
    assert chip(page, "Text").isChecked()
    qtbot.waitUntil(lambda: page.grid.count() == 1)
    chip(page, "Code").click()
    assert page.line == "steps>10 kind:text"
    qtbot.waitUntil(page._nothing.isVisible)
    page.set_line("in:bin")
    assert chip(page, "Bin").isChecked()
    qtbot.waitUntil(page._bin_empty.isVisible)
    page.write("in", "bin", on=False)
    qtbot.waitUntil(lambda: page.grid.count() == 61)
    assert "61 results" in words(page._frame)


def test_what_a_line_lacks_is_said_under_it_and_what_was_found_stays(
    page: GalleryPage, qtbot: Any
) -> None:
    for line, said in (
        ("steps>many", "“many” is not a number"),
        ("kidn:text", "Did you mean “kind”?"),
        ("x" * 10_240, "10,240 characters"),
    ):
        page.set_line(line)
        qtbot.waitUntil(lambda said=said: said in page.search.sentence.text())
        assert page.grid.count() == 61
    page.set_line("")
    qtbot.waitUntil(lambda: not page.search.sentence.isVisible())


def test_the_line_is_completed_as_it_is_typed(page: GalleryPage, qtbot: Any) -> None:
    field = page.search.field
    field.setFocus()
    qtbot.keyClicks(field, "plu")
    assert page.search._list.stringList() == ["plugin:"]
    page.search._take("plugin:")
    qtbot.waitUntil(lambda: page.search._list.stringList() == ["plugin:echo"])
    page.search._take("plugin:echo")
    assert page.line == "plugin:echo "
    qtbot.waitUntil(lambda: page.grid.count() == 1)


def test_only_what_is_in_view_is_read(page: GalleryPage, qtbot: Any, made: list[Artifact]) -> None:
    grid = page.grid
    page.resize(500, 300)
    grid.show_found(grid._items.keys, {})
    assert grid._items.at(0) is None, "control: nothing is read"
    grid.viewport().repaint()
    qtbot.waitUntil(lambda: grid._items.at(0) is not None)
    assert grid._items.at(60) is None
    qtbot.keyClick(grid, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: page.detail.artifact == made[0])
    assert grid.currentIndex().row() == 60


def test_thumbnails_out_of_view_are_let_go(
    page: GalleryPage, qtbot: Any, made: list[Artifact]
) -> None:
    drawn = {"text": lambda artifact, give: give(QImage(4, 4, QImage.Format.Format_RGB32))}
    parts, ready = page._parts, list[str]()
    thumbnails = Thumbnails(
        page._look,
        parts.studio.library,
        parts.background,
        ready.append,
        lambda: drawn,
        kept=10,
    )
    texts = [each for each in made if each.kind == "text"][:30]
    for text in texts:
        assert thumbnails.of(text) is None
    qtbot.waitUntil(lambda: len(ready) == len(texts))
    there = [text.id for text in texts if text.id in thumbnails._pictures]
    assert there == sorted(ready[-10:], key=[text.id for text in texts].index)


def test_keys_and_mouse_select_runs(page: GalleryPage, qtbot: Any) -> None:
    grid, flags = page.grid, QItemSelectionModel.SelectionFlag
    qtbot.keyClick(grid, Qt.Key.Key_Home)
    qtbot.keyClick(grid, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert grid.selected_rows() == list(range(grid.columns + 1))
    qtbot.keyClick(grid, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert grid.selected_count() == 61
    first, fifth = grid.cell_rect(0).center(), grid.cell_rect(4).center()
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=first)
    assert grid.selected_rows() == [0]
    ctrl, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, ctrl, pos=fifth)
    assert grid.selected_rows() == [0, 4]
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=first)
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, shift, pos=fifth)
    assert grid.selected_rows() == [0, 1, 2, 3, 4]
    grid.setSelection(QRect(QPoint(0, 0), fifth), flags.ClearAndSelect)
    assert grid.selected_rows() == [0, 1, 2, 3, 4]


def test_what_was_selected_stays_so_when_the_library_grows(page: GalleryPage, qtbot: Any) -> None:
    grid = page.grid
    grid.setCurrentIndex(grid.model().index(7, 0))
    grid.select_rows([3, 7])
    was = grid.selected_keys()
    page._parts.studio.library.add_artifact(NewArtifact("text", b"new", suffix=".txt", title="N"))
    page.refresh()
    qtbot.waitUntil(lambda: grid.count() == 62)
    assert grid.selected_keys() == was
    assert grid.selected_rows() == [4, 8]


def test_details_change_no_settings_of_any_page(
    start: Runs, qtbot: Any, made: list[Artifact]
) -> None:
    app = start()
    page = opened(app, qtbot, 61)
    assert app.session is not None
    settings = app.session.studio.paths.settings
    before = settings.read_bytes() if settings.exists() else b""
    page.grid.select(made[-1].id)
    qtbot.waitUntil(lambda: "echo.say" in words(page.detail))
    assert app.window.pages.current == "studio.gallery"
    assert (settings.read_bytes() if settings.exists() else b"") == before


def test_a_result_whose_file_is_gone_says_so(
    page: GalleryPage, qtbot: Any, made: list[Artifact]
) -> None:
    shutil.rmtree(page._parts.studio.library.folder / "objects")
    page.grid.select(made[-1].id)
    qtbot.waitUntil(lambda: "file is missing" in words(page.detail))
    assert "echo.say" in words(page.detail), "its recipe is shown all the same"


def test_a_library_that_cannot_be_written_is_searched_and_says_why_it_keeps_no_star(
    start: Runs, qtbot: Any, made: list[Artifact]
) -> None:
    with Library.open(StudioPaths.default()):  # the writer is another process, as it were
        app = start()
        page = opened(app, qtbot, 61)
        page.set_line("steps:20")
        qtbot.waitUntil(lambda: page.grid.count() == 1)
        page.grid.select_row(0)
        qtbot.waitUntil(lambda: "echo.say" in words(page.detail))
        button = next(b for b in page.detail.findChildren(QToolButton) if b.toolTip() == "Add star")
        button.click()
        assert app.session is not None
        notices = app.session.studio.notices
        qtbot.waitUntil(lambda: any("library" in n.message for n in notices.all))

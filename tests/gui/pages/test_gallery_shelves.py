"""Several results at once in the Gallery: collections, tags, export, the bin, dragging."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QLineEdit, QPushButton, QToolButton, QWidget

from studio.app import App
from studio.desktop.pages.gallery.page import GalleryPage
from studio.desktop.pages.gallery.shelves.drag_out import copies, mime
from studio.desktop.viewers import artifact as viewers
from studio.desktop.widgets.sheet import Sheet
from studio.library import Library
from studio.library.provenance.exporter import Exporter
from studio.library.provenance.side_file import beside, described
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
def app(start: Runs) -> App:
    fill(3)
    return start()


@pytest.fixture
def page(app: App, qtbot: Any) -> GalleryPage:
    return opened(app, qtbot, 4)


class Plays(QWidget):
    """Stands in for a viewer of sounds."""

    ended = Signal()
    played: ClassVar[list[str]] = []

    def __init__(self, *shown: Any) -> None:
        super().__init__()
        self._title = shown[1].title

    def begin(self) -> None:
        self.played.append(f"begin {self._title}")

    def toggle(self) -> None:
        self.played.append(f"toggle {self._title}")


def library_of(page: GalleryPage) -> Library:
    return page._parts.studio.library


def press(page: GalleryPage, text: str) -> None:
    next(b for b in page.selection.findChildren(QPushButton) if b.text() == text).click()


def answer(page: GalleryPage, qtbot: Any, name: str) -> None:
    """Type a name into the sheet that asks for one."""
    qtbot.waitUntil(lambda: any(s.isVisible() for s in page.window().findChildren(Sheet)))
    sheet = next(s for s in page.window().findChildren(Sheet) if s.isVisible())
    (field,) = sheet.findChildren(QLineEdit)
    field.setText(name)
    field.returnPressed.emit()


def test_a_drop_on_a_collection_puts_results_in_and_its_pill_shows_them(
    page: GalleryPage, qtbot: Any
) -> None:
    library = library_of(page)
    best = library.collections.create("Best of")
    page.refresh()
    qtbot.waitUntil(page.collections.isVisible)
    pill = page.collections.pill("Best of")
    copy, left, none = (
        Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    carried = mime(list(page.grid._items.keys[:2]), [])
    pill.dropEvent(QDropEvent(QPointF(5, 5), copy, carried, left, none))
    qtbot.waitUntil(lambda: len(library.collections.inside(best.id)) == 2)
    pill.click()
    assert page.line == 'in:"Best of"'
    qtbot.waitUntil(lambda: page.grid.count() == 2)
    page.collections._ask_rename(best)
    answer(page, qtbot, "The best")
    qtbot.waitUntil(lambda: [c.title for c in library.collections.list()] == ["The best"])
    qtbot.waitUntil(lambda: page.grid.count() == 4)


def test_a_deleted_collection_comes_back_with_what_was_in_it(page: GalleryPage, qtbot: Any) -> None:
    library = library_of(page)
    best = library.collections.create("Best")
    ids = library.search.ids(page.grid._items.keys[:3])
    library.collections.put(best.id, ids)
    page.set_line("in:Best")
    qtbot.waitUntil(lambda: page.grid.count() == 3)
    page.collections.delete(best)
    qtbot.waitUntil(lambda: page.grid.count() == 4)
    assert page.line == ""
    notice = next(n for n in page._parts.studio.notices.all if n.key == "collection")
    notice.actions[0].run()
    qtbot.waitUntil(lambda: bool(library.collections.list()))
    (again,) = library.collections.list()
    qtbot.waitUntil(lambda: library.collections.inside(again.id) == ids)


def test_what_is_selected_is_tagged_exported_and_binned(
    page: GalleryPage, qtbot: Any, tmp_path: Path
) -> None:
    library = library_of(page)
    assert not page.selection.isVisible()
    page.grid.select_rows([1, 2, 3])
    assert page.selection.isVisible()
    assert page.selection.count.text() == "3 selected"
    buttons = page.selection.findChildren(QToolButton)
    next(b for b in buttons if b.accessibleName() == "Tag…").click()
    answer(page, qtbot, "leaves")
    qtbot.waitUntil(lambda: library.tags.all() == {"leaves": 3})
    page._parts.ui.pick_folder = lambda title: tmp_path  # type: ignore[method-assign]
    press(page, "Export…")
    qtbot.waitUntil(lambda: {p.name for p in tmp_path.iterdir()} >= {"Leaf 0.txt", "Leaf 2.txt"})
    qtbot.waitUntil(
        lambda: any("3 results were" in n.message for n in page._parts.studio.notices.all)
    )
    page.grid.setFocus()
    qtbot.keyClick(page.grid, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: page.grid.count() == 1)
    notice = next(n for n in page._parts.studio.notices.all if n.key == "bin-several")
    notice.actions[0].run()
    qtbot.waitUntil(lambda: page.grid.count() == 4)


def test_tags_are_taken_off_in_the_details(page: GalleryPage, qtbot: Any) -> None:
    library = library_of(page)
    (first,) = library.search.ids(page.grid._items.keys[:1])
    library.tags.add("leaf", [first])
    page.grid.select_row(0)
    qtbot.waitUntil(lambda: "leaf" in words(page.detail))
    tip = "Remove the tag “leaf”"
    next(b for b in page.detail.findChildren(QToolButton) if b.toolTip() == tip).click()
    qtbot.waitUntil(lambda: library.tags.all() == {})


def test_files_leave_under_their_titles_as_copies(page: GalleryPage, tmp_path: Path) -> None:
    library = library_of(page)
    keys = list(page.grid._items.keys)
    (sum_, *_) = library.search.rows(keys[:1]).values()
    library.payload_path(library.search.rows(keys[1:2])[keys[1]]).unlink()
    studio = page._parts.studio
    exporter = Exporter(library, studio.paths, studio.settings)
    ids = partial(library.search.ids, keys)
    files, failed = copies(exporter, ids, tmp_path, exporter.disclosure)
    results = [path for path in files if described(path) == path]
    assert [path.name for path in results] == ["A sum.py", "Leaf 1.txt", "Leaf 0.txt"]
    made = [path for path in results if beside(path).exists()]
    assert made, "what a task made has its record beside it"
    assert {beside(path) for path in made} == set(files) - set(results), "and that is dragged, too"
    assert len(failed) == 1
    assert "“Leaf 2” is missing" in failed[0]
    files[0].write_bytes(b"changed by another program")
    assert library.payload_path(sum_).read_bytes() == b"x = 1"
    carried = mime(keys, files)
    assert [Path(url.toLocalFile()) for url in carried.urls()] == files


def test_what_plays_is_played_one_after_the_other(
    page: GalleryPage, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Plays] = []

    def show(*shown: Any) -> QWidget:
        artifact = shown[1]
        if artifact.title == "Leaf 1":
            return QWidget()  # it does not play
        made.append(Plays(*shown))
        return made[-1]

    monkeypatch.setattr(viewers, "show", show)
    Plays.played.clear()
    page.grid.select_row(0)
    qtbot.waitUntil(lambda: bool(made))
    page.grid.select_rows([0, 1, 2, 3])
    qtbot.keyClick(page.grid, Qt.Key.Key_Space)
    assert Plays.played == ["toggle A sum"]
    for title in ("Leaf 2", "Leaf 0"):
        made[-1].ended.emit()
        qtbot.waitUntil(lambda title=title: Plays.played[-1] == f"begin {title}")
    assert page.grid.selected_count() == 4
    made[-1].ended.emit()
    page.grid.select_row(0)
    qtbot.waitUntil(lambda: len(made) == 4)
    assert Plays.played[1:] == ["begin Leaf 2", "begin Leaf 0"], "nothing plays by itself"

"""Results of a page: kept over a crash, shown in a strip, dragged out as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from shiboken6 import delete

from studio.api import TaskResult
from studio.library.provenance.side_file import beside

RED = QColor(250, 10, 10)


class Shelf:
    """Results of the page, and what made them."""

    def __init__(self, desk: Any, **more: Any) -> None:
        self.desk, self.more = desk, more
        self.results = desk.put(desk.kit.results("shelf", **{"name": "Results", **more}))

    def add(self, text: str, **more: Any) -> TaskResult:
        result = TaskResult(self.desk.made(text), "echo.say", {"text": text}, **more)
        assert self.results.add(result)
        return result

    def reopened(self) -> Any:
        self.desk.settled()
        self.desk.close()
        self.desk.open()
        found = Shelf(self.desk, **self.more).results
        found.load()
        self.desk.settled()
        return found


@pytest.fixture
def shelf(desk: Any) -> Shelf:
    return Shelf(desk)


def titles(results: Any) -> list[str]:
    return [result.artifact.title for result in results]


def picture(results: Any, id: str) -> QImage:
    strip = results.widget
    icon = strip.item(strip.ids().index(id)).icon()
    return icon.pixmap(QSize(64, 64)).toImage()


def test_the_newest_is_first_and_none_is_twice(shelf: Shelf) -> None:
    first, second = shelf.add("one"), shelf.add("two")
    assert not shelf.results.add(first)
    assert titles(shelf.results) == ["two", "one"]
    assert shelf.results.widget.ids() == [second.id, first.id]
    assert shelf.results.place(first.id) == 1
    assert shelf.results.find("gone") is None
    assert shelf.results.widget.isVisible()


def test_a_crash_loses_none(shelf: Shelf) -> None:
    shelf.add("one", source="before")
    shelf.add("two")
    found = shelf.reopened()
    assert titles(found) == ["two", "one"]
    assert (found[1].task, found[1].params, found[1].source) == (
        "echo.say",
        {"text": "one"},
        "before",
    )


def test_what_was_binned_or_is_foreign_is_left_out(desk: Any, shelf: Shelf) -> None:
    gone = shelf.add("one")
    shelf.add("two")
    desk.settled()
    rows = desk.ctx.settings.get("shelf")
    desk.ctx.settings.set("shelf", [*rows, 3, {"id": 4}, {"id": "no such artifact"}])
    desk.ctx.library.bin(gone.id)
    assert titles(shelf.reopened()) == ["two"]


def test_the_oldest_make_room(desk: Any) -> None:
    shelf = Shelf(desk, most=2)
    for text in ("one", "two", "three"):
        shelf.add(text)
    assert titles(shelf.results) == ["three", "two"]
    assert len(shelf.results.widget.ids()) == 2


def test_an_empty_strip_takes_no_room(shelf: Shelf) -> None:
    only = shelf.add("one")
    assert shelf.results.remove(only.id) is only
    assert not shelf.results.widget.isVisible()
    assert shelf.results.remove(only.id) is None


def test_content_is_read_anew_after_a_restart(desk: Any) -> None:
    shelf = Shelf(desk, read=lambda artifact: artifact.path.read_text().upper())
    shelf.add("one")
    assert [result.content for result in shelf.reopened()] == ["ONE"]


def test_results_of_one_run_are_a_batch(desk: Any, shelf: Shelf) -> None:
    one, two = shelf.add("one"), shelf.add("two")
    assert shelf.results.batch(one) == [one], "what was brought by hand has no run"
    for result in (one, two):
        result.artifact = replace(result.artifact, record="the same run")
    assert shelf.results.batch(two) == [one, two]


def test_a_thumbnail_is_read_beside_the_window_and_starred(desk: Any) -> None:
    def red(_artifact: object) -> QImage:
        image = QImage(30, 30, QImage.Format.Format_RGB32)
        image.fill(RED)
        return image

    shelf = Shelf(desk, thumbnail=red)
    result = shelf.add("one")
    desk.settled()
    assert picture(shelf.results, result.id).pixelColor(54, 12) == RED
    result.star = True
    shelf.results.update(result)
    desk.settled()
    assert picture(shelf.results, result.id).pixelColor(54, 12) != RED
    assert shelf.results.widget.item(0).toolTip() == "one, starred"


def test_a_page_may_paint_for_itself(desk: Any) -> None:
    def paint(painter: QPainter, _result: TaskResult, chosen: bool) -> None:
        painter.fillRect(0, 0, 64, 64, RED if not chosen else QColor("black"))

    shelf = Shelf(desk, paint=paint, describe=lambda result: f"the {result.artifact.title}")
    result = shelf.add("one")
    assert picture(shelf.results, result.id).pixelColor(32, 32) == RED
    assert shelf.results.widget.item(0).toolTip() == "the one"


def test_keys_and_clicks_are_told(desk: Any, shelf: Shelf) -> None:
    first, _second = shelf.add("one"), shelf.add("two")
    told: list[Any] = []
    shelf.results.on_pick(told.append)
    shelf.results.on_remove(lambda: told.append("remove"))
    shelf.results.on_menu(lambda at: told.append("menu"))
    strip = shelf.results.widget
    desk.pick_result(1)
    for key in (Qt.Key.Key_S, Qt.Key.Key_Delete, Qt.Key.Key_Menu):
        desk.qtbot.keyClick(strip, key)
    assert told == [first.id, "remove", "menu"]
    shelf.results.on_star(lambda: told.append("star"))
    desk.qtbot.keyClick(strip, Qt.Key.Key_S)
    assert told[-1] == "star"
    assert shelf.results.current == first.id
    before = len(told)
    shelf.results.show_current("")
    assert (shelf.results.current, len(told)) == ("", before)


def test_a_file_is_dragged_out_under_its_own_name_or_the_pages(desk: Any) -> None:
    own = Shelf(desk)
    named = Shelf(desk, file_name=lambda result: f"Echo of {result.artifact.title}")
    result = own.add("one")
    named.results.add(result)
    paths = []
    for results in (own.results, named.results):
        urls = results.widget.mimeData([results.widget.item(0)]).urls()
        file, side = (Path(url.toLocalFile()) for url in urls)
        assert side == beside(file), "what a text cannot carry itself goes along"
        assert side.exists()
        paths.append(file)
    assert paths[0].name == "one.txt"
    assert paths[0].read_bytes() == b"one"
    assert paths[1].name == "Echo of one.txt"
    assert paths[1].read_bytes() == b"one"
    delete(named.results.widget)
    assert not paths[1].exists(), "the copy goes with the page"
    assert paths[0].exists()
    assert result.artifact.path not in paths, "what leaves says how it was made"

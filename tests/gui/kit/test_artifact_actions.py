"""Star, bin with Undo, copy, save as, send on: each for the result in view."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QGuiApplication, QImage

from studio.api import BadInput, ErrorCode, StudioError, TaskResult
from studio.library.provenance.side_file import beside


class Page:
    """Shows one result of a strip of three."""

    def __init__(self, desk: Any, **more: Any) -> None:
        self.desk, self.shown, self.changed = desk, "", []
        self.results = desk.put(desk.kit.results("shelf", name="Results"))
        self.actions = desk.kit.artifact_actions(
            lambda: self.results.find(self.shown),
            trouble=desk.row,
            results=self.results,
            show=self.show,
            changed=lambda result: self.changed.append(result.star),
            **more,
        )
        for text in ("three", "two", "one"):
            self.results.add(TaskResult(desk.made(text)))
        self.shown = self.results[1].id

    def show(self, id: str) -> None:
        self.shown = id

    def titles(self) -> list[str]:
        return [result.artifact.title for result in self.results]

    def title(self) -> str:
        result = self.results.find(self.shown)
        return result.artifact.title if result else ""


@pytest.fixture
def page(desk: Any) -> Page:
    return Page(desk)


def refuse(*_values: object) -> None:
    raise StudioError(ErrorCode.DISK_FULL, "The disk is full.", "Make room.")


def test_a_star_is_the_librarys(desk: Any, page: Page) -> None:
    page.actions.star()
    desk.until(lambda: desk.ctx.library.artifact(page.shown).starred)
    page.actions.star()
    desk.until(lambda: not desk.ctx.library.artifact(page.shown).starred)
    assert page.changed == [True, False]


def test_a_star_that_cannot_be_kept_is_taken_back_and_said(desk: Any, page: Page) -> None:
    desk.ctx.library.star = refuse
    page.actions.star()
    assert page.results[1].star
    desk.until(lambda: "disk is full" in desk.trouble())
    assert not page.results[1].star


def test_the_bin_shows_the_neighbour_and_can_be_undone(desk: Any, page: Page) -> None:
    offers, binned = desk.offers(), page.shown
    page.actions.bin()
    assert (page.titles(), page.title()) == (["one", "three"], "three")
    desk.until(lambda: bool(offers))
    assert desk.ctx.library.artifact(binned).binned
    offers[0]()
    desk.until(lambda: page.shown == binned)
    assert page.titles() == ["one", "two", "three"]
    assert not desk.ctx.library.artifact(binned).binned


def test_what_cannot_be_binned_comes_back_and_is_said(desk: Any, page: Page) -> None:
    desk.ctx.library.bin = refuse
    page.actions.bin()
    desk.until(lambda: "disk is full" in desk.trouble())
    assert (page.titles(), page.title()) == (["one", "two", "three"], "two")


def test_the_last_one_leaves_nothing_in_view(desk: Any, page: Page) -> None:
    for _ in range(3):
        page.actions.remove()
    assert (page.titles(), page.shown) == ([], "")
    page.actions.star()
    page.actions.bin()
    page.actions.copy()
    page.actions.save_as()
    desk.settled()
    assert desk.trouble() == ""


def test_what_is_removed_stays_in_the_library_and_can_be_put_back(desk: Any, page: Page) -> None:
    offers, removed = desk.offers(), page.shown
    page.actions.remove()
    assert not desk.ctx.library.artifact(removed).binned
    offers[0]()
    assert (page.titles(), page.title()) == (["one", "two", "three"], "two")


def test_copy_puts_text_and_file_on_the_clipboard(desk: Any, page: Page) -> None:
    said = desk.listen()
    page.actions.copy()
    desk.until(lambda: bool(said))
    data = QGuiApplication.clipboard().mimeData()
    assert data.text() == "two"
    file, *sides = (Path(url.toLocalFile()) for url in data.urls())
    assert file.read_text() == "two"
    assert sides == [beside(file)], "its record goes along"


def test_a_page_says_what_is_copied_and_what_went_wrong(desk: Any) -> None:
    page = Page(desk, clip=lambda _artifact: QImage(5, 3, QImage.Format.Format_RGB32))
    QGuiApplication.clipboard().clear()
    page.actions.copy()
    desk.until(lambda: not QGuiApplication.clipboard().image().isNull())
    broken = Page(desk, clip=refuse)
    broken.actions.copy()
    desk.until(lambda: "disk is full" in desk.trouble())


def test_save_as_copies_the_file_or_lets_the_page_write_it(desk: Any, tmp_path: Path) -> None:
    page, said = Page(desk), desk.listen()
    desk.target = tmp_path / "mine"
    page.actions.save_as()
    desk.until(lambda: bool(said))
    assert (tmp_path / "mine.txt").read_text() == "two"
    assert beside(tmp_path / "mine.txt").exists()
    page = Page(
        desk,
        export=lambda artifact, path: path.write_text(artifact.text.upper()),
        suffixes=(".md", ".txt"),
    )
    page.actions.save_as()
    desk.until(lambda: (tmp_path / "mine.md").exists() and len(said) == 2)
    assert (tmp_path / "mine.md").read_text() == "TWO"
    assert "Saved as mine.md." in said[1]


def test_what_cannot_be_saved_is_told_and_asked_for_again(
    desk: Any, page: Page, tmp_path: Path
) -> None:
    desk.target = tmp_path / "not there" / "mine.txt"
    page.actions.save_as()
    desk.until(lambda: bool(desk.trouble()))
    desk.target = tmp_path / "mine.txt"
    desk.try_again()
    desk.until(lambda: (tmp_path / "mine.txt").exists())


def test_a_page_can_ask_where_to_by_itself(desk: Any, tmp_path: Path) -> None:
    told: list[Any] = []
    desk.target = tmp_path / "table"

    def write(path: Path) -> int:
        if path.suffix != ".csv":
            raise BadInput("Only CSV.")
        return path.write_text("a,b")

    desk.kit.save_as(
        "Export",
        "table.csv",
        (".csv",),
        write,
        trouble=desk.row,
        done=lambda path, count: told.append((path.name, count)),
    )
    desk.until(lambda: told == [("table.csv", 3)])


def test_the_menu_leads_to_other_pages_and_not_to_this_one(desk: Any) -> None:
    desk.ctx._targets = lambda artifact: [
        ("Echo", lambda: None),
        ("Chat", lambda: desk.sent.append(artifact)),
    ]
    page, menu = Page(desk, page="Echo"), desk.ctx.ui.menu()
    page.actions.fill_targets(menu)
    assert [action.text() for action in menu.actions()] == ["Send to Chat"]
    menu.actions()[0].trigger()
    assert desk.sent[0].id == page.shown

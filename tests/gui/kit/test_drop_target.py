"""What is dropped anywhere on a page, pasted, or picked; and what is not taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QImage
from PySide6.QtWidgets import QApplication, QWidget

from studio.desktop.kit.drop_target import DropOverlay
from studio.testing.page_desk import files_as_mime


class Taken:
    """What came to the page."""

    def __init__(self, desk: Any, **more: Any) -> None:
        self.files: list[list[str]] = []
        self.images: list[QImage] = []
        self.texts: list[str] = []
        self.target = desk.kit.drop_target(
            desk.page,
            "Open texts",
            trouble=desk.row,
            files=lambda paths: self.files.append([path.name for path in paths]),
            nothing="There is nothing to open.",
            **more,
        )


@pytest.fixture
def note(tmp_path: Path) -> Path:
    (tmp_path / "note.TXT").write_text("hello")
    return tmp_path / "note.TXT"


def test_files_with_the_right_ending_are_taken_wherever_they_are_dropped(
    desk: Any, note: Path
) -> None:
    taken = Taken(desk, suffixes=(".txt",))
    assert desk.drop([note, note.with_suffix(".png")])
    assert not desk.drop(note.with_suffix(".png"))
    assert taken.files == [["note.TXT"]]


def test_folders_are_taken_where_the_page_wants_them(desk: Any, note: Path) -> None:
    files_only = Taken(desk, suffixes=(".txt",))
    assert not desk.drop(note.parent)
    assert files_only.files == []
    both = Taken(desk, folders=True)
    both.target.drop(files_as_mime([note, note.parent]))
    assert both.files == [["note.TXT", note.parent.name]]


def test_links_of_the_web_are_no_files(desk: Any) -> None:
    Taken(desk)
    data = QMimeData()
    data.setUrls(["https://example.org/note.txt"])
    assert not desk.drop(data)


def test_a_picture_and_a_text_are_taken_where_the_page_wants_them(desk: Any) -> None:
    picture, words = QMimeData(), QMimeData()
    picture.setImageData(QImage(4, 4, QImage.Format.Format_RGB32))
    words.setText("hello")
    Taken(desk)
    assert not desk.drop(picture)
    assert not desk.drop(words)
    taken = Taken(desk)
    taken.target = desk.kit.drop_target(
        desk.page,
        "Open",
        trouble=desk.row,
        files=lambda paths: None,
        image=taken.images.append,
        text=taken.texts.append,
    )
    taken.target.drop(picture)
    taken.target.drop(words)
    assert [image.width() for image in taken.images] == [4]
    assert taken.texts == ["hello"]


def test_what_is_dragged_from_the_page_itself_is_not_taken(
    desk: Any, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Taken(desk)
    strip = QWidget(desk.page)
    monkeypatch.setattr(QDragEnterEvent, "source", lambda _event: strip)
    assert not desk.drop(note)


def test_the_page_shows_that_it_will_take_it(desk: Any, note: Path) -> None:
    taken = Taken(desk)
    overlay = desk.page.findChild(DropOverlay)
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    data = files_as_mime(note)
    enter = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, data, left, none)
    QApplication.sendEvent(desk.page, enter)
    assert overlay.isVisible()
    assert overlay.geometry() == desk.page.rect()
    assert not overlay.grab().isNull()
    QApplication.sendEvent(desk.page, QDragLeaveEvent())
    assert not overlay.isVisible()
    assert taken.files == []


def test_paste_takes_the_same_and_says_when_there_is_nothing(desk: Any) -> None:
    taken = Taken(desk, text=lambda text: None)
    desk.paste()
    assert desk.trouble() == "There is nothing to open."
    taken = Taken(desk, text=taken.texts.append)
    desk.kit.targets.reverse()
    desk.paste("hello")
    assert taken.texts == []
    assert desk.kit.targets[0] is taken.target


def test_picked_files_come_the_same_way(desk: Any, note: Path) -> None:
    taken = Taken(desk, suffixes=(".txt",))
    desk.pick(note)
    desk.pick()
    assert taken.files == [["note.TXT"]]

"""A field for a file says which paths the user gave it, and none that were filled in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QToolButton

from studio.api import File, Params
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.forms.form import FormServices, ParamsFormWidget


class Read(Params):
    """Parameters with one file."""

    file: Annotated[str, File()] = ""


class Told:
    """A form, and what it said was chosen."""

    def __init__(self, look: Appearance, picks: Path) -> None:
        self.kept: list[str] = []
        self.passing: list[str] = []
        services = FormServices(
            None,  # type: ignore[arg-type]
            lambda *_: picks,
            lambda: None,
            chosen=self.take,
        )
        self.form = ParamsFormWidget(look, Read, services)
        self.edit = self.form.findChild(QLineEdit)

    def take(self, paths: Iterable[Path | str], /, *, keep: bool = True) -> None:
        (self.kept if keep else self.passing).extend(map(str, paths))


@pytest.fixture
def told(qapp: QApplication, look: Appearance, tmp_path: Path, qtbot: Any) -> Told:
    """An empty form."""
    made = Told(look, tmp_path / "picked.txt")
    qtbot.addWidget(made.form)
    return made


def test_values_that_are_filled_in_are_not_chosen(told: Told) -> None:
    told.form.set_values({"file": "/etc/passwd"})
    assert told.form.values() == {"file": "/etc/passwd"}
    told.edit.editingFinished.emit()
    assert told.kept == told.passing == []


def test_a_dialog_chooses(told: Told, tmp_path: Path) -> None:
    told.edit.parent().findChild(QToolButton).click()  # type: ignore[union-attr]
    assert told.kept == [str(tmp_path / "picked.txt")]


def test_a_drop_chooses(told: Told, tmp_path: Path) -> None:
    file = tmp_path / "dropped.txt"
    file.touch()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    event = QDropEvent(
        QPointF(QPoint(2, 2)),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    told.edit.parent().dropEvent(event)  # type: ignore[union-attr]
    assert told.kept == [str(file)]


def test_what_is_typed_is_chosen_when_it_is_used_and_kept_when_it_is_whole(told: Told) -> None:
    QTest.keyClicks(told.edit, "/a.txt")
    assert told.form.values() == {"file": "/a.txt"}
    assert "/a.txt" in told.passing
    assert told.kept == []
    QTest.keyClick(told.edit, Qt.Key.Key_Return)
    assert told.kept == ["/a.txt"]
    told.form.set_values({"file": "/etc/passwd"})
    told.passing.clear()
    told.form.values()
    assert told.passing == [], "typed text was replaced by a value that nobody typed"

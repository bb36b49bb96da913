"""Backups in the window: made from Settings, restored in three clicks, offered when all is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QWidget

from studio.api.artifacts import NewArtifact
from studio.app import App
from studio.base.paths import StudioPaths
from studio.desktop.pages.backups.restore_sheet import RestoreSheet
from studio.desktop.widgets.switch_bar import SwitchBar
from studio.library import Library
from studio.library.backups import catalogue, maker, restoration, settings
from studio.testing.guards import PATIENCE
from tests.gui.conftest import Runs, problem_of

_MS = int(PATIENCE * 1000)


@pytest.fixture
def folder() -> Path:
    """The usual folder with one backup of a library that has one result more."""
    paths = StudioPaths.default()
    folder = settings.usual_folder(paths)
    with Library.open(paths) as library:
        library.add_artifact(NewArtifact("text", b"red", ".txt", "red"))
        maker.make(library, folder, chosen=False)
        library.add_artifact(NewArtifact("text", b"blue", ".txt", "blue"))
    return folder


def settings_of(app: App) -> QWidget:
    assert app.window.open_page("studio.settings")
    page = app.window.pages.page("studio.settings")
    assert page is not None
    return page.widget


def button(widget: QWidget, text: str) -> QPushButton:
    return next(b for b in widget.findChildren(QPushButton) if b.text() == text)


def says(widget: QWidget, words: str) -> bool:
    return any(words in label.text() for label in widget.findChildren(QLabel))


def test_settings_make_one_and_remember_what_is_chosen(
    start: Runs, qtbot: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = start()
    assert app.session is not None
    page, studio = settings_of(app), app.session.studio
    qtbot.waitUntil(lambda: says(page, "1 results, 0 conversations"), timeout=_MS)
    other = tmp_path / "other disk"
    other.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(other))
    button(page, "Choose…").click()
    assert says(page, str(other))
    button(page, "Back up now").click()
    assert button(page, "Stop").isVisibleTo(page)
    qtbot.waitUntil(lambda: len(catalogue.listed(other)) == 1, timeout=_MS)
    qtbot.waitUntil(lambda: says(page, "2 results, 0 conversations"), timeout=_MS)
    assert any("backed up and verified" in each.message for each in studio.notices.all)
    bars = {bar.accessibleName(): bar for bar in page.findChildren(SwitchBar)}
    bars["Schedule"].buttons["daily"].click()
    bars["Backups to keep"].buttons["8"].click()
    assert settings.every(studio.settings) is settings.Every.DAILY
    assert settings.kept(studio.settings) == 8


def test_a_restore_takes_three_clicks(start: Runs, qtbot: Any, folder: Path) -> None:
    app = start()
    button(settings_of(app), "Restore…").click()
    (sheet,) = app.window.findChildren(RestoreSheet)
    qtbot.waitUntil(lambda: sheet.backups.count() == 1, timeout=_MS)
    sheet.backups.setCurrentRow(0)
    sheet.restore_button.click()
    qtbot.waitUntil(lambda: app.starts_again, timeout=_MS)
    assert not app.window.isVisible()
    assert not sheet.restore_button.isEnabled(), "a second restore would take this one back"
    assert restoration.is_wanted(StudioPaths.default())
    again = start()
    assert again.session is not None
    said = " ".join(each.message for each in again.session.studio.notices.all)
    assert "The library was restored from" in said
    assert {each.title for each in again.session.studio.library.find()} == {"red"}


def test_a_library_that_cannot_be_opened_offers_its_backups(
    start: Runs, qtbot: Any, folder: Path
) -> None:
    library = StudioPaths.default().library
    library.rename(library.with_name("lost"))
    library.write_text("not even a folder")
    app = start()
    problem = problem_of(app)
    assert problem is not None
    button(problem, "Restore a backup…").click()
    (sheet,) = app.window.findChildren(RestoreSheet)
    qtbot.waitUntil(lambda: sheet.backups.count() == 1, timeout=_MS)
    sheet.restore_button.click()
    qtbot.waitUntil(lambda: app.session is not None, timeout=_MS)
    assert app.session is not None
    assert {each.title for each in app.session.studio.library.find()} == {"red"}

"""The choice of what exported files say, and what files dropped on the gallery come to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QFileDialog, QLabel, QMenu, QPushButton, QWidget

from studio.api.artifacts import NewArtifact
from studio.app import App
from studio.base.paths import StudioPaths
from studio.desktop.pages.disclosure_choice import DisclosureChoice
from studio.desktop.pages.gallery.page import GalleryPage
from studio.desktop.widgets.sheet import Sheet
from studio.library import Artifact, Library
from studio.library.provenance.disclosure import Disclosure, chosen
from studio.library.provenance.verification import verify
from studio.studio import Studio
from tests.gui.conftest import Runs


@pytest.fixture
def fox(tmp_path: Path) -> Artifact:
    """A picture in the library."""
    Image.new("RGB", (24, 24), "teal").save(tmp_path / "fox.png")
    with Library.open(StudioPaths.default()) as library:
        record = library.add_record("toy.draw", {"prompt": "a fox in the snow"}, seed=7)
        library.add_artifact(NewArtifact("text", b"other", ".txt", "Another"))
        data = (tmp_path / "fox.png").read_bytes()
        return library.add_artifact(NewArtifact("image", data, ".png", "A fox"), record=record.id)


def studio_of(app: App) -> Studio:
    assert app.session is not None
    return app.session.studio


def gallery(app: App, qtbot: Any) -> GalleryPage:
    assert app.window.open_page("studio.gallery")
    page = app.window.pages.page("studio.gallery")
    assert page is not None
    assert isinstance(page.widget, GalleryPage)
    qtbot.waitUntil(lambda: page.widget.grid.count() == 2)
    return page.widget


def words(widget: QWidget) -> str:
    return " | ".join(
        label.accessibleName() or label.text() for label in widget.findChildren(QLabel)
    )


def button(widget: QWidget, title: str) -> QPushButton:
    return next(b for b in widget.findChildren(QPushButton) if b.text() == title)


def export(page: GalleryPage, qtbot: Any, choice: Disclosure | None = None) -> DisclosureChoice:
    """Press Export, choose what goes along, and take the file as it is."""
    qtbot.waitUntil(lambda: "toy.draw" in words(page.detail))
    pressed = button(page.detail, "Export…")
    pressed.click()
    menu = pressed.findChildren(QMenu)[-1]
    found = menu.findChild(DisclosureChoice)
    assert isinstance(found, DisclosureChoice)
    if choice is not None:
        found.bar.buttons[choice].click()
    next(action for action in menu.actions() if action.text().startswith("Original")).trigger()
    menu.close()
    return found


def drop(page: GalleryPage, paths: list[Path], qtbot: Any) -> Sheet:
    """Drop files on the gallery, and wait for what they come to."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    assert page.drops.takes(data)
    page.drops.drop(data)
    sheets: Callable[[], list[Sheet]] = lambda: page.window().findChildren(Sheet)  # noqa: E731
    qtbot.waitUntil(lambda: bool(sheets()))
    return sheets()[-1]


def test_what_a_file_says_is_chosen_at_export_and_remembered(
    start: Runs, qtbot: Any, fox: Artifact, tmp_path: Path, monkeypatch: Any
) -> None:
    app, out = start(), tmp_path / "out"
    studio, page = studio_of(app), gallery(app, qtbot)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: str(out))
    qtbot.waitUntil(lambda: page.grid.select(fox.id))
    choice = export(page, qtbot)
    assert "Anyone who gets the file can read it" in words(choice)
    choice = export(page, qtbot, Disclosure.LABEL)
    assert "No prompt, names or parameters" in words(choice)
    assert chosen(studio.settings) is Disclosure.LABEL
    qtbot.waitUntil(lambda: len(list(out.glob("*.png"))) == 2)
    qtbot.waitUntil(lambda: not list(out.glob(".export-*")))
    full, label = verify([out / "A fox.png", out / "image.png"], studio.paths, studio.library)
    assert full.finding.statement is not None
    assert "snow" in json.dumps(full.finding.statement.recipe)
    assert label.finding.statement is not None
    assert label.finding.statement.recipe is None
    assert label.artifact == full.artifact == studio.library.artifact(fox.id)


def test_settings_show_the_choice_of_last_time(start: Runs, qtbot: Any) -> None:
    app = start()
    settings = studio_of(app).settings
    settings.set("export.provenance", "nothing")
    assert app.window.open_page("studio.settings")
    page = app.window.pages.page("studio.settings")
    assert page is not None
    choice = page.widget.findChild(DisclosureChoice)
    assert isinstance(choice, DisclosureChoice)
    assert choice.bar.buttons["nothing"].isChecked()
    assert "require a label" in words(choice)
    choice.bar.buttons["full"].click()
    assert chosen(settings) is Disclosure.FULL


def test_dropped_files_are_verified_and_shown_in_the_library(
    start: Runs, qtbot: Any, fox: Artifact, tmp_path: Path, monkeypatch: Any
) -> None:
    app, out = start(), tmp_path / "out"
    page = gallery(app, qtbot)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: str(out))
    qtbot.waitUntil(lambda: page.grid.select(fox.id))
    export(page, qtbot)
    qtbot.waitUntil(lambda: list(out.glob("*")) == [out / "A fox.png"])
    changed = tmp_path / "changed.png"
    changed.write_bytes((out / "A fox.png").read_bytes()[:-30] + bytes(30))
    sheet = drop(page, [out / "A fox.png", changed, tmp_path / "fox.png"], qtbot)
    said = words(sheet)
    for expected in (
        "Made by this studio, unchanged",
        "Made with AI",
        "Changed since it was signed",
        "No provenance",
        "Anyone can remove it",
    ):
        assert expected in said
    other = next(each for each in studio_of(app).library.find() if each.id != fox.id)
    qtbot.waitUntil(lambda: page.grid.select(other.id))
    qtbot.waitUntil(
        lambda: page.detail.artifact is not None and page.detail.artifact.id == other.id
    )
    button(sheet, "Show in library").click()
    qtbot.waitUntil(lambda: page.detail.artifact is not None and page.detail.artifact.id == fox.id)

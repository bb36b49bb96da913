"""A library with some leaves and a sum, and the Gallery opened on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QWidget

from studio.api.artifacts import NewArtifact
from studio.app import App
from studio.base.paths import StudioPaths
from studio.desktop.pages.gallery.page import GalleryPage
from studio.library import Artifact, Library

GOOD = Path(__file__).parents[1] / "plugins" / "good"
"""The plugin of the tests."""


def fill(count: int) -> list[Artifact]:
    with Library.open(StudioPaths.default()) as library:
        made = [
            library.add_artifact(
                NewArtifact("text", b"%d" % n, suffix=".txt", title=f"Leaf {n}", text=f"leaf {n}")
            )
            for n in range(count)
        ]
        record = library.add_record("echo.say", {"steps": 20}, seed=7, plugin="echo")
        made.append(
            library.add_artifact(
                NewArtifact("code", b"x = 1", suffix=".py", title="A sum", text="x = 1"),
                record=record.id,
            )
        )
    return made


def opened(app: App, qtbot: Any, count: int) -> GalleryPage:
    assert app.window.open_page("studio.gallery")
    page = app.window.pages.page("studio.gallery")
    assert page is not None
    assert isinstance(page.widget, GalleryPage)
    qtbot.waitUntil(lambda: page.widget.grid.count() == count)
    return page.widget


def act(detail: QWidget, title: str) -> bool:
    """Do what the details offer by that name, as a button or in their menu; False: they do not."""
    for button in detail.findChildren(QPushButton):
        if button.text() == title and button.isEnabled():
            button.click()
            return True
    for menu in detail.findChildren(QMenu):
        for entry in menu.actions():
            if entry.text() == title and entry.isEnabled():
                entry.trigger()
                return True
    return False


def words(widget: QWidget) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel) if label.text())

"""Kinds of artifacts that plugins bring: filter, icon, viewer, and what is left without them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from studio.api.artifacts import NewArtifact
from studio.app import App
from studio.base.paths import StudioPaths
from studio.desktop.pages.exporters import formats
from studio.desktop.pages.gallery.page import GalleryPage
from studio.library import Artifact, Library
from studio.testing.plugins import importable
from tests.gui.conftest import Runs

EXAMPLES = Path(__file__).parents[2] / "plugins" / "examples"
FLAG = bytes.fromhex("ff0000 0000ff")


@pytest.fixture
def with_plugin(monkeypatch: Any) -> Iterator[None]:
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(EXAMPLES))
    with importable(EXAMPLES):
        yield


@pytest.fixture
def palette() -> Artifact:
    with Library.open(StudioPaths.default()) as library:
        library.add_artifact(NewArtifact("text", b"a note", suffix=".txt", title="Note"))
        record = library.add_record("palette.of", {"colors": 2}, plugin="palette")
        return library.add_artifact(
            NewArtifact("palette", FLAG, suffix=".palette", title="Flag"), record=record.id
        )


def words(widget: QWidget) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel) if label.text())


def detail_of(app: App, qtbot: Any, artifact: Artifact) -> tuple[GalleryPage, QWidget]:
    assert app.window.open_page("studio.gallery")
    page = app.window.pages.page("studio.gallery")
    assert page is not None
    assert isinstance(page.widget, GalleryPage)
    qtbot.waitUntil(lambda: page.widget.grid.count() == 2)
    page.widget.grid.select(artifact.id)
    qtbot.waitUntil(lambda: "palette.of" in words(page.widget.detail))
    return page.widget, page.widget.detail


@pytest.mark.usefixtures("with_plugin")
def test_a_plugins_kind_has_its_filter_icon_viewer_and_exporter(
    start: Runs, qtbot: Any, palette: Artifact
) -> None:
    app = start()
    assert app.look.kinds.icon("palette")[0] == "palette"
    page, detail = detail_of(app, qtbot, palette)
    shown = [label.toolTip() for label in detail.findChildren(QLabel)]
    assert [QColor(255, 0, 0).name(), QColor(0, 0, 255).name()] == [tip for tip in shown if tip]
    assert [each.suffix for each in formats(page._parts, palette)] == [".gpl"]
    (entry,) = (each for each in page.more._menu.actions() if each.text() == "Palettes")
    assert (entry.text(), page.more.button.isChecked()) == ("Palettes", False)
    entry.trigger()
    qtbot.waitUntil(lambda: page.grid.count() == 1)
    assert (page.more.button.toolTip(), page.more.button.isChecked()) == ("Palettes", True)
    assert page.save_state()["query"] == "kind:palette"
    page.set_line("")
    qtbot.waitUntil(lambda: page.grid.count() == 2)


def test_without_its_plugin_it_says_what_it_is_and_who_made_it(
    start: Runs, qtbot: Any, palette: Artifact
) -> None:
    page, detail = detail_of(start(), qtbot, palette)
    said = words(detail)
    assert "made by the plugin “palette”, which is not installed" in said.lower()
    assert "palette · .palette · 6 B" in said
    assert "ff 00 00 00 00 ff" in said
    assert any(button.text() == "Export…" for button in detail.findChildren(QPushButton))
    qtbot.waitUntil(lambda: not page.more.button.isHidden())
    assert "palette" in [entry.text() for entry in page.more._menu.actions()]


@pytest.mark.usefixtures("with_plugin")
def test_of_a_plugin_that_is_off_the_page_of_plugins_is_named(
    start: Runs, qtbot: Any, palette: Artifact
) -> None:
    app = start()
    assert app.session is not None
    app.session.studio.plugins.switch_off("palette")
    _, detail = detail_of(app, qtbot, palette)
    assert "Made by Palette, which is not active now." in words(detail)
    assert "Palettes · .palette" in words(detail), "its manifest is still known"

"""Weights that can be had, in the window: the card, and a download while one looks elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from studio.app import App
from studio.base.paths import StudioPaths
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.pages.download_card import DownloadCard
from studio.desktop.pages.models import ModelsPage
from studio.models import Download, Weights, WeightsCatalogue
from studio.protocol.errors import ErrorCode, StudioError
from studio.testing.tiny_set import TinySet
from tests.gui.conftest import Runs


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinySet:
    tiny = TinySet(tmp_path / "shop", StudioPaths.default().weights)
    for name, value in tiny.environment.items():
        monkeypatch.setenv(name, value)
    return tiny


def words(widget: QWidget) -> str:
    labels = widget.findChildren(QLabel)
    return " ".join(label.text() for label in labels if label.isVisibleTo(widget))


def buttons(widget: QWidget) -> dict[str, QPushButton]:
    return {b.text(): b for b in widget.findChildren(QPushButton) if b.isVisibleTo(widget)}


def focused(app: App) -> QWidget:
    return app.window.focusWidget() or app.window


def test_a_page_offers_a_set_and_it_arrives_while_one_looks_elsewhere(
    start: Runs, qtbot: Any, tiny: TinySet
) -> None:
    app = start()
    assert app.session is not None
    weights = app.session.workspace.context("chat").weights
    assert ("tiny", "Tiny Random", len(tiny.data)) in weights.to_get("code")
    weights.get_set("tiny")
    page = app.window.pages.page("studio.models")
    assert page is not None
    assert isinstance(page.widget, ModelsPage)
    qtbot.waitUntil(lambda: "Tiny" in focused(app).accessibleName())
    get = focused(app)
    assert isinstance(get, QPushButton)
    get.click()
    card = get.parentWidget()
    assert isinstance(card, DownloadCard)
    assert "Stop" in buttons(card)
    app.window.open_page("studio.gallery")
    qtbot.waitUntil(lambda: not [s for s in weights.to_get("code") if s[0] == "tiny"])
    assert weights.for_capability("text", "code")[0] == ("tiny-random", "Tiny Random")
    page.widget.search.setText("nothing like it")
    weights.get_set("tiny")
    assert page.widget.table.current == "tiny-random"
    assert page.widget.view == "here"
    page.widget.show_view("get")
    getting = page.widget.getting
    qtbot.waitUntil(lambda: "Tiny Random Installed" in words(getting))  # never an empty page
    buttons(getting)["Show"].click()
    assert (page.widget.view, page.widget.table.current) == ("here", "tiny-random")
    here = str(StudioPaths.default().weights / tiny.file)
    detail = page.widget.detail
    qtbot.waitUntil(lambda: here in words(detail).replace("\u200b", ""))


@pytest.fixture
def row(tiny: TinySet) -> Weights:
    return WeightsCatalogue([StudioPaths.default().weights]).offer("tiny")


def test_a_card_says_how_far_it_is_and_how_it_ended(
    qtbot: Any, look: Appearance, row: Weights
) -> None:
    pressed: list[str] = []
    assert row.offer is not None
    begun = replace(row, offer=replace(row.offer, bytes_here=row.bytes // 2))
    card = DownloadCard(
        look, begun, "164 kB · MIT", lambda: pressed.append("get"), lambda: pressed.append("stop"),
        lambda: None,
    )  # fmt: skip
    qtbot.addWidget(card)
    assert "Writes noise, very fast. 164 kB · MIT" in words(card)
    assert "82 kB of 164 kB downloaded" in words(card)
    buttons(card)["Resume"].click()
    card.show_download(Download(123_000, row.bytes, seconds_left=12.0))
    assert "123 kB of 164 kB · 12 s left" in words(card)
    buttons(card)["Stop"].click()
    card.show_download(Download(123_000, row.bytes, stopping=True))
    assert not buttons(card)["Stop"].isEnabled()
    failed = StudioError(ErrorCode.NOT_FOUND, "pip could not fetch it.", "Is it connected?")
    card.show_download(Download(0, row.bytes, error=failed))
    assert "pip could not fetch it. Is it connected?" in words(card)
    assert "Resume" in buttons(card)
    assert pressed == ["get", "stop"]

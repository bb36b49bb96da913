"""The desk that pages of plugins are tested on: what it leaves behind, and plain pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import shiboken6
from PySide6.QtWidgets import QGraphicsScene, QGraphicsView, QVBoxLayout, QWidget

from studio.testing.page_desk import PageDesk


class Plot(QGraphicsView):
    """A view with a scene of its own, as libraries for plots have it."""

    def __init__(self) -> None:
        super().__init__()
        self.own_scene = QGraphicsScene(self)
        self.setScene(self.own_scene)


class Desk(PageDesk):
    """A page that is a widget and nothing more."""

    plugin = "chat"

    def build(self) -> Any:
        page = QWidget()
        self.plot = Plot()
        QVBoxLayout(page).addWidget(self.plot)
        return page


def test_a_view_and_then_its_scene_are_gone_when_the_desk_has_ended(
    qtbot: Any, look: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[str] = []
    with Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        desk.plot.destroyed.connect(lambda: gone.append("view"))
        desk.plot.own_scene.destroyed.connect(lambda: gone.append("scene"))
        desk.settled()
        assert gone == []
    assert gone == ["view", "scene"]
    assert not shiboken6.isValid(desk.plot)


def test_a_page_that_keeps_nothing_starts_again(
    qtbot: Any, look: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        first = desk.page
        desk.again()
        assert desk.page is not first
        assert desk.trouble() == ""

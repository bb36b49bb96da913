"""No part of a page is shown before it has its parent: it would flash as a window of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QVBoxLayout, QWidget

from studio.desktop.window.shell import MainWindow
from tests.gui.conftest import Runs

_WINDOWS = (MainWindow, QDialog, QMenu)


class _Watch(QObject):
    """Names of the widgets that were shown as a window and are none."""

    def __init__(self) -> None:
        super().__init__()
        self.stray: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.Show
            and isinstance(watched, QWidget)
            and watched.isWindow()
            and not isinstance(watched, _WINDOWS)
        ):
            self.stray.append(f"{type(watched).__name__} {watched.accessibleName()}".strip())
        return False


@pytest.fixture
def watch(qapp: QApplication) -> Iterator[_Watch]:
    watch = _Watch()
    qapp.installEventFilter(watch)
    yield watch
    qapp.removeEventFilter(watch)


def test_every_page_opens_in_the_window_and_nowhere_else(
    start: Runs, qtbot: Any, watch: _Watch
) -> None:
    app = start()
    pages = [button.spec.id for button in app.window.rail.buttons()]
    assert len(pages) > 10
    for page in pages:
        app.window.open_page(page)
        qtbot.waitUntil(lambda page=page: app.window.pages.current == page)
    assert watch.stray == []


def test_control_a_part_shown_too_early_is_seen(qtbot: Any, watch: _Watch) -> None:
    outer, part = QWidget(), QWidget()
    qtbot.addWidget(outer)
    part.setAccessibleName("Fields")
    part.setVisible(True)
    QVBoxLayout(outer).addWidget(part)
    assert watch.stray == ["QWidget Fields"]

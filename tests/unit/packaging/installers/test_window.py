"""The window of an installation is used by keys alone."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from studio_installation.order import Order
from studio_installation.places import Place
from studio_installation.window import SetupWindow


@pytest.mark.parametrize("verb", ["repair", "uninstall"])
def test_return_begins_it(qtbot: Any, place: Place, verb: str) -> None:
    window = SetupWindow(Order(verb, place))  # where nothing is installed: it says so
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: window.focusWidget() is window._start)  # and not Cancel, beside it
    QTest.keyClick(window, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.code == 1)
    assert window._start.text() == "Try again"

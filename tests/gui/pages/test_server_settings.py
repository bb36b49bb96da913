"""The local server in Settings: off until somebody wants it, its key, and those of programs."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QSpinBox

from studio.desktop.main_thread.bridge import Background, Bridge
from studio.desktop.pages.server_keys import ServerKeys
from studio.desktop.widgets.switch import Switch
from studio.desktop.window.local_server import ServerSwitch
from tests.gui.conftest import Runs
from tests.gui.gallery_desk import words


def test_the_local_server_is_off_until_it_is_switched_on(start: Runs, qtbot: Any) -> None:
    app = start()
    assert app.window.open_page("studio.settings")
    page = app.window.pages.page("studio.settings")
    assert page is not None
    found = page.widget.findChildren(Switch)
    switch = next(s for s in found if s.accessibleName() == "Local server")
    serving = app.session.workspace.serving
    assert serving.server is None
    sign = "Local server is on"
    shown = [label for label in app.window.status_bar.findChildren(QLabel) if label.text() == sign]
    assert not shown[0].isVisibleTo(app.window)
    switch.click()
    qtbot.waitUntil(lambda: serving.server is not None)
    assert serving.server.address in words(page.widget)
    assert shown[0].isVisibleTo(app.window)
    server = serving.server
    buttons = {
        b.text(): b for b in page.widget.findChildren(QPushButton) if b.isVisibleTo(app.window)
    }
    secret = serving.server.token.text
    assert secret not in words(page.widget)
    buttons["Show"].click()
    assert secret in words(page.widget)
    buttons["New key"].click()
    qtbot.waitUntil(lambda: secret not in words(page.widget))
    assert serving.server.token.text in words(page.widget)
    keys = page.widget.findChild(ServerKeys)
    keys.name.setText("Editor")
    buttons["Create key"].click()
    qtbot.waitUntil(lambda: "Editor" in words(keys))
    made = QApplication.clipboard().text()
    assert server.keys.has(made.encode())
    revoke = [b for b in keys.findChildren(QPushButton) if b.text() == "Revoke"]
    revoke[0].click()
    qtbot.waitUntil(lambda: not server.keys.has(made.encode()))
    port = next(s for s in page.widget.findChildren(QSpinBox) if s.accessibleName() == "Port")
    port.setValue(serving.server.port)
    assert app.session.studio.settings.get("server.port", 0) == serving.server.port
    port.setValue(0)
    switch.click()
    qtbot.waitUntil(lambda: not server.is_running)
    assert not app.window.activity.server
    next(s for s in found if s.accessibleName() == "Start with the studio").click()
    again = ServerSwitch(app.session.studio, app.window.activity, Background(Bridge()))
    qtbot.waitUntil(lambda: again.server is not None and again.server.is_running)
    again.switch(False)
    qtbot.waitUntil(lambda: again.server is None)

"""MCP servers in Settings: added, checked, told about when they fail, imported, removed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QAbstractButton, QWidget

from studio.app import App
from studio.automation.tools.servers.servers import Servers
from studio.automation.tools.servers.status import ServerState
from studio.desktop.pages.servers.import_sheet import ImportSheet
from studio.desktop.pages.servers.server_list import ServerList
from studio.desktop.pages.servers.server_sheet import ServerSheet
from studio.desktop.widgets.sheet import Sheet
from tests.gui.conftest import Runs
from tests.gui.gallery_desk import words


def _opened(app: App) -> tuple[ServerList, Servers]:
    assert app.window.open_page("studio.settings")
    page = app.window.pages.page("studio.settings")
    assert page is not None
    assert app.session is not None
    found = page.widget.findChild(ServerList)
    assert isinstance(found, ServerList)
    return found, app.session.studio.tools.servers


def _press(qtbot: Any, within: QWidget, name: str) -> None:
    def found() -> list[QAbstractButton]:
        buttons = within.findChildren(QAbstractButton)
        return [b for b in buttons if name in (b.text(), b.accessibleName()) and b.isVisible()]

    qtbot.waitUntil(lambda: bool(found()))  # what comes into a layout is shown a moment later
    found()[0].click()


def test_servers_of_the_user_in_settings(start: Runs, qtbot: Any, tmp_path: Path) -> None:
    app = start()
    listed, servers = _opened(app)
    assert "No servers yet." in words(listed)
    _press(qtbot, listed, "Add server…")
    sheet = app.window.findChild(ServerSheet)
    assert isinstance(sheet, ServerSheet)
    sheet.name.setText("my notes")
    sheet.command.setText(f"no-such-program '{tmp_path}'")
    sheet.save()
    assert "letters, digits and dashes" in words(sheet)
    sheet.name.setText("notes")
    sheet.command.editingFinished.emit()
    _press(qtbot, sheet, f"Let it read {tmp_path}")
    _press(qtbot, sheet, "Save and check")
    assert sheet.isHidden()
    entry = servers.entry("notes")
    assert (entry.arguments, entry.readable) == ((str(tmp_path),), (str(tmp_path),))
    qtbot.waitUntil(lambda: servers.status("notes").state is ServerState.FAILED)
    qtbot.waitUntil(lambda: "there is no program “no-such-program”" in words(listed))
    assert f"Reads {tmp_path} · No network" in words(listed)

    _press(qtbot, listed, "Import…")
    block = app.window.findChild(ImportSheet)
    assert isinstance(block, ImportSheet)
    block.block.setPlainText("{")
    block.take()
    assert "This is not a list of MCP servers." in words(block)
    block.block.setPlainText(json.dumps({"mcpServers": {"time": {"command": "uvx"}}}))
    block.take()
    assert not servers.entry("time").is_on

    qtbot.waitUntil(lambda: "uvx" in words(listed))
    _press(qtbot, listed, "Remove: notes")
    confirm = app.window.findChildren(Sheet)[-1]
    _press(qtbot, confirm, "Remove")
    qtbot.waitUntil(lambda: "no-such-program" not in words(listed))
    assert [each.name for each in servers.entries()] == ["time"]

"""The user's machines in the window: added, checked, chosen, seen, removed."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QMenu, QWidget

from studio.app import App
from studio.desktop.kit.machines.run_on import Place, RunOn
from studio.desktop.pages.device.machines_card import MachinesCard
from studio.desktop.pages.machines.machine_list import MachineList
from studio.desktop.pages.machines.machine_sheet import MachineSheet
from studio.machines.remote_child import Line
from studio.protocol.errors import ErrorCode, StudioError
from studio.testing.scripted import ScriptedRuntime
from tests.gui.conftest import Runs
from tests.gui.gallery_desk import words
from tests.unit.machines.stand_ins import Machines

GONE = StudioError(ErrorCode.NOT_FOUND, "shed cannot be reached: no route.", "Switch it on.")


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Machines:
    return Machines(monkeypatch, ScriptedRuntime)


def page_of(app: App, name: str) -> QWidget:
    assert app.window.open_page(name)
    page = app.window.pages.page(name)
    assert page is not None
    return page.widget


def test_a_machine_is_added_checked_and_removed(start: Runs, qtbot: Any, there: Machines) -> None:
    app = start()
    studio = app.session.studio
    there.add(studio)
    there.refusing["shed"] = GONE
    found = page_of(app, "studio.settings").findChild(MachineList)
    assert "No other machines yet." in words(found)
    for name, host, said in (
        ("box", "ada@box.local", "Ready"),
        ("shed", "shed.local", "shed cannot be reached: no route. Switch it on."),
    ):
        found._edit(None)
        sheet = app.window.findChildren(MachineSheet)[-1]
        sheet.save()
        assert "cannot be called" in words(sheet), "nothing was typed"
        sheet.name.setText(name)
        sheet.host.setText(host)
        sheet.save()
        qtbot.waitUntil(lambda said=said: said in words(found))
    assert "ada@box.local" in words(found)
    assert studio.machines.names() == ["box", "shed"]
    card = page_of(app, "studio.device").findChild(MachinesCard)
    qtbot.waitUntil(lambda: "Ready" in words(card))
    assert "Not available" in words(card)
    studio.machines.remove("shed")
    qtbot.waitUntil(lambda: "shed" not in words(found))
    assert "Ready" in words(found)


def test_where_jobs_run_is_chosen_and_how_that_machine_is_is_seen(
    start: Runs, qtbot: Any, there: Machines
) -> None:
    app = start()
    machines = app.session.studio.machines
    place = Place(machines)
    button = RunOn(app.look, place)
    qtbot.addWidget(button)
    qtbot.waitUntil(lambda: app.activity.status is not None)
    assert not button.is_wanted, "there is no choice"
    there.add(app.session.studio, "box")
    assert button.is_wanted
    assert button.text() == "This computer"
    menu = QMenu(button)
    place.offer(menu, [])
    assert [each.text() for each in menu.actions()] == [
        "This computer  ·  8.6 GB memory",
        "box  ·  Not connected",
        "Wherever is free",
    ]
    menu.actions()[1].trigger()
    qtbot.waitUntil(lambda: button.accessibleName() == "Run on: box · Ready")
    assert place.light == ("Ready", "good")
    machine = machines.machine("box")
    machine._line_became(Line.WAITING)
    assert button.accessibleName() == "Run on: box · Connection lost, trying again…"
    assert place.light[1] == "warn"
    machines.remove("box")
    assert (place.asked, button.text()) == ("", "This computer")

"""Plugins in the window: dropped, read, agreed to, tried, removed; the window never waits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton

from studio.api.manifest import Manifest, Permissions
from studio.app import App
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.pages.plugin_plan import permissions_view
from studio.desktop.widgets.sheet import Sheet
from studio.desktop.widgets.switch import Switch
from studio.plugins import deny_list
from studio.plugins.install import trial
from studio.plugins.install.installer import Installer
from studio.plugins.install.plan import PERMISSIONS
from studio.plugins.install.trial import Trial
from studio.protocol.errors import ErrorCode, StudioError
from tests.gui.conftest import Runs
from tests.unit.plugins.install.wheels import Draft, plugin

MORE = 'permissions = { network = true, reasons = { network = "It fetches numbers." } }'


def sheet(app: App) -> Sheet:
    """Return the sheet that is open."""
    [found] = [each for each in app.window.findChildren(Sheet) if each.isVisible()]
    return found


def words(app: App) -> str:
    return "\n".join(label.text() for label in sheet(app).findChildren(QLabel))


def button(app: App, text: str) -> QPushButton:
    [found] = [
        each
        for each in sheet(app).findChildren(QPushButton)
        if each.text() == text and each.isVisible()
    ]
    return found


def drop(app: App, path: Path) -> None:
    app.window.files_dropped.emit([path])


def installed(app: App) -> dict[str, bool]:
    assert app.session is not None
    plugins = app.session.studio.plugin_store.current().plugins
    return {id: each.enabled for id, each in plugins.items()}


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials have tests of their own."""
    schema = {"name": "Count", "help": "", "fields": []}
    done = Trial({"counter.count": schema}, "A")
    monkeypatch.setattr(trial, "attempt", lambda *args, **more: done)


def test_from_the_drop_to_the_removal(start: Runs, qtbot: Any, tmp_path: Path, works: None) -> None:
    app = start()
    assert app.session is not None
    plugins = app.session.studio.plugins
    drop(app, plugin(more=MORE).write(tmp_path))
    qtbot.waitUntil(lambda: "Counter 1.0" in words(app))
    for text in ("A. Stranger (not verified)", "not signed", "It fetches numbers.", "MIT"):
        assert text in words(app), text
    assert installed(app) == {}
    button(app, "Install").click()
    qtbot.waitUntil(lambda: installed(app) == {"counter": False})
    qtbot.waitUntil(lambda: "counter" in [each.id for each in plugins.plugins])
    assert not plugins.plugin("counter").is_usable

    assert app.window.open_page("studio.plugins")
    page = app.window.pages.page("studio.plugins")
    assert page is not None

    def switches() -> list[Switch]:
        shown = [each for each in page.widget.findChildren(Switch) if each.isVisible()]
        return [each for each in shown if "Counter" in each.accessibleName()]

    switches()[0].click()
    assert "It fetches numbers." in words(app)
    assert not plugins.plugin("counter").is_usable, "nothing happens before the user agrees"
    button(app, "Enable").click()
    qtbot.waitUntil(lambda: plugins.plugin("counter").is_usable)
    assert installed(app) == {"counter": True}
    qtbot.waitUntil(lambda: [each.isChecked() for each in switches()] == [True])

    buttons = [each for each in page.widget.findChildren(QPushButton) if each.isVisible()]
    [remove] = [each for each in buttons if each.text() == "Remove…"]
    remove.click()
    button(app, "Remove").click()
    qtbot.waitUntil(lambda: "counter" not in [each.id for each in plugins.plugins])


def test_a_plugin_can_be_denied_and_allowed_again(
    start: Runs, qtbot: Any, tmp_path: Path, works: None
) -> None:
    app = start()
    assert app.session is not None
    studio, path = app.session.studio, plugin(more=MORE).write(tmp_path)

    def state() -> str:
        return {each.id: str(each.state) for each in studio.plugins.plugins}.get("counter", "")

    def on_page(text: str) -> QPushButton | None:
        shown = page.widget.findChildren(QPushButton)
        return next((each for each in shown if each.text() == text and each.isVisible()), None)

    drop(app, path)
    qtbot.waitUntil(lambda: "It fetches numbers." in words(app))
    button(app, "Install").click()
    qtbot.waitUntil(lambda: state() == "disabled")
    app.window.open_page("studio.plugins")
    page = app.window.pages.page("studio.plugins")
    assert page is not None
    deny = on_page("Deny…")
    assert deny is not None, "only the plugin of others has it"
    deny.click()
    assert state() == "disabled", "nothing happens before the user agrees"
    button(app, "Deny").click()
    qtbot.waitUntil(lambda: state() == "denied")
    drop(app, path)
    qtbot.waitUntil(lambda: "You denied it" in words(app))
    button(app, "Close").click()
    denied = studio.plugin_store.denied
    for other in ("counter", "publisher:stranger"):
        qtbot.waitUntil(lambda: on_page("Allow") is not None)
        labels = [each for each in page.widget.findChildren(QLabel) if each.isVisible()]
        shown = " ".join(each.text() for each in labels)
        assert "You denied it. Choose Allow" in shown
        assert ("for all plugins of this publisher" in shown) == (other != "counter")
        assert "studio plugins allow" not in shown, "the terminal's words"
        allow = on_page("Allow")
        assert allow is not None
        allow.click()
        qtbot.waitUntil(lambda: state() == "disabled")
        assert denied.entries() == ()
        if other == "counter":
            denied.add([deny_list.entry("publisher:stranger")])
            studio.plugins.look_again()
            assert state() == "denied"


def test_a_plugin_is_denied_where_its_permissions_are_read(
    start: Runs, qtbot: Any, tmp_path: Path
) -> None:
    app = start()
    assert app.session is not None
    denied = app.session.studio.plugin_store.denied
    drop(app, plugin(more=MORE).write(tmp_path))
    qtbot.waitUntil(lambda: "It fetches numbers." in words(app))
    button(app, "Deny").click()
    qtbot.waitUntil(lambda: [each.what for each in denied.entries()] == ["counter"])
    told = app.session.studio.notices.all[-1]
    assert (told.message, [each.title for each in told.actions]) == (
        "Counter is denied.",
        ["Allow"],
    )
    told.actions[0].run()
    qtbot.waitUntil(lambda: denied.entries() == ())
    assert not [each for each in app.window.findChildren(Sheet) if each.isVisible()]
    assert installed(app) == {}


def test_what_is_wrong_with_a_file_is_said_in_the_sheet(
    start: Runs, qtbot: Any, tmp_path: Path
) -> None:
    app = start()
    draft = plugin()
    draft.files["run.pth"] = b"import os"
    drop(app, draft.write(tmp_path))
    qtbot.waitUntil(lambda: "every start of Python" in words(app))
    assert button(app, "Close")
    assert installed(app) == {}


def test_a_trial_that_fails_is_said_and_leaves_it_off(
    start: Runs, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **more: Any) -> Trial:
        raise StudioError(ErrorCode.PLUGIN_FAILED, "It does not work: no luck.")

    monkeypatch.setattr(trial, "attempt", fail)
    app = start()
    drop(app, plugin().write(tmp_path))
    qtbot.waitUntil(lambda: "Counter 1.0" in words(app))
    button(app, "Install").click()
    qtbot.waitUntil(lambda: installed(app) == {"counter": False})
    app.window.open_page("studio.plugins")
    page = app.window.pages.page("studio.plugins")
    assert page is not None
    qtbot.waitUntil(
        lambda: any("Counter" in each.accessibleName() for each in page.widget.findChildren(Switch))
    )
    next(s for s in page.widget.findChildren(Switch) if "Counter" in s.accessibleName()).click()
    button(app, "Enable").click()
    qtbot.waitUntil(lambda: "no luck" in words(app))
    assert installed(app) == {"counter": False}


def test_closing_the_sheet_stops_it(start: Runs, qtbot: Any, tmp_path: Path) -> None:
    app = start()
    drop(app, plugin().write(tmp_path))
    sheet(app).dismiss()
    assert not [each for each in app.window.findChildren(Sheet) if each.isVisible()]
    assert installed(app) == {}


@pytest.mark.parametrize(
    ("more", "hint"),
    [("", "Tasks that are running finish"), ('isolation = "studio"', "Restart Offline Studio")],
)
def test_an_update_says_when_it_takes_effect(
    start: Runs, qtbot: Any, tmp_path: Path, works: None, more: str, hint: str
) -> None:
    app = start()
    assert app.session is not None
    store = app.session.studio.plugin_store

    def version() -> str:
        current = store.current().plugins.get("counter")
        return store.record(current).version if current else ""

    def bring(draft: Draft, agree: str) -> None:
        drop(app, draft.write(tmp_path))
        qtbot.waitUntil(lambda: f"Counter {draft.version}" in words(app))
        button(app, agree).click()
        qtbot.waitUntil(lambda: version() == draft.version)
        qtbot.waitUntil(
            lambda: not [each for each in app.window.findChildren(Sheet) if each.isVisible()]
        )

    bring(plugin(more=more), "Install")
    Installer(store, taken={}).enable("counter", lambda words: None)
    bring(plugin(version="1.1", more=more), "Update")
    notices = app.session.studio.notices
    qtbot.waitUntil(lambda: any(hint in each.hint for each in notices.all))


@pytest.mark.parametrize("isolation", ["process", "studio"])
def test_every_permission_is_told_with_its_reason(
    look: Appearance, qtbot: Any, isolation: str
) -> None:
    reasons = {name: f"It is for {name}." for name in PERMISSIONS}
    asked = Permissions(True, "picked", run_code=True, gpu=True, library=True, reasons=reasons)
    manifest = Manifest(
        "a", "A", "1", ">=1,<2", isolation=isolation, permissions=asked, uses=("chat.reply",)
    )
    view = permissions_view(look, manifest, {"library"})
    qtbot.addWidget(view)
    told = "\n".join(label.text() for label in view.findChildren(QLabel))
    assert [reason for reason in reasons.values() if reason not in told] == []
    assert "It runs tasks of other plugins (chat.reply)" in told
    assert ("which the sandbox does not give it" in told) == (isolation == "process")


def test_a_removal_is_undone_after_its_permissions_were_read_again(
    start: Runs, qtbot: Any, tmp_path: Path, works: None
) -> None:
    """By the keyboard, too: Return presses what has the focus."""
    app = start()
    assert app.session is not None
    studio = app.session.studio
    installer = Installer(studio.plugin_store, taken={})
    with installer.read(str(plugin(more=MORE).write(tmp_path))) as plan:
        installer.install(plan)
    installer.enable("counter")
    installer.remove("counter")
    studio.plugins.look_again()
    app.window.open_page("studio.plugins")
    page = app.window.pages.page("studio.plugins")
    assert page is not None

    def undo() -> QPushButton:
        shown = [each for each in page.widget.findChildren(QPushButton) if each.isVisible()]
        return next(each for each in shown if each.text() == "Undo last change")

    undo().click()
    for text in ("This takes back: Removed Counter.", "Counter 1.0 would be enabled", "fetches"):
        assert text in words(app), text
    qtbot.keyClick(app.window.focusWidget(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: installed(app) == {"counter": True})
    qtbot.waitUntil(lambda: "counter" in [each.id for each in studio.plugins.plugins])
    undo().click()
    assert "This takes back: Went back to 2." in words(app)
    assert "would be enabled" not in words(app)
    qtbot.keyClick(app.window.focusWidget(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: installed(app) == {})

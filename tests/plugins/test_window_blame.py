"""What goes wrong under the user's hand is laid at its plugin, and the window stays."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject, QTimerEvent
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QPushButton, QWidget

from studio.api.artifacts import NewArtifact
from studio.app import App
from studio.base.paths import StudioPaths
from studio.desktop.pages.exporters import formats
from studio.desktop.window import window_state
from studio.desktop.window.window_state import WindowState
from studio.plugins import PluginHost, PluginState
from studio.plugins.fault_list import Fault
from studio.testing.guards import PATIENCE
from studio.testing.plugins import importable
from studio.testing.scripted import ScriptedRuntime

HERE = Path(__file__).parent
FOLDERS = (HERE / "good", HERE / "bad")
PAGE = "bad_slots.page"
PAGES_OWN = "studio.device"
STUDIO_ITSELF = "unexpected error occurred in Offline Studio"

pytestmark = pytest.mark.gui


@pytest.fixture
def start(
    qapp: QApplication, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], App]]:
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", os.pathsep.join(map(str, FOLDERS)))
    apps: list[App] = []

    def end() -> None:
        for app in apps:
            app.window.may_close = lambda: True
            app.window.close()
            app.finish()
            app.window.deleteLater()
        apps.clear()

    def make() -> App:
        end()
        if not (kept := StudioPaths.default().state).exists():  # Chat is another test's
            window_state.save(kept, WindowState(page="studio.workflows"))
        app = App(qapp, launch=ScriptedRuntime().launch)
        app.look.theme.reduced_motion = True
        app.start()
        qtbot.waitUntil(lambda: bool(app.window.pages.current))
        apps.append(app)
        return app

    with importable(*FOLDERS):
        yield make
        end()


@pytest.fixture
def app(start: Callable[[], App]) -> App:
    app = start()
    app.window.open_page(PAGE)
    return app


def host_of(app: App) -> PluginHost:
    assert app.session is not None
    return app.session.studio.plugins


def faults(app: App) -> list[Fault]:
    return host_of(app).faults.of("bad_slots")


def button(app: App, name: str) -> QPushButton:
    page = app.window.pages.page(PAGE)
    assert page is not None
    found: QPushButton = page.widget.findChild(QPushButton, name)
    return found


def told(app: App) -> str:
    assert app.session is not None
    shown = [card.notice.message for card in app.window.notices.cards()]
    return " ".join(shown + [notice.message for notice in app.session.studio.notices.all])


SLOTS = {
    "raise": "function _raise in plugin.py",
    "exit": "tried to quit Offline Studio (exit code 4)",
    "raise SystemExit": "tried to quit Offline Studio (exit code 3)",
    "through the studio": "<lambda> in plugin.py",
    "in a thread": "a slot went wrong",
    "in background work": "tried to quit Offline Studio (exit code 4)",
}
"""Button → what is said of it."""


def test_a_slot_that_fails_is_the_plugins_and_not_the_studios(app: App, qtbot: Any) -> None:
    for name, words in SLOTS.items():
        button(app, name).click()
        qtbot.waitUntil(lambda: bool(faults(app)))
        assert words in faults(app)[0].error.message, name
        assert host_of(app).faults.count("bad_slots") == 1
        host_of(app).faults.forget("bad_slots")
    assert "bad_slots" in told(app)
    assert STUDIO_ITSELF not in told(app)


def test_an_event_handler_that_fails_is_the_plugins(app: App, qtbot: Any) -> None:
    page = app.window.pages.page(PAGE)
    assert page is not None
    QApplication.postEvent(page.widget, QEvent(QEvent.Type.User))
    qtbot.waitUntil(lambda: bool(faults(app)))
    assert "customEvent in plugin.py" in faults(app)[0].error.message


def test_the_studios_own_bug_stays_its_own(app: App, qtbot: Any) -> None:
    """Control: blame is not simply laid at whoever is in view."""
    sys.excepthook(LookupError, LookupError("ours"), None)
    qtbot.waitUntil(lambda: STUDIO_ITSELF in told(app))
    assert faults(app) == []


def test_the_third_failure_stops_the_plugin_and_its_page_says_why(app: App, qtbot: Any) -> None:
    for _ in range(3):
        button(app, "raise").click()
    qtbot.waitUntil(lambda: host_of(app).plugin("bad_slots").state is PluginState.FAILED)
    qtbot.waitUntil(lambda: app.window.pages.page(PAGE) is None)
    shown: QWidget = app.window.pages.currentWidget()
    words = " ".join(label.text() for label in shown.findChildren(QLabel))
    assert "It failed 3 times in this session" in words
    assert app.window.pages.open("echo.say") is not None


def test_a_window_that_stands_still_names_the_plugin_and_offers_to_disable_it(
    app: App, qtbot: Any
) -> None:
    plugin = sys.modules["studio_bad_slots.plugin"]
    assert app.session is not None
    held = app.session.faults.held

    def seen(seconds: float, stack: Any) -> None:
        held(seconds, stack)
        plugin.RELEASE.set()

    assert app._held is not None
    app._held._report = seen
    button(app, "hold").click()
    qtbot.waitUntil(lambda: "The plugin Bad: slots froze the window" in told(app))
    assert "<lambda> in plugin.py" in told(app)
    card = next(c for c in app.window.notices.cards() if "froze the window" in c.notice.message)
    next(b for b in card.findChildren(QPushButton) if b.text() == "Disable Bad: slots").click()
    assert host_of(app).plugin("bad_slots").state is PluginState.DISABLED


def test_a_page_of_ours_that_holds_the_window_is_named_with_a_report(app: App, qtbot: Any) -> None:
    assert app.session is not None
    page = app.window.pages.spec(PAGES_OWN)
    assert page is not None
    stack = traceback.extract_stack()
    said = f"The {page.title} page froze for"
    app.window.open_page(PAGES_OWN)
    app.session.faults.held(1.0, stack)
    notices = app.session.studio.notices
    app.session.faults._post(lambda: notices.info("later"))  # what was posted before has run then
    qtbot.waitUntil(lambda: "later" in told(app))
    assert said not in told(app), "a moment is nobody's fault"
    app.session.faults.held(60.0, stack)
    qtbot.waitUntil(lambda: f"{said} 60 seconds." in told(app))
    card = next(c for c in app.window.notices.cards() if said in c.notice.message)
    assert [b.text() for b in card.findChildren(QPushButton) if b.text()] == ["Copy report"]
    assert "test_window_blame.py" in card.notice.details


def test_a_slot_that_never_ends_is_ended_and_counted(
    start: Callable[[], App], monkeypatch: pytest.MonkeyPatch, qtbot: Any
) -> None:
    monkeypatch.setattr("studio.desktop.plugin_faults.HELD_SECONDS", 0.2)
    monkeypatch.setattr("studio.desktop.plugin_faults.LONGEST_SECONDS", 0.5)
    app = start()
    app.window.open_page(PAGE)
    button(app, "spin").click()
    qtbot.waitUntil(lambda: bool(faults(app)))
    assert "froze the window for 0.5 seconds" in faults(app)[-1].error.message
    assert host_of(app).faults.count("bad_slots") == 1


class Person(QObject):
    """Presses OK on each dialog, and what is wanted on that of the studio."""

    def __init__(self, answers: list[str], at_dialog: Callable[[int], None] = lambda _: None):
        super().__init__()
        self.answers, self.at_dialog, self.dialogs = answers, at_dialog, 0
        self.offers: list[str] = []
        self.timer = self.startTimer(20)

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *_: object) -> None:
        """Press no more: a frame of the plugin may keep this alive over its test."""
        self.killTimer(self.timer)

    def timerEvent(self, event: QTimerEvent) -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox) or not box.isVisible():
            return
        if "and again" in box.text():
            if box.property("studioSeen"):
                self.dialogs += 1
                self.at_dialog(self.dialogs)
                box.accept()
        else:
            self.offers.append(f"{box.text()} {' / '.join(b.text() for b in box.buttons())}")
            wanted = self.answers.pop(0) if self.answers else "Stop Bad: slots"
            next(each for each in box.buttons() if each.text() == wanted).click()


def test_dialogs_in_a_loop_can_be_stopped(app: App, qtbot: Any) -> None:
    with Person(["Let it continue"]) as person:
        button(app, "dialogs").click()  # returns: the control that the loop has ended
    assert len(person.offers) == 2
    assert person.offers[0].startswith("The plugin Bad: slots opens one dialog after another.")
    assert person.dialogs < 10
    assert host_of(app).plugin("bad_slots").state is PluginState.FAILED
    qtbot.waitUntil(lambda: app.window.pages.page(PAGE) is None)
    assert STUDIO_ITSELF not in told(app)
    assert sys.gettrace() is None


@pytest.mark.parametrize("way", ["off", "quit"])
def test_what_the_user_says_elsewhere_ends_dialogs_in_a_loop(
    app: App, qtbot: Any, way: str
) -> None:
    """In a terminal: `studio plugins off`, or a signal to end."""

    def say(dialogs: int) -> None:
        if dialogs == 2:
            host_of(app).switch_off("bad_slots") if way == "off" else app.end_calls()

    with Person([], say) as person:
        button(app, "dialogs").click()
    assert (person.dialogs, person.offers) == (2, [])
    is_off = host_of(app).plugin("bad_slots").state is PluginState.DISABLED
    assert is_off == (way == "off")
    assert host_of(app).faults.count("bad_slots") == 0, "nothing was wrong with it"


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("name", ["dialogs", "spin"])
def test_a_signal_ends_the_studio_whatever_a_plugin_does(tmp_path: Path, name: str) -> None:
    folders = {"good": str(FOLDERS[0]), "bad": str(FOLDERS[1])}
    script = SIGNALLED.format(**folders, page=PAGE, name=name)
    variables = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "STUDIO_HOME": str(tmp_path / "home"),
        "STUDIO_PLUGIN_PATH": os.pathsep.join(folders.values()),
    }
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=variables, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "clicked" in ended.stdout
    assert "froze the window for" not in ended.stderr, "it came to an end at once"
    assert "unexpected" not in ended.stderr


def test_hooks_that_return_something_else_are_named_and_exports_of_others_go_on(
    start: Callable[[], App],
) -> None:
    app = start()
    assert app.session is not None
    studio, parts = app.session.studio, app.session.workspace._parts
    saved = studio.library.add_artifact(NewArtifact("text", b"x", ".txt", title="X"))
    formats(parts, studio.library.artifact(saved.id))
    (fault,) = host_of(app).faults.of("bad_results")
    assert "it returned list instead of a mapping" in fault.error.message
    for hook, more in {
        "studio_settings": {},
        "studio_viewers": {},
        "studio_open_file": {"path": Path()},
    }.items():
        answers = host_of(app).call_each(hook, lambda plugin: {"ctx": plugin}, **more)
        assert "bad_results" not in dict(answers), hook
    assert (
        "instead of a subclass of Params" in host_of(app).faults.of("bad_results")[1].error.message
    )


RUN = """
import os, sys
from pathlib import Path
from PySide6.QtWidgets import QPushButton
from studio.app import App, make_application
from studio.testing.scripted import ScriptedRuntime
sys.path += [{good!r}, {bad!r}]
if {name!r} == "abort while it is built":
    import studio_bad_slots.plugin
    studio_bad_slots.plugin._Buttons = lambda ctx: os._exit(7)
application = make_application()
app = App(application, launch=ScriptedRuntime().launch)
app.start()
while not app.window.pages.current:
    application.processEvents()
app.window.open_page({page!r})
app.window.pages.page({page!r}).widget.findChild(QPushButton, {name!r}).click()
"""


SIGNALLED = """
import os, signal, sys, threading
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPushButton
from studio import app as apps
from studio.testing.scripted import ScriptedRuntime
sys.path += [{good!r}, {bad!r}]
class App(apps.App):
    def __init__(self, *given):
        super().__init__(*given, launch=ScriptedRuntime().launch)
        self._click = QTimer(self, interval=50, timeout=self._clicked)
        self._click.start()
    def _clicked(self):
        if not self.window.pages.current:
            return
        self._click.stop()
        self.window.open_page({page!r})
        print("clicked", flush=True)
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
        self.window.pages.page({page!r}).widget.findChild(QPushButton, {name!r}).click()
apps.App = App
sys.exit(apps.main())
"""


def die_in(name: str) -> None:
    """Let a studio of its own end under a button of the page."""
    script = RUN.format(good=str(FOLDERS[0]), bad=str(FOLDERS[1]), page=PAGE, name=name)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode in (7, -11), ended.stderr


def test_a_sudden_end_with_the_page_open_is_told_at_the_next_start(
    start: Callable[[], App],
) -> None:
    die_in("die")
    app = start()
    assert "while the page Slots of the plugin Bad: slots was open" in told(app)
    assert "closed unexpectedly" not in told(start())


def test_an_end_while_a_page_is_built_leaves_the_plugin_in_quarantine(
    start: Callable[[], App],
) -> None:
    die_in("abort while it is built")
    app = start()
    plugin = host_of(app).plugin("bad_slots")
    assert plugin.state is PluginState.QUARANTINED
    assert "crashed while loading bad_slots.page" in plugin.reason


def test_a_crash_in_a_slot_names_the_plugin_and_its_page_is_not_opened_again(
    start: Callable[[], App],
) -> None:
    die_in("crash")
    app = start()
    assert "last time, in the plugin Bad: slots (<lambda> in plugin.py, line" in told(app)
    assert app.window.pages.current != PAGE

"""Bad plugins in the real window: every page opens or says why not, and the echo's works."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QLabel

from studio.app import App
from studio.desktop.widgets.empty_states import ErrorState
from studio.testing.plugins import importable
from studio.testing.scripted import ScriptedRuntime

HERE = Path(__file__).parent
FOLDERS = (HERE / "good", HERE / "bad")

pytestmark = pytest.mark.gui


@pytest.fixture
def app(
    qapp: QApplication, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[App]:
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", os.pathsep.join(map(str, FOLDERS)))
    with importable(*FOLDERS):
        app = App(qapp, launch=ScriptedRuntime().launch)
        app.look.theme.reduced_motion = True
        app.start()
        qtbot.waitUntil(lambda: app.session is not None)
        yield app
        app.window.may_close = lambda: True
        app.window.close()
        app.finish()
        app.window.deleteLater()


def test_every_page_opens_or_names_the_plugin_that_cannot(app: App) -> None:
    assert app.session is not None
    pages = app.window.pages
    broken: dict[str, str] = {}
    for spec in app.session.workspace.specs():
        if pages.open(spec.id) is None:
            shown = pages.currentWidget()
            assert isinstance(shown, ErrorState), spec.id
            broken[spec.id] = " ".join(label.text() for label in shown.findChildren(QLabel))
    assert set(broken) == {"bad_hooks.page", "bad_schema.run", "bad_results.page"}
    assert "instead of a mapping" not in broken["bad_results.page"], "that is another hook"
    assert "the widget of its page is int" in broken["bad_results.page"]
    assert "bad_hooks" in broken["bad_hooks.page"]
    assert "bad_schema" in broken["bad_schema.run"]
    assert pages.open("echo.say") is not None
    told = " ".join(notice.message for notice in app.session.studio.notices.all)
    for plugin in ("bad_exit", "bad_window_import", "bad_unknown_hook"):
        assert plugin in told
    assert "echo" not in told

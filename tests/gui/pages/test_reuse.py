"""Reuse settings and Remix, from the details panel to the pages of plugins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QPushButton

from studio.api.artifacts import NewArtifact
from studio.app import App
from studio.desktop.pages.task import TaskPage
from studio.testing.plugins import importable
from tests.gui.conftest import Runs

GOOD = Path(__file__).parents[2] / "plugins" / "good"


@pytest.fixture(autouse=True)
def echo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(GOOD))
    with importable(GOOD):
        yield


def press(app: App, qtbot: Any, id: str, title: str) -> None:
    """Press a button of the details panel of a result."""
    assert app.window.open_page("studio.gallery")
    shown = app.window.pages.page("studio.gallery")
    assert shown is not None
    page: Any = shown.widget
    qtbot.waitUntil(lambda: page.grid.count() > 0)
    page._show_id(id)

    def buttons() -> list[QPushButton]:
        return [b for b in page.detail.findChildren(QPushButton) if b.text() == title]

    qtbot.waitUntil(lambda: bool(buttons()))
    buttons()[0].click()


def test_settings_of_a_result_fill_its_page_and_a_remix_has_another_seed(
    start: Runs, qtbot: Any
) -> None:
    app = start()
    assert app.session is not None
    studio = app.session.studio
    used = {"text": "the sea", "times": 3, "voice": "loud", "seed": 7, "of_old": 1}
    record = studio.library.add_record("echo.say", used, seed=7, plugin="echo")
    made = studio.library.add_artifact(NewArtifact("text", b"x", ".txt", "Sea"), record=record.id)
    press(app, qtbot, made.id, "Reuse settings")
    page = app.window.pages.page("echo.say")
    assert page is not None
    assert isinstance(page.widget, TaskPage)
    assert app.window.pages.current == "echo.say"
    values = page.widget.forms.form.values()
    assert (values["text"], values["times"], values["voice"]) == ("the sea", 3, "loud")
    assert values["seed"] == 7
    told = [(notice.message, notice.hint) for notice in studio.notices.all]
    assert ("Settings filled in.", "Not available here: of old.") in told
    press(app, qtbot, made.id, "Remix")
    values = page.widget.forms.form.values()
    assert values["text"] == "the sea"
    assert values["seed"] == -1


@pytest.mark.slow
def test_pages_of_the_studios_own_plugins_are_filled_and_chat_says_it_cannot(
    start: Runs, qtbot: Any
) -> None:
    app = start()
    assert app.session is not None
    studio = app.session.studio
    workspace = app.session.workspace
    cases = {
        "image.generate": ("image.page", {"prompt": "a fox", "steps": 9}),
        "music.compose": ("music.page", {"ask": "a waltz"}),
        "molecules.improve": ("molecules.page", {"lead": "CCO"}),
    }
    for task, (id, used) in cases.items():
        record = studio.library.add_record(task, used)
        workspace.reuse(record, (), False)
        assert app.window.pages.current == id
    pages = {id: app.window.pages.page(id) for id, _ in cases.values()}
    image: Any = pages["image.page"]
    assert image.widget.composer.modes.form.values()["steps"] == 9
    music: Any = pages["music.page"]
    assert music.widget.prompt_box.field.text() == "a waltz"
    molecules: Any = pages["molecules.page"]
    assert molecules.widget.composer.field.text == "CCO"
    workspace.reuse(studio.library.add_record("chat.reply", {"prompt": "x"}), (), False)
    assert any("cannot be filled" in notice.message for notice in studio.notices.all)
    workspace.reuse(studio.library.add_record("gone.task", {}), (), False)
    assert any("gone.task" in notice.message for notice in studio.notices.all)

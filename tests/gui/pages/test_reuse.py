"""Reuse settings and Remix, from the details panel to the pages of plugins."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.api.artifacts import NewArtifact
from studio.app import App
from studio.desktop.pages.task import TaskPage
from studio.testing.plugins import importable
from tests.gui.conftest import Runs
from tests.gui.gallery_desk import act

GOOD = Path(__file__).parents[2] / "plugins" / "good"


@pytest.fixture(autouse=True)
def echo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(GOOD))
    with importable(GOOD):
        yield


def press(app: App, qtbot: Any, id: str, title: str) -> None:
    """Do what the details panel of a result offers."""
    assert app.window.open_page("studio.gallery")
    shown = app.window.pages.page("studio.gallery")
    assert shown is not None
    page: Any = shown.widget
    qtbot.waitUntil(lambda: page.grid.count() > 0)
    page._show_id(id)
    qtbot.waitUntil(lambda: act(page.detail, title))


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
def test_pages_of_the_studios_own_plugins_are_filled_whatever_was_asked(
    start: Runs, qtbot: Any
) -> None:
    app = start()
    assert app.session is not None
    studio = app.session.studio
    workspace = app.session.workspace
    cases = {
        "image.generate": ("image.page", {"prompt": "a fox", "steps": 9}),
        "music.compose": ("music.page", {"ask": "a waltz"}),
        "code.write": ("code.page", {"prompt": "a clock"}),
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
    code: Any = pages["code.page"]
    assert code.widget.panel.form.values()["prompt"] == "a clock"
    workspace.reuse(studio.library.add_record("gone.task", {}), (), False)
    assert any("gone.task" in notice.message for notice in studio.notices.all)


def _said(studio: Any, *turns: tuple[str, str]) -> dict[str, str]:
    """Keep messages as a job that was handed them does."""
    data = json.dumps([{"role": role, "content": content} for role, content in turns]).encode()
    digest = hashlib.sha256(data).hexdigest()
    studio.library.keep_inputs({digest: data})
    return {"messages": digest}


@pytest.mark.slow
def test_a_reply_begins_a_conversation_and_an_answer_on_code_puts_its_question_back(
    start: Runs, qtbot: Any
) -> None:
    app = start()
    assert app.session is not None
    studio, workspace = app.session.studio, app.session.workspace
    said = _said(studio, ("user", "A colour?"), ("assistant", "Red."), ("user", "Another?"))
    params = {"temperature": 0.3, "system": "Be brief.", "seed": 7, "stop": ["!"]}
    record = studio.library.add_record("chat.reply", params, inputs=said)
    workspace.reuse(record, (), False)
    found = app.window.pages.page("chat.page")
    assert found is not None
    chat: Any = found.widget
    qtbot.waitUntil(lambda: chat.composer.text == "Another?")
    values = chat.parameters.form.values()
    assert {name: values[name] for name in params} == params
    assert not chat.session.id, "a new conversation, not kept until something is sent"
    assert chat.session.settings["temperature"] == 0.3
    workspace.reuse(record, (), True)
    qtbot.waitUntil(lambda: chat.composer.text.startswith("Another?"))
    assert chat.parameters.form.values()["seed"] == -1

    inputs = _said(studio, ("user", "What is wrong?"))
    workspace.reuse(studio.library.add_record("code.ask", {}, inputs=inputs), (), False)
    found = app.window.pages.page("code.page")
    assert found is not None
    code: Any = found.widget
    qtbot.waitUntil(lambda: code.dock.ask.composer.text == "What is wrong?")
    text = b"print(1)\n"
    digest = hashlib.sha256(text).hexdigest()
    studio.library.keep_inputs({digest: text})
    fixed = studio.library.add_record(
        "code.fix", {"error": "It is 1", "path": "it.py"}, inputs={"text": digest}
    )
    workspace.reuse(fixed, (), False)
    qtbot.waitUntil(lambda: code.dock.ask.composer.text.startswith("It is 1"))
    assert code.workspace.current.path == "it.py"
    assert code.workspace.current.text() == text.decode()

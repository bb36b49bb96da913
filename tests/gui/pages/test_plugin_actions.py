"""Actions of plugins on artifacts, and pages drawn from several tasks that take what is sent."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtWidgets import QLineEdit

from studio.api import BadInput
from studio.api.artifacts import NewArtifact
from studio.app import App
from studio.base.paths import StudioPaths
from studio.desktop.pages.gallery.page import GalleryPage
from studio.desktop.pages.task import TaskPage
from studio.desktop.pages.task_forms import TaskForms
from studio.library import Artifact, Library
from studio.library.saved_artifact import saved_artifact
from studio.testing.plugins import importable
from studio.testing.scripted import Artifact as Made
from studio.testing.scripted import Fail, Result, ScriptedRuntime
from tests.gui.conftest import Runs
from tests.gui.gallery_desk import act

PLUGINS = Path(__file__).parents[2] / "plugins"


@pytest.fixture(autouse=True)
def plugins(monkeypatch: Any) -> Iterator[None]:
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(PLUGINS / "examples"))
    with importable(PLUGINS / "examples"):
        yield


@pytest.fixture
def flag() -> Artifact:
    data = BytesIO()
    Image.new("RGB", (8, 8), "red").save(data, "PNG")
    with Library.open(StudioPaths.default()) as library:
        return library.add_artifact(NewArtifact("image", data.getvalue(), ".png", "Flag"))


def gallery(app: App, qtbot: Any) -> GalleryPage:
    assert app.window.open_page("studio.gallery")
    page = app.window.pages.page("studio.gallery")
    assert page is not None
    assert isinstance(page.widget, GalleryPage)
    qtbot.waitUntil(lambda: page.widget.grid.count() > 0)
    return page.widget


def path_of(app: App, artifact: Artifact) -> str:
    assert app.session is not None
    return str(app.session.studio.library.payload_path(artifact))


def told(app: App) -> str:
    assert app.session is not None
    return " ".join(f"{each.message} {each.hint}" for each in app.session.studio.notices.all)


def task_page(app: App) -> TaskPage:
    page = app.window.pages.page("palette.page")
    assert page is not None
    assert isinstance(page.widget, TaskPage)
    return page.widget


def test_an_action_runs_at_once_and_its_result_is_kin(
    start: Runs, qtbot: Any, flag: Artifact, runtime: ScriptedRuntime
) -> None:
    app = start()
    page = gallery(app, qtbot)
    runtime.enqueue(Made("palette", b"\xff\0\0", ".palette", title="1 colour"), Result())
    page.grid.select(flag.id)
    qtbot.waitUntil(lambda: act(page.detail, "Palette of this"))
    assert app.session is not None
    notices = app.session.studio.notices
    qtbot.waitUntil(lambda: "“Palette of this” is done." in told(app))
    (job,) = runtime.submitted
    assert job.params == {"picture": path_of(app, flag), "colors": 3}
    library = app.session.studio.library
    (made,) = library.find(kinds=("palette",))
    assert library.inputs(made.id) == [flag.id]
    (offer,) = [each for each in notices.all if "is done" in each.message]
    offer.actions[0].run()
    qtbot.waitUntil(lambda: page.detail.artifact is not None and page.detail.artifact.id == made.id)


def test_an_action_that_fails_says_why(
    start: Runs, qtbot: Any, flag: Artifact, runtime: ScriptedRuntime
) -> None:
    app = start()
    assert app.session is not None
    workspace = app.session.workspace
    saved = saved_artifact(app.session.studio.library, flag)
    acts = {title: act for title, _, act in workspace.actions.of(saved)}
    assert list(acts) == ["Palette of this", "Fade this…"]
    runtime.enqueue(Fail(BadInput("The picture is empty.")))
    acts["Palette of this"]()
    qtbot.waitUntil(lambda: "The picture is empty." in told(app))
    Path(path_of(app, flag)).unlink()
    text = NewArtifact("text", b"x", ".txt")
    other = app.session.studio.library.add_artifact(text)
    left = workspace.actions.of(saved_artifact(app.session.studio.library, other))
    assert not {title for title, _, _ in left} & set(acts)


def test_an_action_opens_the_form_filled_in_from_a_menu(
    start: Runs, qtbot: Any, flag: Artifact, runtime: ScriptedRuntime
) -> None:
    app = start()
    page = gallery(app, qtbot)
    menu = page._parts.ui.menu(page)
    page.detail.fill_menu(menu, flag)
    entries = {entry.text(): entry for entry in menu.actions()}
    assert {"Palette of this", "Fade this…", "Send to Palette", "Move to bin"} <= entries.keys()
    entries["Fade this…"].trigger()
    forms = task_page(app).forms
    assert app.window.pages.current == "palette.page"
    qtbot.waitUntil(lambda: forms.form.values()["picture"] == path_of(app, flag))
    assert forms.task.id == "palette.fade"
    shown = forms.form.row("picture").editor.widget.findChild(QLineEdit)
    assert shown.text() == "Flag (library)"
    request = forms.request()
    assert (request.task, list(request.parents)) == ("palette.fade", [flag.id])


def test_a_page_of_several_tasks_takes_what_is_sent_and_keeps_its_forms(
    start: Runs, qtbot: Any, flag: Artifact, runtime: ScriptedRuntime
) -> None:
    app = start()
    assert app.session is not None
    saved = saved_artifact(app.session.studio.library, flag)
    sends = dict(app.session.workspace.targets(saved))
    sends["Palette"]()
    page = task_page(app)
    qtbot.waitUntil(lambda: page.forms.form.values()["picture"] == path_of(app, flag))
    assert page.forms.task.id == "palette.of"
    page.forms._choice.setCurrentIndex(1)
    page.forms._choice.activated.emit(1)
    assert page.forms.task.id == "palette.shares"
    assert page._frame.subtitle.text().startswith("Draw the shares")
    page.forms.form.set_values({"colors": 7})
    state = page.forms.save_state()
    page.forms.form.set_values({"colors": 2})
    page.forms._choice.activated.emit(0)
    page.forms.restore_state(state)
    assert (page.forms.task.id, page.forms.form.values()["colors"]) == ("palette.shares", 7)
    again = TaskForms(
        page.forms._ctx,
        [(each.entry, each.params) for each in page.forms._tasks],
        lambda error: None,
    )
    qtbot.addWidget(again)
    again.restore_state(state)
    again.restore_state({"task": "palette.of"})
    shown = again.form.row("picture").editor.widget.findChild(QLineEdit)
    assert shown.text() == "Flag (library)"
    assert list(again.request().parents) == [flag.id]
    page.forms.restore_state(
        {"values": 3, "task": None, "files": {"x": 1}}
    )  # rubbish changes nothing
    assert page.forms.task.id == "palette.shares"

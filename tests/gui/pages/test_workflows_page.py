"""The Workflows page: from what was done to steps, from steps to rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QComboBox, QLabel, QMenu, QPushButton, QToolButton, QWidget

from studio.api.artifacts import NewArtifact
from studio.api.jobs import JobRequest
from studio.app import App
from studio.automation.clusters.address import SETTING
from studio.automation.workflows import document, toml_text
from studio.automation.workflows.results import Results
from studio.desktop.pages.gallery import detail_actions
from studio.desktop.pages.gallery.details import Details
from studio.desktop.pages.gallery.page import GalleryPage
from studio.desktop.pages.workflows.page import WorkflowsPage
from studio.desktop.pages.workflows.run_table import MACHINE
from studio.desktop.widgets.switch import Switch
from studio.library.rows import Family
from studio.library.workflow_runs import RowState
from studio.testing.plugins import importable
from studio.testing.scripted import ScriptedRuntime
from tests.gui.conftest import Runs
from tests.unit.automation.clusters.stand_ins import Machines
from tests.unit.automation.workflows.talker import PLUGINS, THREE_STEPS, Talker


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedRuntime]:
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(PLUGINS))
    with importable(PLUGINS):
        yield Talker()


@pytest.fixture
def first_page() -> str:
    """Not the page that is looked at, which reads what there is when it is opened."""
    return ""


def page_of(app: App) -> WorkflowsPage:
    page = app.window.pages.open("studio.workflows")
    assert page is not None
    assert isinstance(page.widget, WorkflowsPage)
    return page.widget


def press(page: WorkflowsPage, name: str, qtbot: Any) -> None:
    def found() -> list[Any]:
        buttons = [each for kind in (QPushButton, QToolButton) for each in page.findChildren(kind)]
        return [b for b in buttons if b.accessibleName() == name and b.isVisibleTo(page)]

    qtbot.waitUntil(lambda: bool(found()))  # a new one is shown when the loop comes round
    found()[0].click()


def named(parent: QWidget, kind: type[Any], name: str) -> Any:
    (found,) = (each for each in parent.findChildren(kind) if each.accessibleName() == name)
    return found


def choose(page: WorkflowsPage, words: str) -> None:
    menu = next(each for each in page.findChildren(QMenu) if each.isVisible())
    next(action for action in menu.actions() if action.text() == words).trigger()
    menu.close()


def test_recorded_steps_are_changed_and_run_on_a_list(
    start: Runs, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = start()
    page, studio = page_of(app), page_of(app)._studio
    press(page, "Record", qtbot)
    job = studio.submit(JobRequest("steps.write", {"prompt": "hello", "times": 2}))
    qtbot.waitUntil(lambda: not job.is_live)
    made = job.artifacts[0]
    added = studio.submit(
        JobRequest("steps.add", {"word": "you"}, inputs={"text": made.read()}, parents=[made.id])
    )
    qtbot.waitUntil(lambda: not added.is_live)
    press(page, "Stop recording (2)", qtbot)
    qtbot.waitUntil(lambda: page.workflow is not None)
    assert [step.task for step in page.workflow.step] == ["steps.write", "steps.add"]
    assert page.workflow.step[1].inputs == {"text": "{step.write}"}

    page._cards[0].unfold()
    press(page, "Times: choose for each run, or take it from another step", qtbot)
    choose(page, "Choose for each run")
    assert page.workflow.params["times"].default == 2
    page._free.set_values({"times": 3})  # type: ignore[union-attr]  # it is free now
    press(page, "Move down", qtbot)
    assert page._free is not None
    assert page._free.values() == {"times": 3}, "what was chosen stays"
    page._free.set_values({"times": 2})
    assert page.panel.trouble.text() == "", "the order of the list is not that of the needs"
    page.inputs.lines.setPlainText("one\nfail\n\ntwo")
    press(page, "Run", qtbot)
    assert page.panel._runner is not None
    qtbot.waitUntil(lambda: page.panel.run.isVisibleTo(page))
    assert page.panel.words.text() == "2 of 3 rows done  ·  1 failed"
    model = page.panel._model
    assert [model.row_at(n).state for n in range(3)] == [
        RowState.DONE,
        RowState.FAILED,
        RowState.DONE,
    ]
    assert model.data(model.index(2, 3)) == "two two you"
    assert "That cannot be written." in model.data(model.index(1, 3))
    press(page, "Retry failed", qtbot)
    qtbot.waitUntil(lambda: page.panel.run.isVisibleTo(page))

    file = tmp_path / "mine.toml"
    monkeypatch.setattr(page._ui, "save_file", lambda *a: file)
    press(page, "Save…", qtbot)
    qtbot.waitUntil(file.exists)
    assert document.read(file) == page.workflow
    press(page, "All workflows", qtbot)
    last = studio.library.artifact(added.artifacts[0].id)
    record, nobody = studio.library.record(last.record), Family([], [])
    details = Details(page._parts, last, record, nobody, b"", lambda id: None, lambda: None)
    action = detail_actions._make_workflow(details)
    assert action is not None
    action.run(page)
    qtbot.waitUntil(lambda: page.workflow is not None)
    assert [step.task for step in page.workflow.step] == ["steps.write", "steps.add"]
    press(page, "All workflows", qtbot)
    press(page, "Show the run of Recorded workflow", qtbot)
    assert page.panel.words.text() == "2 of 3 rows done  ·  1 failed"


def test_a_run_is_stopped_and_resumed_and_problems_are_told(start: Runs, qtbot: Any) -> None:
    app = start()
    page, talker = page_of(app), page_of(app)._studio
    page.show_workflow(document.parse(THREE_STEPS))
    press(page, "Run", qtbot)
    assert "There are no inputs yet" in page.panel.trouble.text()
    page.inputs.lines.setPlainText("wait a\nwait b")
    press(page, "Run", qtbot)
    qtbot.waitUntil(lambda: len(talker.jobs.live()) == 2)
    press(page, "Stop", qtbot)
    qtbot.waitUntil(lambda: page.panel.resume.isVisibleTo(page))
    assert page.panel.words.text() == "0 of 2 rows done  ·  Stopped"
    model = page.panel._model
    assert [model.data(model.index(n, 1)) for n in (0, 1)] == ["Interrupted"] * 2
    press(page, "Resume", qtbot)
    qtbot.waitUntil(lambda: len(talker.jobs.live()) == 2)
    press(page, "Stop", qtbot)
    qtbot.waitUntil(lambda: page.panel.resume.isVisibleTo(page))
    press(page, "Remove step", qtbot)
    assert page.panel.trouble.text().startswith("Step “second”: there is no step “first”.")


def test_conditions_are_chosen_on_the_card_of_their_step(start: Runs, qtbot: Any) -> None:
    page = page_of(start())
    page.show_workflow(document.parse(THREE_STEPS))
    page._free.set_values({"word": "or"})  # type: ignore[union-attr]  # it has a parameter
    assert "only_if" not in page._cards[0]._conditions.values(), "it depends on none"
    page._cards[2].unfold()
    when = named(page._cards[2], QComboBox, "Run the step")
    when.setCurrentText("Only if step 1 is not valid")
    when.activated.emit(when.currentIndex())
    named(page._cards[2], Switch, "Repeat until valid").click()
    qtbot.waitUntil(lambda: page._cards[2]._conditions.row("at_most").isVisibleTo(page))
    page._cards[2]._conditions.row("at_most").editor.set(3)
    page._cards[2]._conditions.row("at_most").editor.edited.emit()
    assert page.workflow is not None
    last = page.workflow.step[2]
    assert (last.only_if, last.until, last.at_most) == ("first is not valid", "valid", 3)
    words = "Only if step 1 is not valid  ·  repeated until valid, at most 3 times"
    assert page._cards[2]._words.text() == words
    assert document.parse(toml_text.to_toml(page.workflow)) == page.workflow

    press(page, "Remove step", qtbot)
    qtbot.waitUntil(lambda: len(page._cards) == 2)
    assert page.panel.trouble.text().startswith("Step “second”: there is no step “first”.")
    page.show_workflow(document.parse(THREE_STEPS))
    assert page._free is not None
    assert page._free.values() == {"word": "and"}, "of another workflow nothing was chosen yet"


def test_a_workflow_runs_on_a_collection_and_on_what_is_selected_in_the_library(
    start: Runs, qtbot: Any
) -> None:
    app = start()
    page = page_of(app)
    library = page._studio.library
    words = [
        library.add_artifact(NewArtifact("text", each.encode(), ".txt", text=each))
        for each in ("first", "second")
    ]
    leads = library.collections.create("Leads")
    library.collections.put(leads.id, [each.id for each in words])
    page.show_workflow(document.parse(THREE_STEPS))
    press(page, "Collection…", qtbot)
    qtbot.waitUntil(lambda: any(each.isVisible() for each in page.findChildren(QMenu)))
    choose(page, "Leads")
    assert page.workflow is not None
    assert page.workflow.input.collection == "Leads", "it is saved with the workflow"
    label = named(page, QLabel, "Collection “Leads”")
    qtbot.waitUntil(lambda: label.text() == "Collection “Leads”")
    press(page, "Run", qtbot)
    qtbot.waitUntil(lambda: page.panel.words.text() == "2 of 2 rows done")
    model = page.panel._model
    assert [model.data(model.index(n, 0)) for n in (0, 1)] == ["first", "second"]
    assert model.data(model.index(1, 3)) == "second and so on"
    press(page, "Type the inputs instead", qtbot)
    assert page.workflow.input.collection == ""

    press(page, "All workflows", qtbot)
    gallery = app.window.pages.open("studio.gallery")
    assert gallery is not None
    found = gallery.widget
    assert isinstance(found, GalleryPage)
    found.set_line("in:Leads")
    qtbot.waitUntil(lambda: found.grid.select_rows([0, 1]) or found.grid.selected_count() == 2)
    named(found.selection, QToolButton, "Run workflow…").click()
    subtitle = "Open the workflow that is to run on the 2 selected results."
    qtbot.waitUntil(lambda: page._frame.subtitle.text() == subtitle)
    page.show_workflow(document.parse(THREE_STEPS))
    press(page, "Run", qtbot)
    qtbot.waitUntil(lambda: page.panel.words.text() == "2 of 2 rows done")
    press(page, "All workflows", qtbot)
    press(page, "Show the run of Three steps", qtbot)
    assert page.inputs.source == Results(run=library.workflow_runs.runs(1)[0].id)
    assert page.panel.words.text() == "2 of 2 rows done"


def test_a_cluster_runs_the_rows_and_each_names_its_machine(
    start: Runs, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_of(start())
    studio, on = page._studio, page.panel.on
    machines = Machines(studio.paths.home, monkeypatch, "ada")
    page.show_workflow(document.parse(THREE_STEPS))
    page.inputs.lines.setPlainText("one\ntwo")
    assert not on.address.isVisibleTo(page), "it is no matter to most"
    on.place.setCurrentIndex(1)
    on.address.setText("big:10001")
    press(page, "Run on cluster", qtbot)
    assert "not the address of a cluster" in page.panel.trouble.text()
    on.address.setText("ray://big:10001")
    press(page, "Run on cluster", qtbot)
    qtbot.waitUntil(lambda: page.panel.run.isVisibleTo(page))
    assert page.panel.words.text() == "2 of 2 rows done"
    model = page.panel._model
    assert [model.data(model.index(n, MACHINE)) for n in range(2)] == ["ada", "ada"]
    assert not page.panel.table.isColumnHidden(MACHINE)
    assert machines.asked("ada") == 6
    assert [each.address for each in studio.connections.attempts] == ["big:10001"]
    assert studio.settings.get(SETTING, "") == "ray://big:10001"
    on.place.setCurrentIndex(0)
    page.inputs.lines.setPlainText("three")
    press(page, "Run", qtbot)
    qtbot.waitUntil(lambda: page.panel.run.isVisibleTo(page))
    assert page.panel.table.isColumnHidden(MACHINE)

"""The page that a task gets by itself: it runs, stops, tells what failed, and keeps its form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QLabel
from shiboken6 import delete

from studio.api import BadInput, Page
from studio.api.plot import Line, Plot
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.pages import task as task_page
from studio.desktop.plot.view import PlotView
from studio.testing.page_desk import PageDesk
from studio.testing.plugins import importable
from studio.testing.scripted import Artifact, Fail, Stall, Step, Tokens

ECHO = Path(__file__).parents[2] / "plugins" / "good"


class TaskDesk(PageDesk):
    plugin = "echo"

    def build(self) -> Page:
        from studio_echo.schema import Say

        (entry,) = self.studio.plugins.plugin("echo").manifest.tasks
        return task_page.build(self.ctx, [(entry, Say)], entry.title, lambda artifact, then: None)

    def words(self) -> str:
        """What is to be read, from the top."""
        shown = [label for label in self.page.findChildren(QLabel) if label.isVisible()]
        shown.sort(key=lambda label: label.mapTo(self.page, QPoint(0, 0)).y())
        return " ".join(label.text() for label in shown)


@pytest.fixture
def desk(
    qtbot: Any, look: Appearance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TaskDesk]:
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(ECHO))
    with importable(ECHO), TaskDesk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        yield desk


def test_each_run_has_a_card_with_text_and_results(desk: TaskDesk) -> None:
    desk.page.forms.form.set_values({"text": "hello"})
    for title in ("First", "Second"):
        desk.runtime.enqueue(Tokens("hel", "lo"), Artifact("text", b"hello", ".txt", title=title))
        desk.run()
        desk.until_over()
    desk.until(lambda: desk.words().count("hello") == 2 and "Second" in desk.words())
    words = desk.words()
    assert words.index("Second") < words.index("First"), "the newest is on top"


def test_a_job_that_outlives_the_page_is_no_fault_of_its_plugin(desk: TaskDesk) -> None:
    """It was switched off while it ran, say."""
    desk.page.forms.form.set_values({"text": "hello"})
    desk.runtime.enqueue(Tokens("hel"), Stall())
    desk.run()
    desk.until(lambda: "hel" in desk.words())
    [job] = desk.studio.jobs.live()
    for card in desk.page.findChildren(task_page.RunCard):
        delete(card)
    job.cancel()
    desk.until(lambda: not job.is_live)
    assert desk.studio.plugins.faults.all() == []


def test_charts_of_how_it_goes_change_and_leave_with_the_run(desk: TaskDesk) -> None:
    desk.page.forms.form.set_values({"text": "hello"})
    for losses in ([3.0], [3.0, 1.0]):
        desk.runtime.enqueue(Step(1, 2, plots=[Plot("Loss", series=[Line(y=losses)])]), Stall())
    desk.run()

    def charts() -> list[PlotView]:
        return [each for each in desk.page.findChildren(PlotView) if each.isVisible()]

    desk.until(lambda: [len(each.chart.marks) for each in charts()] == [1])
    desk.stop()
    assert charts() == []
    desk.run()
    desk.until(lambda: [len(each.chart.marks) for each in charts()] == [2])
    desk.stop()


def test_it_is_stopped_by_the_same_button(desk: TaskDesk) -> None:
    desk.page.forms.form.set_values({"text": "hello"})
    desk.runtime.enqueue(Step(1, 2, "half"), Stall())
    desk.run()
    desk.until(lambda: desk.progress() == "half")
    assert desk.verb() == "Add to queue"
    desk.stop()
    assert (desk.verb(), desk.progress()) == ("Run", "")


def test_what_is_missing_is_told_and_what_failed_can_be_tried_again(desk: TaskDesk) -> None:
    desk.run()
    assert "Text is missing" in desk.trouble()
    assert desk.runtime.submitted == []
    desk.page.forms.form.set_values({"text": "hello"})
    desk.runtime.enqueue(Fail(BadInput("Nobody listens.")))
    desk.run()
    desk.until(lambda: "Nobody listens." in desk.trouble())
    desk.try_again()
    desk.until_over()
    assert len(desk.runtime.submitted) == 2


def test_the_form_outlives_a_restart(desk: TaskDesk) -> None:
    desk.page.forms.form.set_values({"text": "hello", "times": 7})
    desk.again()
    assert desk.page.forms.form.values()["times"] == 7

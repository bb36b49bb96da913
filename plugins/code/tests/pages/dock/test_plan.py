"""A change over several files under the hands of the user: list, steps, review together, undo."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt

from studio.base.drafts import Drafts
from studio.testing.scripted import Artifact, Result, Stall
from studio_code.generation.steps import Step
from studio_code.pages.dock import Dock
from studio_code.pages.history.checkpoints import Checkpoints
from studio_code.pages.history.run_undo import undo_run
from studio_code.pages.history.timeline import RunRow, Timeline
from studio_code.pages.plan.step_list import DONE, FAILED, UNSURE
from studio_code.pages.plan.tab import PlanTab

SHOP = "def total(cart):\n    return sum(cart)\n"
NEW_SHOP = "def total(cart, off=0):\n    return sum(cart) - off\n"
CART = "print(1)\n"
STEPS = [
    {"title": "Add a discount", "files": ["shop.py"]},
    {"title": "Print it", "files": ["cart.py"]},
    {"title": "Test it", "files": ["tests/a.py"]},
]


@pytest.fixture
def tab(desk: Any) -> PlanTab:
    desk.open("shop.py", SHOP)
    desk.open("cart.py", CART)
    dock = desk.put(Dock(desk.ctx, desk.workspace))
    dock.show_plan()
    return dock.plan


def plan(desk: Any, tab: PlanTab, words: str = "Give a discount") -> None:
    desk.runtime.enqueue(Result(steps=STEPS, read=2, left_out=0, guard="A"))
    tab.composer.field.widget.setPlainText(words)
    with desk.qtbot.waitSignal(tab.ended):
        desk.qtbot.keyClick(tab.composer.field.widget, Qt.Key.Key_Return)


def edit(path: str, text: str, base: str, unapplied: Any = ()) -> tuple[Any, ...]:
    row = {"path": path, "text": text, "base": base, "added": 2, "removed": 2}
    return Artifact("code", b"patch", suffix=".patch"), Result(
        edits=[row], unapplied=list(unapplied)
    )


def written(desk: Any, tab: PlanTab, *scripts: tuple[Any, ...]) -> None:
    for script in scripts:
        desk.runtime.enqueue(*script)
    with desk.qtbot.waitSignal(tab.ended):
        tab.write.click()


def settled(desk: Any, tab: PlanTab) -> None:
    desk.until(lambda: not tab.changes.open_files and desk.workspace.work_queue.idle)


def test_the_list_is_the_users_and_each_step_is_taken_from_it(desk: Any, tab: PlanTab) -> None:
    plan(desk, tab)
    submitted = desk.runtime.submitted[-1]
    assert submitted.params["folder"] == str(desk.folder)
    assert [row["text"] for row in tab.steps.rows()][:2] == [
        "Add a discount [shop.py]", "Print it [cart.py]"
    ]  # fmt: skip
    assert "could be read only" in tab.note.text()
    tab.steps.setCurrentRow(2)
    desk.qtbot.keyClick(tab.steps, Qt.Key.Key_Delete)
    tab.steps.setCurrentRow(1)
    desk.qtbot.keyClick(tab.steps, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    tab.steps.item(1).setText("Add two discounts [shop.py]")
    tab.steps.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert tab.write.text() == "Write 1 step"
    made, found = edit("shop.py", NEW_SHOP, SHOP)
    found.values["trial"] = {"outcome": "crashed", "told": "No cart.", "program": "total()"}
    written(desk, tab, (made, found))
    assert tab.note.text() == "Tried in the sandbox: it fails. No cart."
    assert tab.note.toolTip() == "total()"
    params = desk.runtime.submitted[-1].params
    assert (params["prompt"], params["steps"]) == ("Give a discount", "Add two discounts [shop.py]")
    assert [row["state"] for row in tab.steps.rows()] == ["", UNSURE], "it was tried and fails"
    assert tab.steps.item(1).toolTip() == tab.note.text()
    # The next step starts from what was proposed.
    tab.steps.item(0).setCheckState(Qt.CheckState.Checked)
    written(desk, tab, edit("shop.py", f"{NEW_SHOP}# more\n", NEW_SHOP))
    assert desk.runtime.submitted[-1].params["others"] == "Add two discounts [shop.py]"
    context = desk.runtime.inputs_of(desk.runtime.submitted[-1]).json("context", Any, [])
    assert context == [{"path": "shop.py", "text": NEW_SHOP}]
    (change,) = tab.changes.files
    assert (change.base, change.text) == (SHOP, f"{NEW_SHOP}# more\n")
    assert desk.on_disk("shop.py") == SHOP, "nothing is written before it is accepted"


def test_a_long_step_is_read_whole_and_the_keyboard_stays_with_the_steps(
    desk: Any, tab: PlanTab
) -> None:
    steps, text = tab.steps, "Add a function to the prices"
    while steps.fontMetrics().horizontalAdvance(text) < steps.viewport().width() - 60:
        text += "s"
    steps.show_steps([Step(text), Step("Short")])
    assert steps.visualItemRect(steps.item(0)).height() >= 2 * steps.fontMetrics().height()
    assert steps.visualItemRect(steps.item(1)).height() < 3 * steps.fontMetrics().height()
    tab.write.setFocus()
    desk.runtime.enqueue(Stall())
    tab.write.click()
    assert tab.window().focusWidget() is steps
    desk.runtime.release()


def test_a_step_may_be_deleted_and_added_while_one_is_at_work(desk: Any, tab: PlanTab) -> None:
    plan(desk, tab)
    desk.runtime.enqueue(Stall(), *edit("shop.py", NEW_SHOP, SHOP))
    desk.runtime.enqueue(*edit("cart.py", "print(2)\n", CART))
    tab.write.click()
    desk.until(lambda: len(desk.runtime.submitted) == 2)
    tab.steps.setCurrentRow(2)
    tab.steps.remove()
    tab.steps.item(1).setText("Print two [cart.py]")
    with desk.qtbot.waitSignal(tab.ended):
        desk.runtime.release()
    assert [s.params["steps"] for s in desk.runtime.submitted[1:]] == [
        "Add a discount [shop.py]", "Print two [cart.py]"
    ]  # fmt: skip
    assert [s.params["run"] for s in desk.runtime.submitted[1:]] == [False, True]
    assert [each.path for each in tab.changes.files] == ["shop.py", "cart.py"]


def test_files_are_reviewed_together_and_the_run_is_undone(desk: Any, tab: PlanTab) -> None:
    plan(desk, tab)
    tab.steps.item(2).setText("Test it [tests/a.py]")
    made = edit("tests/a.py", "assert True\n", "")
    written(desk, tab, edit("shop.py", NEW_SHOP, SHOP), edit("cart.py", "print(2)\n", CART), made)
    with desk.qtbot.waitSignal(desk.workspace.proposed):
        tab.files.review.click()
    assert desk.workspace.proposal.path == "shop.py"
    with desk.qtbot.waitSignal(desk.workspace.proposed):  # the next comes by itself
        desk.workspace.accept("shop.py", NEW_SHOP, "why", run=desk.workspace.proposal.run)
    assert desk.workspace.proposal.path == "cart.py"
    with desk.qtbot.waitSignal(desk.workspace.proposed):
        desk.workspace.decline()
    assert desk.workspace.proposal.path == "tests/a.py"
    tab.files.accept.click()
    settled(desk, tab)
    assert [each.state for each in tab.changes.files] == ["accepted", "declined", "accepted"]
    assert (desk.on_disk("shop.py"), desk.on_disk("cart.py")) == (NEW_SHOP, CART)
    assert desk.on_disk("tests/a.py") == "assert True\n"
    timeline = desk.put(Timeline(desk.ctx, desk.workspace))
    (row,) = [each for each in timeline.rows if isinstance(each, RunRow)]
    with desk.qtbot.waitSignal(desk.workspace.checkpoints.changed):
        row.undo.click()
    assert desk.on_disk("shop.py") == SHOP
    assert not (desk.folder / "tests/a.py").exists()
    assert desk.workspace.checkpoints.runs == []


def test_what_was_changed_since_is_neither_overwritten_nor_undone(desk: Any, tab: PlanTab) -> None:
    plan(desk, tab)
    written(
        desk, tab, edit("shop.py", NEW_SHOP, SHOP),
        edit("tests/a.py", "", "", [{"path": "tests/a.py", "why": "The reply was cut off."}]),
        edit("cart.py", "print(2)\n", CART),
    )  # fmt: skip
    assert [row["state"] for row in tab.steps.rows()] == [DONE, FAILED, DONE]
    assert "The reply was cut off." in tab.trouble.words.text(), "though another step came after"
    assert "The reply was cut off." in tab.steps.item(1).toolTip()
    assert tab.write.text() == "Write 1 step"
    written(desk, tab, edit("tests/a.py", "assert True\n", ""))
    assert [row["state"] for row in tab.steps.rows()] == [DONE] * 3
    desk.workspace.find("cart.py").set_text("print(1)  # mine\n")
    tab.changes.files = [each for each in tab.changes.files if each.path != "tests/a.py"]
    with desk.qtbot.waitSignal(desk.workspace.proposed):
        tab.files.accept.click()
    assert desk.workspace.proposal.path == "cart.py", "it is to be looked at"
    assert [each.path for each in tab.changes.open_files] == ["cart.py"]
    desk.until(lambda: desk.workspace.work_queue.idle)
    desk.workspace.decline()
    desk.workspace.find("shop.py").set_text(f"# mine\n{NEW_SHOP}")
    with desk.qtbot.waitSignal(desk.workspace.proposed):
        undo_run(desk.workspace, desk.workspace.checkpoints.runs[0])
    assert (desk.workspace.proposal.path, desk.workspace.proposal.new) == ("shop.py", SHOP)
    assert len(desk.workspace.checkpoints.runs) == 1, "it is still there"


def test_plan_and_proposed_files_outlive_a_restart(desk: Any, tab: PlanTab) -> None:
    plan(desk, tab)
    tab.steps.item(1).setCheckState(Qt.CheckState.Unchecked)
    tab.steps.item(2).setCheckState(Qt.CheckState.Unchecked)
    written(desk, tab, edit("shop.py", NEW_SHOP, SHOP))
    state = json.loads(json.dumps(tab.state()))
    again = desk.put(PlanTab(desk.ctx, desk.workspace))
    again.restore(state)
    assert again.steps.rows() == tab.steps.rows()
    assert again.changes.files == tab.changes.files
    again.restore({"folder": str(desk.folder), "steps": [3], "changes": {"files": 3}})


KILLED = """
import os, sys
from pathlib import Path
from types import SimpleNamespace
from PySide6.QtGui import QGuiApplication
from studio.base.drafts import Drafts
from studio_code.pages.files import disk_files
from studio_code.pages.workspace import Workspace

app = QGuiApplication([])
drafts, folder = Drafts(Path(sys.argv[1])), Path(sys.argv[2])
library = SimpleNamespace(artifact=None)
ctx = SimpleNamespace(drafts=drafts, library=library, run_later=lambda call, then: then(call()))
workspace = Workspace(ctx)
workspace.failed.connect(print)
workspace.open_folder(folder)
write, written = disk_files.write, []

def write_once(path, data):
    if written:
        os.kill(os.getpid(), 9)
    written.append(path)
    write(path, data)

disk_files.write = write_once
workspace.accept("shop.py", "new\\n", "A run", run="r1")
workspace.accept("cart.py", "newer\\n", "A run", run="r1")
print("it was not killed")
"""


@pytest.mark.slow
def test_a_run_is_undone_after_the_studio_was_killed_in_it(desk: Any, tmp_path: Path) -> None:
    for name in ("shop.py", "cart.py"):
        (desk.folder / name).write_text("old\n")
    drafts = tmp_path / "drafts"
    ran = subprocess.run(
        [sys.executable, "-c", KILLED, str(drafts), str(desk.folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == -signal.SIGKILL, ran.stdout + ran.stderr
    assert desk.on_disk("shop.py") == "new\n", "the control: it had begun to write"
    assert desk.on_disk("cart.py") == "old\n"
    ctx = SimpleNamespace(drafts=Drafts(drafts), run_later=desk.ctx.run_later)
    desk.workspace.checkpoints = Checkpoints(ctx, desk.workspace.work_queue)  # type: ignore[arg-type]
    desk.workspace.checkpoints.open(desk.workspace.root)
    desk.until(lambda: bool(desk.workspace.checkpoints.runs))
    (run,) = desk.workspace.checkpoints.runs
    assert list(run.files) == ["shop.py", "cart.py"], "kept ahead of the write"
    with desk.qtbot.waitSignal(desk.workspace.checkpoints.changed):
        undo_run(desk.workspace, run)
    assert (desk.on_disk("shop.py"), desk.on_disk("cart.py")) == ("old\n", "old\n")

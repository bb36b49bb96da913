"""The page of code: tabs and drafts, the editor, writing, what arrives and leaves."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QFont, QTextCursor
from PySide6.QtWidgets import QApplication

from studio.api import ErrorCode, JobRequest, Kind, SavedArtifact, StudioError
from studio.testing.scripted import Artifact, Fail, Result, Stall, Tokens
from studio_code.pages.commands import page_actions
from studio_code.pages.editor.code_edit import CodeEdit
from studio_code.pages.editor.open_file import OpenFile, blank
from studio_code.pages.history.timeline import when_words
from studio_code.plugin import studio_exporters, studio_open_file

CODE = "def add(a, b):\n    return a + b\n"


def test_unsaved_text_outlives_a_kill(desk) -> None:
    desk.open_file("a.py", CODE)
    desk.open_file("b.py", "b\n")
    desk.type("unsaved")
    desk.page.new_file()
    desk.type("never saved 🙂")
    desk.page.editor_area.tabs.moveTab(2, 0)
    desk.page.workspace.set_current(desk.page.workspace.find("b.py"))
    desk.until(lambda: not desk.page.session._timer.isActive())
    desk.settled()
    desk.end()  # no page was asked to save anything
    desk.write("b.py", "changed meanwhile\n")
    desk.open()
    files = desk.page.workspace.files
    assert [file.path for file in files] == ["untitled-1.py", "a.py", "b.py"]
    assert [file.dirty for file in files] == [True, False, True]
    assert files[0].text() == "never saved 🙂"
    assert desk.current.text() == "b\nunsaved"
    desk.until(lambda: "changed by another program" in desk.banner())
    assert desk.page.workspace.root == desk.folder


def test_a_tab_closed_unsaved_can_be_had_back(desk) -> None:
    desk.open_file("a.py", CODE)
    desk.type("kept")
    desk.page.close_current()
    assert not desk.page.workspace.files
    assert "unsaved changes" in desk.offers[0][0]
    desk.offers[0][1]()
    desk.settled()
    assert desk.current.text() == CODE + "kept"
    assert desk.current.dirty
    assert (desk.folder / "a.py").read_text() == CODE


def test_another_folder_has_its_own_tabs(desk, tmp_path: Path) -> None:
    desk.open_file("a.py", CODE)
    desk.type("unsaved")
    other = tmp_path / "other"
    other.mkdir()
    desk.page.workspace.open_folder(other)
    desk.until(lambda: desk.page.workspace.root == other)
    desk.settled()
    assert not desk.page.workspace.files
    desk.open_folder()
    desk.until(lambda: desk.page.workspace.current is not None)
    assert desk.current.text() == CODE + "unsaved"
    assert desk.page.folders.recent == [desk.folder, other]


def test_what_was_written_without_a_folder_comes_along(desk) -> None:
    desk.page.workspace.new("print(1)\n", "python", "")
    desk.settled()
    desk.type("# mine")
    desk.open_folder()
    assert [file.text() for file in desk.page.workspace.files] == ["print(1)\n# mine"]
    desk.again()
    assert [file.text() for file in desk.page.workspace.files] == ["print(1)\n# mine"]


def test_page_state_bears_anything(desk) -> None:
    desk.page.toggle_wrap()
    desk.page.editor_area.zoom_by(3)
    desk.page.panel.set_description("A function that adds")
    desk.again()
    assert desk.page.editor_area.wrap
    assert desk.page.editor_area.zoom == 3
    assert desk.page.panel.params()["prompt"] == "A function that adds"
    desk.page.restore_state({"panel": 4, "zoom": "x", "across": ["a"], "docked": []})
    assert desk.page.editor_area.zoom == 0


def test_files_are_made_renamed_and_kept_open(desk) -> None:
    desk.open_folder()
    deeds = desk.page.tree.deeds
    deeds.make("", "src/new.py", is_folder=False)
    desk.settled()
    desk.until(lambda: desk.page.workspace.current is not None)
    desk.type("x")
    deeds.rename("src/new.py", "other.py")
    desk.settled()
    assert desk.current.path == "src/other.py"
    assert desk.current.dirty
    desk.save()
    assert (desk.folder / "src/other.py").read_text() == "x"
    deeds.make("", "src/other.py", is_folder=False)
    desk.settled()
    assert "There is src/other.py already" in desk.trouble()


def test_keys_indent_comment_and_move(desk) -> None:
    file = desk.open_file("a.py", CODE)
    edit: CodeEdit = desk.page.editor_area.edit
    edit.go_to(1, 99)
    desk.qtbot.keyClick(edit, Qt.Key.Key_Return)
    desk.type("if a:", edit.textCursor().position())
    desk.qtbot.keyClick(edit, Qt.Key.Key_Return)
    desk.qtbot.keyClicks(edit, "a = {")
    desk.qtbot.keyClicks(edit, "}")
    edit.moveCursor(QTextCursor.MoveOperation.Left)
    desk.qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert file.text().startswith(
        "def add(a, b):\n    if a:\n        a = {\n            \n        }\n    return"
    )
    desk.qtbot.keyClick(edit, Qt.Key.Key_Backspace)
    assert file.text().split("\n")[3] == "        "
    file.set_text("a\n\n  b\nc\n")
    edit.select(0, 6)
    desk.qtbot.keyClick(edit, Qt.Key.Key_Slash, Qt.KeyboardModifier.ControlModifier)
    assert file.text() == "# a\n\n#   b\nc\n"
    desk.qtbot.keyClick(edit, Qt.Key.Key_Slash, Qt.KeyboardModifier.ControlModifier)
    assert file.text() == "a\n\n  b\nc\n"
    desk.qtbot.keyClick(edit, Qt.Key.Key_Tab)
    assert file.text() == "    a\n\n      b\nc\n"
    desk.qtbot.keyClick(edit, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    desk.qtbot.keyClick(edit, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert file.text() == "a\n\nb\nc\n"
    edit.go_to(3)
    desk.qtbot.keyClick(edit, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert file.text() == "a\n\nc\nb\n"
    edit.undo()
    assert file.text() == "a\n\nb\nc\n"


def test_find_counts_steps_and_replaces_in_one_step_of_undo(desk) -> None:
    file = desk.open_file("a.py", "cat Cat\ncat\n")
    find, edit = desk.page.editor_area.find_bar, desk.page.editor_area.edit
    find.open_bar(replace=True)
    desk.qtbot.keyClicks(find.field, "cat")
    desk.until(lambda: find.words.text() == "1 of 3")
    assert edit.textCursor().selectedText() == "cat"
    find.step(-1)
    assert find.words.text() == "3 of 3"
    find.case.setChecked(True)
    desk.until(lambda: find.words.text().endswith("of 2"))
    find.other.setText("dog")
    find.replace_all()
    desk.until(lambda: file.text() == "dog Cat\ndog\n")
    edit.undo()
    assert file.text() == "cat Cat\ncat\n"
    find.pattern.setChecked(True)
    find.field.setText("(")
    find._search()
    desk.until(lambda: "not a regular expression" in find.words.text())
    find.close_bar()
    assert edit.file.text() == "cat Cat\ncat\n"


def test_quick_open_and_go_to_line(desk) -> None:
    desk.write("deep/er/thing_page.py", CODE)
    desk.open_folder()
    quick = desk.page.quick
    quick.open_files()
    desk.qtbot.keyClicks(quick.field, "tp")
    desk.until(lambda: quick.list.model().rowCount() == 1)
    desk.qtbot.keyClick(quick.field, Qt.Key.Key_Return)
    desk.until(lambda: desk.page.workspace.current is not None)
    assert desk.current.path == "deep/er/thing_page.py"
    desk.page.ask_line()
    desk.qtbot.keyClicks(quick.field, "2")
    desk.qtbot.keyClick(quick.field, Qt.Key.Key_Return)
    assert desk.current.line == 2
    assert not quick.isVisible()


def test_minimal_edits_keep_the_cursor(qapp: QApplication) -> None:
    file = OpenFile("a.py", blank("one 🙂\ntwo\nthree\n"))
    cursor = QTextCursor(file.document)
    cursor.setPosition(len("one xx\ntwo\nth"))
    file.set_text("one 🙂\n2\nthree\n")
    assert file.text() == "one 🙂\n2\nthree\n"
    assert cursor.block().text() == "three"
    assert cursor.positionInBlock() == 2


@pytest.mark.slow
def test_typing_into_ten_thousand_lines_never_holds_up_the_window(desk) -> None:
    """No key costs more than a part of what colouring the file costs.

    Both by the processor time of the window's thread in one run: other programs do not count, and
    a slow machine slows both. Each key is the quickest of five: a collection of garbage is not it.
    """
    typed = '\ndef f(a):\n"""words"""\nreturn {a: [1]} # c\n'
    began = time.thread_time()
    desk.open_file("large.py", (CODE + 'text = """a"""\n\n') * 2500)
    edit = desk.page.editor_area.edit
    desk.until(lambda: edit.colored.idle)
    whole = time.thread_time() - began
    assert edit.blockCount() == 10_001
    edit.go_to(5000)
    quickest = [whole] * len(typed)
    for _ in range(5):
        for at, letter in enumerate(typed):
            began = time.thread_time()
            key = Qt.Key.Key_Return
            desk.qtbot.keyClick(edit, key) if letter == "\n" else desk.qtbot.keyClicks(edit, letter)
            QApplication.processEvents()
            quickest[at] = min(quickest[at], time.thread_time() - began)
    print(f"whole {whole:.3f} s, slowest key {max(quickest):.4f} s")
    assert max(quickest) < whole / 10
    desk.until(lambda: edit.colored.idle)


def code(text: str = CODE) -> Artifact:
    meta = {"language": "python", "path": "add.py", "tests": "", "verdict": {}, "tries": []}
    return Artifact("code", text.encode(), ".py", title="add", meta=meta)


def test_ligatures_are_drawn_if_the_user_wants_them(desk) -> None:
    desk.open_file("a.py", "if a <= b:\n    pass\n")
    calt = QFont.Tag("calt")
    assert desk.page.editor_area.edit.font().isFeatureSet(calt)
    assert desk.page.editor_area.edit.font().featureValue(calt) == 0
    desk.ctx.settings.set("ligatures", True)
    desk.open_file("b.py", "if a <= b:\n    pass\n")
    assert not desk.page.editor_area.edit.font().isFeatureSet(calt)


def test_writing_without_a_file_opens_a_tab(desk) -> None:
    desk.runtime.enqueue(Tokens("```python\n", CODE, channel="answer"), code(), Result(code=CODE))
    desk.page.write_words("A function that adds")
    assert desk.page.panel.go.widget.text() == "Add to queue"
    desk.until(lambda: desk.page.workspace.current is not None)
    assert desk.runtime.submitted[0].params["prompt"] == "A function that adds"
    assert (desk.current.path, desk.current.text(), desk.current.dirty) == ("add.py", CODE, True)
    assert desk.page.panel.go.widget.text() == "Write"
    assert desk.page.panel.chip.isVisibleTo(desk.page.panel)


def test_writing_to_the_end_of_a_file_is_a_proposal(desk) -> None:
    desk.open_file("a.py", "import os\n")
    panel = desk.page.panel
    panel.where.setCurrentIndex(panel.where.findData("end"))
    panel.set_description("Add")
    desk.runtime.enqueue(code(), Result(code=CODE))
    desk.page.write()
    desk.until(lambda: desk.page.workspace.proposal is not None)
    assert desk.page.workspace.proposal.new == f"import os\n\n\n{CODE}"
    assert desk.current.text() == "import os\n"
    inputs = desk.runtime.inputs_of(desk.runtime.submitted[0])
    context = inputs.json("context", list[dict[str, str]], [])
    assert context == [{"path": "a.py", "text": "import os\n"}]


def test_the_key_that_writes_sends_what_is_asked_where_the_keyboard_is(desk) -> None:
    desk.open_file("a.py", "import os\n")
    for show, tab, task in (
        (desk.page.show_plan, desk.page.dock.plan, "code.plan"),
        (desk.page.show_ask, desk.page.dock.ask, "code.ask"),
    ):
        show()
        desk.page.write()
        tab.composer.field.widget.setPlainText("Add a shop")
        desk.runtime.enqueue(Result(steps=[], text="", edits=[]))
        desk.page.write()
        desk.until(lambda tab=tab: not tab.runner.busy)
        assert [each.task for each in desk.runtime.submitted][-1] == task
    assert len(desk.runtime.submitted) == 2


def test_what_another_session_queued_for_a_file_is_a_proposal_there(desk) -> None:
    desk.open_file("a.py", "import os\n")
    desk.open_file("b.py", "import re\n")
    desk.runtime.enqueue(code(), Result(code=CODE))
    kept = JobRequest("code.write", {"prompt": "Add"}, page="code", target="a.py")
    desk.studio.submit(kept)
    desk.until(lambda: desk.page.workspace.proposal is not None)
    assert desk.page.workspace.proposal.path == "a.py"


def test_writing_fails_with_a_sentence_and_stops(desk) -> None:
    desk.runtime.enqueue(Fail(StudioError(ErrorCode.OUT_OF_MEMORY, "No room.", "Free some.")))
    desk.page.write_words("Add")
    desk.until(lambda: "No room." in desk.trouble())
    desk.runtime.enqueue(Tokens("x", channel="answer"), Stall())
    desk.page.write_words("Add")
    desk.until(lambda: desk.page.editor_area.writing.prose.text == "```python\nx")
    desk.stop()
    desk.until(lambda: not desk.page.writing.runner.busy)
    assert not desk.page.workspace.files


def test_the_panel_says_which_weights_suit(desk) -> None:
    assert "is a chat model" in desk.page.panel.note.text()


def test_results_and_dropped_files_are_opened(desk, tmp_path: Path) -> None:
    payload = desk.write("payload.py", CODE)
    meta = {"language": "python", "path": "tool.py"}
    artifact = SavedArtifact("a1", Kind.CODE, "Tool", "r1", payload, text=CODE, meta=meta)
    desk.page.arriving.accept(artifact)
    desk.settled()
    assert (desk.current.path, desk.current.untitled) == ("tool.py", True)
    loose = tmp_path / "loose.py"
    loose.write_text("x\n")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(loose))])
    desk.drop(data)
    desk.until(lambda: desk.current.path == loose.as_posix())
    desk.type("y")
    desk.save()
    assert loose.read_text() == "x\ny"
    data.setUrls([QUrl.fromLocalFile(str(desk.folder))])
    desk.drop(data)
    desk.until(lambda: desk.page.workspace.root == desk.folder)
    bring = studio_open_file(desk.ctx, loose)
    assert bring is not None
    bring()
    assert desk.sent[0].path == loose
    assert studio_open_file(desk.ctx, tmp_path / "a.xyz") is None


def test_exports(tmp_path: Path) -> None:
    payload = tmp_path / "a.py"
    payload.write_text("x < 1  # c\n")
    artifact = SavedArtifact("a1", Kind.CODE, "A <b>", "", payload, meta={"language": "python"})
    for key, write in studio_exporters().items():
        write(artifact, tmp_path / f"out{key.partition(':')[2]}")
    assert (tmp_path / "out.txt").read_text() == "x < 1  # c\n"
    page = (tmp_path / "out.html").read_text()
    assert "A &lt;b&gt;" in page
    assert "&lt;" in page


def test_actions_have_their_own_keys_and_names(desk) -> None:
    actions = page_actions(desk.page)
    keys = [action.shortcut for action in actions if action.shortcut]
    assert len(keys) == len(set(keys))
    assert {"Ctrl+S", "Ctrl+F", "Ctrl+H", "Ctrl+G", "Ctrl+W", "Ctrl+P", "F5"} <= set(keys)
    assert all(action.title and action.id.startswith("code.") for action in actions)


def test_times_are_short_today() -> None:
    now = time.mktime((2026, 5, 3, 14, 5, 0, 0, 0, -1))
    assert when_words(now, now) == "14:05"
    assert when_words(now, now + 86_400 * 2).endswith(", 14:05")

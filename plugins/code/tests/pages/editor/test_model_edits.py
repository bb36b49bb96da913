"""Changes by a model are accepted, undone and redone as a whole."""

from __future__ import annotations

import subprocess

from studio_code.pages.history.timeline import turn

CODE = "def add(a, b):\n    return a + b\n"


def test_an_accepted_change_is_saved_listed_undone_and_redone(desk) -> None:
    desk.open_file("a.py", CODE)
    workspace = desk.page.workspace
    workspace.propose("a.py", "new\n", "Shorter")
    assert desk.page.editor_area.in_review
    assert (desk.folder / "a.py").read_text() == CODE
    workspace.accept("a.py", "new\n", "Shorter")
    desk.settled()
    assert (desk.folder / "a.py").read_text() == "new\n"
    row = desk.page.timeline.rows[0]
    assert (row.entry.why, row.entry.undone, row.entry.commit) == ("Shorter", False, "")
    row.turn.click()
    desk.settled()
    assert (desk.folder / "a.py").read_text() == CODE
    assert desk.page.timeline.rows[0].turn.text() == "Redo"
    desk.again()
    desk.page.timeline.rows[0].turn.click()
    desk.settled()
    assert (desk.folder / "a.py").read_text() == "new\n"


def test_a_file_that_a_change_made_goes_with_it_and_comes_again(desk) -> None:
    desk.open_folder()
    workspace, path = desk.page.workspace, desk.folder / "deep" / "er" / "new.py"
    workspace.accept("deep/er/new.py", CODE, "New")
    desk.settled()
    assert path.read_text() == CODE
    turn(workspace, workspace.journal.entries[0], undone=True)
    desk.settled()
    assert not path.exists()
    assert workspace.find("deep/er/new.py") is None
    turn(workspace, workspace.journal.entries[0], undone=False)
    desk.settled()
    assert path.read_text() == CODE


def test_a_change_that_was_changed_since_is_not_undone_as_a_whole(desk) -> None:
    desk.open_file("a.py", CODE)
    workspace = desk.page.workspace
    workspace.accept("a.py", "new\n", "Shorter")
    desk.settled()
    desk.type("# mine\n")
    turn(workspace, workspace.journal.entries[0], undone=True)
    desk.settled()
    assert "has changed since" in desk.trouble()
    assert (workspace.proposal.old, workspace.proposal.new) == ("new\n# mine\n", CODE)
    assert desk.current.text() == "new\n# mine\n"
    workspace.decline()
    assert not desk.page.trouble.widget.isVisibleTo(desk.page), "what it told of was looked at"


def test_a_new_file_is_made_by_accepting_it(desk) -> None:
    desk.open_folder()
    workspace = desk.page.workspace
    workspace.propose("src/made.py", CODE, "Made")
    desk.until(lambda: desk.page.editor_area.in_review)
    assert not (desk.folder / "src").exists()
    (desk.folder / "src").mkdir()
    workspace.accept("src/made.py", CODE, "Made")
    desk.settled()
    assert (desk.folder / "src/made.py").read_text() == CODE
    workspace.propose("../out.py", CODE, "Out")
    assert "outside the open folder" in desk.trouble()


def test_a_clean_repository_gets_a_commit(desk) -> None:
    desk.write("a.py", CODE)
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "First")):
        names = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *names, *words], cwd=desk.folder, check=True)
    desk.open_file("a.py", CODE)
    desk.page.workspace.accept("a.py", "new\n", "Shorter")
    desk.until(lambda: bool(desk.page.workspace.journal.entries))
    entry = desk.page.workspace.journal.entries[0]
    shown = subprocess.run(
        ["git", "log", "-1", "--format=%h %s"],
        cwd=desk.folder, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    assert shown == [entry.commit, "Shorter"]


def test_a_difference_is_out_of_view_once_it_is_committed(desk) -> None:
    area = desk.page.editor_area
    area.show_difference("shop.py", "+one\n")
    assert area.difference.isVisibleTo(area)
    desk.page.side.git.committed.emit()
    assert not area.difference.isVisibleTo(area)

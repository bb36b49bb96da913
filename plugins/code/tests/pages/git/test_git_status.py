"""What git says of a folder, staging and committing; a merge that is under way is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.code.tests.pages.editor.test_git import git
from studio.api import BadInput
from studio_code.pages.git import status as pane
from studio_code.pages.git.status import Row


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "a.py").write_text("one\n")
    (tmp_path / "b ü.py").write_text("one\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "First")
    return tmp_path


def test_files_are_staged_seen_and_committed_one_by_one(folder: Path) -> None:
    (folder / "a.py").write_text("two\n")
    (folder / "b ü.py").unlink()
    (folder / "c.py").write_text("new\n")
    found = pane.status(folder)
    assert found.branch == "main"
    assert found.rows == (Row("a.py", ".", "M"), Row("b ü.py", ".", "D"), Row("c.py", ".", "?"))
    assert "-one\n+two" in pane.difference(folder, found.rows[0])
    with pytest.raises(BadInput, match="Nothing is staged"):
        pane.commit(folder, "Second")
    pane.stage(folder, ["a.py", "c.py", "b ü.py"])
    pane.unstage(folder, ["c.py"])
    with pytest.raises(BadInput, match="no message"):
        pane.commit(folder, " ")
    assert pane.commit(folder, "Second")
    assert git(folder, "show", "--name-status", "--format=%s", "HEAD").split("\n")[0] == "Second"
    assert pane.status(folder).rows == (Row("c.py", ".", "?"),)


def test_a_folder_inside_a_repository_sees_its_own_files(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep/d.py").write_text("new\n")
    (folder / "a.py").write_text("two\n")
    assert [row.path for row in pane.status(folder / "deep").rows] == ["d.py"]


def test_a_merge_under_way_is_told_and_finished(folder: Path) -> None:
    git(folder, "checkout", "-qb", "other")
    (folder / "a.py").write_text("theirs\n")
    git(folder, "commit", "-qam", "Theirs")
    git(folder, "checkout", "-q", "main")
    (folder / "a.py").write_text("mine\n")
    git(folder, "commit", "-qam", "Mine")
    with pytest.raises(Exception, match="merge"):
        git(folder, "merge", "other")
    found = pane.status(folder)
    assert (found.unfinished, found.conflicts) == ("merge", 1)
    with pytest.raises(BadInput, match="1 files are still in conflict"):
        pane.commit(folder, "Merge")
    (folder / "a.py").write_text("both\n")
    pane.stage(folder, ["a.py"])
    assert (pane.status(folder).unfinished, pane.status(folder).conflicts) == ("merge", 0)
    pane.commit(folder, "Merge")
    assert len(git(folder, "log", "-1", "--format=%P").split()) == 2
    assert pane.status(folder).unfinished == ""


def test_no_repository_and_one_with_programs_are_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not in a git repository"):
        pane.status(Path("/"))
    git(folder, "config", "core.fsmonitor", "touch ran")
    with pytest.raises(BadInput, match="start programs"):
        pane.status(folder)
    assert not (folder / "ran").exists()

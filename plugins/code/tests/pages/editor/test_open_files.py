"""Files that are opened, edited and saved while the folder changes around them."""

from __future__ import annotations

import errno
import os

import pytest

CODE = "def add(a, b):\n    return a + b\n"


def test_a_file_is_opened_from_the_tree_edited_and_saved(desk) -> None:
    desk.write("src/a.py", CODE)
    desk.open_folder()
    tree, model = desk.page.tree, desk.page.tree.model
    tree.view.expand(model.index_of("src"))
    desk.until(lambda: model.index_of("src/a.py").isValid())
    tree.view.clicked.emit(model.index_of("src/a.py"))
    desk.until(lambda: desk.page.workspace.current is not None)
    desk.type("x = 1")
    assert desk.current.dirty
    assert "not saved" in desk.page.editor_area.tabs.tabToolTip(0)
    desk.save()
    assert (desk.folder / "src/a.py").read_text() == CODE + "x = 1"
    assert not desk.current.dirty
    desk.page.editor_area.edit.undo()
    assert desk.current.dirty
    assert desk.current.text() == CODE


def test_a_folder_that_changes_while_it_is_read_is_read_again(desk) -> None:
    """The file of an atomic save is gone before the list with it has come."""
    desk.write("a.py", CODE)
    desk.open_folder()
    model = desk.page.tree.model
    desk.until(lambda: model.index_of("a.py").isValid())
    (desk.folder / "sedff3pMU").write_text("x")
    model.reload("")
    (desk.folder / "sedff3pMU").unlink()
    model.reload("")  # while the first one is on its way
    assert model.root.again
    desk.until(lambda: not model.root.loading and not model.root.again)
    assert not model.index_of("sedff3pMU").isValid()


def test_the_editor_keeps_encoding_line_ends_and_odd_characters(desk) -> None:
    odd = "\ufeffa\u00a0b\u2028c 🙂\r\nlast".encode("utf-16-le")
    file = desk.open_file("a.txt", odd)
    desk.type("!")
    assert file.text() == "a\u00a0b\u2028c 🙂\nlast!"
    desk.save()
    assert (desk.folder / "a.txt").read_bytes() == odd + "!".encode("utf-16-le")


@pytest.mark.parametrize(
    ("data", "words"), [(b"\0\1\2", "cannot be read as text"), (b"x" * (9 << 20), "limit is 8 MB")]
)
def test_what_cannot_be_opened_is_a_sentence(desk, data: bytes, words: str) -> None:
    desk.write("odd.bin", data)
    desk.open_folder()
    desk.page.workspace.open("odd.bin")
    desk.until(lambda: words in desk.trouble())
    assert not desk.page.workspace.files


def test_what_cannot_be_changed_says_so(desk, monkeypatch: pytest.MonkeyPatch) -> None:
    data = "grün\u2029".encode()
    file = desk.open_file("old.txt", data)
    assert "characters that an edit would lose" in desk.banner()
    desk.type("x")
    assert "x" not in file.text()
    desk.page.workspace.accept("old.txt", "other", "A change")
    desk.settled()
    assert "characters that an edit would lose" in desk.trouble()
    assert (desk.folder / "old.txt").read_bytes() == data


def test_a_full_disk_loses_nothing(desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.open_file("a.py", CODE)
    desk.type("y = 2")

    def full(source: str, target: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        desk.save()
    assert "disk is full" in desk.trouble()
    assert desk.current.dirty
    assert desk.current.text().endswith("y = 2")
    assert os.listdir(desk.folder) == ["a.py"]
    desk.save()
    assert (desk.folder / "a.py").read_text() == CODE + "y = 2"


def test_changes_from_outside_are_taken_over_or_asked_about(desk) -> None:
    file = desk.open_file("a.py", CODE)
    desk.write("a.py", "theirs\n")
    desk.until(lambda: file.text() == "theirs\n")
    assert not file.dirty
    desk.type("mine")
    desk.write("a.py", "theirs again\n")
    desk.until(lambda: "changed by another program, and you changed it" in desk.banner())
    desk.save()
    assert "was not saved over that" in desk.trouble()
    assert (desk.folder / "a.py").read_text() == "theirs again\n"
    desk.press("Compare")
    proposal = desk.page.workspace.proposal
    assert (proposal.old, proposal.new) == ("theirs\nmine", "theirs again\n")
    desk.page.workspace.decline()
    desk.press("Keep mine")
    assert desk.banner() == ""
    desk.save()
    assert (desk.folder / "a.py").read_text() == "theirs\nmine"


def test_a_change_by_a_model_is_not_written_over_one_from_outside(desk) -> None:
    file = desk.open_file("a.py", CODE)
    desk.type("mine")
    desk.write("a.py", "theirs\n")
    desk.until(lambda: file.outside is not None)
    desk.page.workspace.accept("a.py", "by a model\n", "why")
    desk.until(lambda: "was not saved over that" in desk.trouble())
    assert (desk.folder / "a.py").read_text() == "theirs\n"
    assert (file.text(), file.dirty) == ("by a model\n", True)
    assert not desk.page.workspace.journal.entries


def test_taking_theirs_can_be_undone(desk) -> None:
    file = desk.open_file("a.py", CODE)
    desk.type("mine")
    desk.write("a.py", "theirs\n")
    desk.until(lambda: file.outside is not None)
    desk.press("Use theirs")
    assert (file.text(), file.dirty) == ("theirs\n", False)
    desk.page.editor_area.edit.undo()
    assert file.text() == CODE + "mine"


def test_a_deleted_file_stays_as_text(desk) -> None:
    file = desk.open_file("a.py", CODE)
    (desk.folder / "a.py").unlink()
    desk.until(lambda: "was deleted on disk" in desk.banner())
    assert file.dirty
    desk.press("Save it again")
    assert (desk.folder / "a.py").read_text() == CODE
    assert desk.banner() == ""


def test_a_folder_that_vanishes_is_told(desk) -> None:
    file = desk.open_file("a.py", CODE)
    desk.folder.rename(desk.folder.with_name("moved"))
    desk.page.watching.look_now()
    desk.until(lambda: "no longer exists" in desk.trouble())
    desk.until(lambda: file.gone)
    assert file.text() == CODE
    desk.folder.with_name("moved").rename(desk.folder)

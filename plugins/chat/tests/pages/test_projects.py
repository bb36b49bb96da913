"""Projects: what their conversations share, moving, searching, bin and back, export."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from studio.testing.scripted import Tokens
from studio_chat.imports import formats
from studio_chat.pages.conversations.model import CONVERSATION, INSIDE, PROJECT
from studio_chat.pages.projects.project import Project
from studio_chat.pages.projects.project_dialog import ProjectDialog, made_in
from studio_chat.pages.projects.project_export import export


def talk(desk: Any, text: str = "one") -> str:
    desk.runtime.enqueue(Tokens("1"))
    desk.say(text)
    return str(desk.page.session.id)


def project(desk: Any, **more: Any) -> Project:
    made = Project(desk.page.projects.new_id(), "Garden", **more)
    desk.page.projects.put(made)
    desk.settled()
    return made


def listed(desk: Any) -> list[str]:
    """Return the rows of the list; what lies in a project is indented."""
    model = desk.page.list.model
    rows = [model.index(n) for n in range(model.rowCount())]
    return [
        f"[{row.data(PROJECT).title}]"
        if row.data(PROJECT)
        else ("  " if row.data(INSIDE) else "") + str(row.data())
        for row in rows
    ]


def test_a_conversation_of_a_project_is_told_its_instructions_and_files(
    desk: Any, tmp_path: Path
) -> None:
    notes, own = tmp_path / "notes.txt", tmp_path / "own.txt"
    notes.write_text("Roses need water.")
    own.write_text("Tulips do not.")
    garden = project(desk, instructions="We live in Oslo.", files=(str(notes),))
    desk.page.list.projects.begin_asked.emit(garden.id)
    desk.page.parameters.form.set_values({"system": "Be brief."})
    desk.page._keep_settings()
    desk.page.composer.attachments.add([str(own)])
    talk(desk)
    asked = desk.runtime.submitted[-1].params
    assert asked["system"] == "We live in Oslo.\n\nBe brief."
    assert asked["documents"] == [str(notes), str(own)]
    assert desk.ctx.library.conversations.get(desk.page.session.id).folder == garden.id
    desk.page.new()
    talk(desk, "outside")
    assert desk.runtime.submitted[-1].params["system"] == ""


def test_a_conversation_is_dropped_into_a_project_and_out_of_it(desk: Any) -> None:
    id, garden = talk(desk), project(desk)
    model, action = desk.page.list.model, Qt.DropAction.MoveAction
    assert listed(desk) == ["Projects", "[Garden]", "Today", "one"]
    dragged = model.mimeData([model.index_of(id)])
    model.dropMimeData(dragged, action, -1, -1, model.index(1))
    desk.settled()
    assert listed(desk) == ["Projects", "[Garden]", "  one"]
    assert desk.page.session.folder == garden.id
    desk.page.list._open(model.index(1))  # folded away
    desk.settled()
    assert listed(desk) == ["Projects", "[Garden]"]
    desk.page.list._open(model.index(1))
    desk.settled()
    model.dropMimeData(dragged, action, -1, -1, model.index(0))
    desk.settled()
    assert listed(desk) == ["Projects", "[Garden]", "Today", "one"]


@pytest.mark.slow
def test_searching_in_a_project_finds_nothing_beside_it(desk: Any) -> None:
    inside, garden = talk(desk, "roses inside"), project(desk)
    desk.page.projects.move(inside, garden.id)
    desk.page.new()
    talk(desk, "roses outside")
    desk.page.list.search_in(garden.id)
    desk.page.list.search.setText("roses")
    desk.page.list.refresh()
    desk.settled()
    assert listed(desk) == ["Found", "roses inside"]
    desk.page.list.search_in("")
    desk.settled()
    assert len(listed(desk)) == 3


@pytest.mark.slow
def test_a_project_in_the_bin_comes_back_whole_even_after_a_crash(desk: Any) -> None:
    id, garden = talk(desk), project(desk, instructions="Be kind.")
    desk.page.projects.move(id, garden.id)
    desk.settled()
    desk.page.list.projects.bin(garden)
    desk.settled()
    assert listed(desk) == []
    assert desk.page.session.id == ""
    desk.end()  # nothing is saved on the way out: all that counts is on the disk
    desk.open()
    (gone,) = desk.page.projects.in_bin()
    desk.page.projects.restore(gone)
    desk.settled()
    assert listed(desk) == ["Projects", "[Garden]", "  one"]
    assert desk.page.projects.get(garden.id) == garden


def test_a_project_is_written_in_its_dialog(desk: Any) -> None:
    desk.page.list.projects.new()
    dialog = desk.window.findChild(ProjectDialog)
    dialog._on_save()
    assert desk.page.projects.all() == []  # without a title it stays open
    dialog.title.setText("Garden")
    dialog.instructions.setPlainText("Be kind.")
    dialog._on_save()
    desk.settled()
    assert listed(desk) == ["Projects", "[Garden]"]
    assert desk.page.projects.all()[0].instructions == "Be kind."


@pytest.mark.slow
def test_a_project_is_exported_whole_and_its_conversations_can_be_imported(
    desk: Any, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("Roses need water.")
    garden = project(desk, files=(str(notes), str(tmp_path / "gone.txt")))
    for _ in range(2):
        desk.page.new(garden.id)
        talk(desk)
    target = tmp_path / "garden.zip"
    assert export(desk.ctx, garden, target) == 1
    with zipfile.ZipFile(target) as archive:
        names = set(archive.namelist())
        assert archive.read("files/notes.txt") == b"Roses need water."
    assert {"project.json", "chats/one.md", "chats/one (2).md"} < names
    assert len(formats.read(target)) == 2
    assert made_in(desk.ctx, garden) == []
    assert desk.page.list.model.index(2).data(CONVERSATION) is not None

"""Saved prompts and presets: inserted, kept over a restart, brought in and taken out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.api import BadInput
from studio_chat.pages.prompts import saved_file
from studio_chat.pages.prompts.prompt_dialog import PromptDialog
from studio_chat.pages.prompts.saved import Preset, Prompt

LETTER = Prompt("Polite letter", "Write to {name} about {what}.", "Work")
FENCED = Prompt("Fences", "# A\n\n```py\nx = 1\n```\n## Not a prompt\n")


def test_a_prompt_is_inserted_by_its_name_and_its_blanks_are_filled_in(desk: Any) -> None:
    desk.page.shelf.put_prompt(LETTER)
    desk.page.shelf.put_prompt(FENCED)
    field = desk.page.composer.field
    field.setFocus()
    QTest.keyClicks(field, "/pol")
    assert desk.page.prompts.isVisible()
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.textCursor().selectedText() == "{name}"
    QTest.keyClicks(field, "Ada")
    field.textCursor().clearSelection()
    assert field.toPlainText() == "Write to Ada about {what}."
    assert not desk.page.prompts.isVisible()
    assert not desk.page.session.turns  # Return inserted, and sent nothing
    QTest.keyClicks(field, "/")
    assert not desk.page.prompts.isVisible()  # in the middle of a message it is a stroke


def test_a_path_is_no_prompt_and_escape_leaves_what_was_typed(desk: Any) -> None:
    desk.page.shelf.put_prompt(LETTER)
    field = desk.page.composer.field
    QTest.keyClicks(field, "/usr")
    assert not desk.page.prompts.isVisible()
    field.clear()
    QTest.keyClicks(field, "/p")
    assert desk.page.prompts.isVisible()
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert not desk.page.prompts.isVisible()
    assert field.toPlainText() == "/p"


@pytest.mark.slow
def test_prompts_and_presets_outlive_a_restart(desk: Any) -> None:
    desk.page.dialogs.edit_prompts()
    dialog = desk.page.findChild(PromptDialog)
    dialog.name.setText(LETTER.name)
    dialog.folder.setText(LETTER.folder)
    dialog.text.setPlainText(LETTER.text)
    dialog.accept()
    desk.page.parameters.form.set_values({"system": "Rhyme.", "temperature": 0.7})
    desk.page.parameters.save_preset("Poet")
    desk.page.shelf.use_by_default("Poet")
    desk.again()
    assert desk.page.shelf.prompts == [LETTER]
    desk.page.new()
    assert desk.page.session.settings["system"] == "Rhyme."
    assert desk.page.session.settings["preset"] == "Poet"
    desk.page.parameters.use_preset("")
    assert desk.page.parameters.form.values()["system"] == ""


def test_a_preset_that_is_renamed_stays_the_default_and_in_its_place(desk: Any) -> None:
    shelf = desk.page.shelf
    for name in ("Brief", "Long"):
        shelf.put_preset(Preset(name, {"temperature": 0.2}))
    shelf.use_by_default("Brief")
    shelf.rename_preset("Brief", "Short")
    assert [each.name for each in shelf.presets] == ["Short", "Long"]
    assert shelf.default == "Short"
    shelf.rename_preset("Short", "long")
    assert [each.name for each in shelf.presets] == ["long"], "a name is there once"


def test_the_style_of_answers_sets_the_knobs_and_follows_them(desk: Any) -> None:
    parameters = desk.page.parameters
    before = parameters.form.values()
    assert parameters.bar.sampling.current == "balanced"
    parameters.bar.sampling.buttons["creative"].click()
    assert parameters.form.values()["temperature"] > before["temperature"]
    parameters.settle()
    assert desk.page.session.settings["temperature"] == parameters.form.values()["temperature"]
    row = parameters.form.row("top_k")
    row.editor.edited.emit() if row.show_value(3) else row.changed[0]()
    assert parameters.bar.sampling.current == "custom"
    parameters.bar.sampling.buttons["balanced"].click()
    assert parameters.form.values() == before


@pytest.mark.parametrize("suffix", [".json", ".md"])
def test_what_was_exported_is_imported_as_it_was(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"prompts{suffix}"
    presets = [Preset("Poet", {"system": "Rhyme.", "temperature": 0.7}, "tiny")]
    path.write_bytes(saved_file.written([LETTER, FENCED], presets, suffix))
    prompts, back = saved_file.read(path)
    assert prompts == [LETTER, FENCED]
    assert back == (presets if suffix == ".json" else [])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[" * 100_000,
        b"null",
        b'{"prompts": 3}',
        json.dumps({"prompts": [{"name": "a", "text": "b"}, {"name": "", "text": "c"}]}).encode(),
        json.dumps({"presets": [{"name": "a", "settings": {"temperature": 99}}]}).encode(),
        json.dumps({"prompts": [{"name": "a", "text": "x" * 50_000}]}).encode(),
    ],
)
def test_a_file_that_is_something_else_is_refused_whole(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "prompts.json"
    path.write_bytes(data)
    with pytest.raises(BadInput):
        saved_file.read(path)


def test_what_is_imported_again_is_there_once_and_a_name_that_is_taken_gives_way(desk: Any) -> None:
    shelf = desk.page.shelf
    assert shelf.add_all([LETTER], []) == 1
    assert shelf.add_all([LETTER, Prompt(LETTER.name, "Other.")], []) == 1
    assert [each.name for each in shelf.prompts] == ["Polite letter", "Polite letter (2)"]

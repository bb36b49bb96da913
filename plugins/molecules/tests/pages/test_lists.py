"""Lists of molecules are brought in and taken out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from plugins.molecules.tests.pages.page_desk import Desk, table
from studio.api import SavedArtifact
from studio.testing.scripted import (
    Artifact,
)
from studio_molecules.molecule import Molecule, from_csv, to_csv
from studio_molecules.plugin import studio_thumbnails


def test_a_dropped_file_is_read_and_its_faults_are_listed(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "list.smi"
    path.write_text("CCO ethanol\nC1CC bad\n")
    faults = [{"line": 2, "reason": "ring 1 is not closed"}]
    remarks = [{"line": 1, "reason": "salt or mixture: only the largest part was kept"}]
    meta = {"faults": faults, "faults_untold": 3, "remarks": remarks, "repeats": 2}
    desk.runtime.enqueue(table(meta=meta))
    assert desk.drop(path)
    desk.until(lambda: len(desk.shown()) == 6)
    assert desk.runtime.asked("molecules.predict")[0].params["file"] == str(path)
    assert desk.trouble() == (
        "4 rows could not be read; the others are here. "
        "1 salt or mixture was reduced to its largest fragment. 2 rows repeat earlier ones."
    )
    desk.try_again()
    dialog = desk.page.faults
    assert dialog is not None
    items = [dialog.list.topLevelItem(place) for place in range(2)]
    assert [item.text(0) for item in items] == ["1", "2"]
    assert items[1].text(1) == "ring 1 is not closed"
    dialog._copy()
    assert QGuiApplication.clipboard().text().endswith("\n2\tring 1 is not closed")
    dialog.close()
    field = desk.page.composer.field.widget
    desk.set_mode("analogues")
    assert "Lead" in field.placeholderText()
    desk.set_mode("predict")
    assert field.placeholderText() == "list.smi", "which would be read again"
    field.setPlainText("CCO")
    assert "one per line" in field.placeholderText()


def test_nothing_below_moves_when_something_is_told(desk: Desk) -> None:
    desk.show()
    stage = desk.page.views
    before = stage.y()
    desk.page.trouble.remark("1 row", "Show them", "list", lambda: None)
    desk.until(lambda: desk.page.trouble.widget.isVisible())
    desk.page.layout().activate()
    assert stage.y() == before
    desk.page.trouble.hide()
    desk.page.layout().activate()
    assert stage.y() == before


def test_molecules_that_need_care_are_told_and_can_be_shown(desk: Desk) -> None:
    rows = [
        Molecule("C", figures={"mw": 16, "care": 0}),
        Molecule("CC(C)OP(C)(=O)F", figures={"mw": 140, "care": 1}),
    ]
    meta = {"notice": "1 of 2 molecules resembles a scheduled weapon."}
    desk.show(Artifact("molecules", to_csv(rows), ".csv", meta=meta))
    assert desk.trouble() == meta["notice"]
    desk.try_again()
    desk.until(lambda: desk.shown() == ["CC(C)OP(C)(=O)F"])


def test_what_networks_predict_is_told_with_how_far_they_disagree(desk: Desk) -> None:
    figures = {"mw": 16.0, "hia": 0.91, "hia_spread": 0.04, "domain": 0}
    desk.show(Artifact("molecules", to_csv([Molecule("C", figures=figures)]), ".csv"))
    desk.click_cell(0)
    detail = desk.page.browser.detail
    assert "0.91 ± 0.04" in detail.figures.text()
    assert "Outside the models' domain" in detail.notice.text()
    assert "hia_spread" not in desk.page.browser.model.possible()


def test_numbers_of_a_file_are_columns_and_say_where_they_are_from(desk: Desk) -> None:
    rows = [Molecule("C", operation="read", figures={"mw": 16.04, "pIC50": 6.5})]
    desk.show(Artifact("molecules", to_csv(rows), ".csv"))
    browser = desk.page.browser
    assert browser.model.columns == ["structure", "pIC50", "mw"]
    desk.click_cell(0)
    told = browser.detail.figures.text()
    assert told.index("Weight") < told.index("From the file") < told.index("pIC50")


def test_pasted_smiles_are_read(desk: Desk) -> None:
    desk.runtime.enqueue(table())
    desk.paste("CCO ethanol\nCCN")
    desk.until(lambda: len(desk.shown()) == 6)
    assert desk.runtime.asked("molecules.predict")[0].params["smiles"] == "CCO ethanol\nCCN"


def test_an_empty_clipboard_is_told(desk: Desk) -> None:
    desk.paste()
    assert "No molecules on the clipboard" in desk.trouble()


@pytest.mark.parametrize("suffix", [".smi", ".csv"])
def test_what_is_in_view_is_exported(desk: Desk, tmp_path: Path, suffix: str) -> None:
    desk.show()
    said = desk.listen()
    desk.page.browser.filters.words.setText("chain 2")
    desk.until(lambda: desk.shown() == ["CC"])
    desk.target = tmp_path / f"out{suffix}"
    desk.qtbot.mouseClick(desk.page.browser.toolbar.export, Qt.MouseButton.LeftButton)
    scopes = desk.page.molecules.dialog.scopes.values()
    assert [button.text() for button in scopes] == ["0 selected", "1 shown", "All 6"]
    desk.export(suffix)
    desk.until(lambda: bool(said))
    data = desk.target.read_bytes()
    if suffix == ".smi":
        assert data == b"CC chain 2\n"
    else:
        assert [each.smiles for each in from_csv(data)] == ["CC"]
    assert "1 molecule is in out" in said[0]


def test_an_sd_file_is_written_by_the_runtime(desk: Desk, tmp_path: Path) -> None:
    desk.show()
    said = desk.listen()
    desk.page.molecules.choose_all()
    desk.runtime.enqueue(Artifact("molecules", b"sd file", ".sdf"))
    desk.target = tmp_path / "out.sdf"
    desk.export(".sdf")
    desk.until(lambda: bool(said))
    assert desk.target.read_bytes() == b"sd file"
    asked = desk.runtime.asked("molecules.export")[0]
    assert (asked.params["format"], asked.params["in_space"]) == ("sdf", False)
    assert len(from_csv(bytes(desk.runtime.inputs_of(asked)["table"]))) == 6


def test_what_leaves_is_chosen_selected_shown_or_all(desk: Desk, tmp_path: Path) -> None:
    desk.show()
    said = desk.listen()
    desk.page.browser.filters.narrow("mw", 40, 90)
    desk.until(lambda: len(desk.shown()) == 4)
    desk.click_cell(1)
    for scope, count in (("selected", 1), ("shown", 4), ("all", 6)):
        desk.target = tmp_path / f"{scope}.csv"
        desk.export(".csv", scope)
        desk.until(lambda: desk.target.exists())
        assert len(from_csv(desk.target.read_bytes())) == count
    desk.until(lambda: len(said) == 3)
    desk.runtime.enqueue(Artifact("molecules", b"book", ".xlsx"))
    desk.target = tmp_path / "all.xlsx"
    desk.export(".xlsx", "all")
    desk.until(lambda: desk.target.exists())
    assert desk.runtime.asked("molecules.export")[0].params["format"] == "xlsx"


def test_a_column_of_words_is_filtered_by_part_and_by_value(desk: Desk) -> None:
    labs = ["Basel", "Basel", "Oslo", "", "Oslo 2"]
    rows = [
        Molecule("C" * (n + 1), f"m{n}", operation="read", words={"Lab": lab} if lab else {})
        for n, lab in enumerate(labs)
    ]
    desk.show(Artifact("molecules", to_csv(rows), ".csv"))
    panel = desk.page.browser.filters
    panel.add_filter("Lab")
    card = panel.cards["Lab"]
    desk.qtbot.keyClicks(card.contains, "oslo")
    desk.until(lambda: desk.shown() == ["CCC", "CCCCC"])
    card.contains.clear()
    assert card.values["Basel"].text() == "Basel  (2)"
    card.ask("", ["Basel", ""])
    desk.until(lambda: desk.shown() == ["C", "CC", "CCCC"])
    desk.again()
    desk.until(lambda: desk.shown() == ["C", "CC", "CCCC"])
    desk.page.browser.filters.open_all()
    desk.until(lambda: len(desk.shown()) == 5)


def test_repeated_rows_are_merged_on_demand_and_a_name_is_a_lead(desk: Desk) -> None:
    desk.set_mode("predict")
    desk.page.composer.set_list("C a\nC b")
    repeated = [{"line": 2, "reason": "the same molecule as line 1 (a): both are kept"}]
    meta = {"repeats": 1, "repeats_are": "keep", "repeated": repeated}
    desk.show(table(meta=meta))
    assert desk.trouble() == "1 row repeats an earlier one and is kept."
    desk.try_again()
    desk.page.faults.merge.click()
    desk.until_over()
    assert desk.runtime.asked("molecules.predict")[-1].params["repeats"] == "merge"
    desk.set_mode("analogues")
    desk.page.composer.set_lead("Chain 3")
    assert desk.page.composer.request().params["lead"] == "CCC"


def test_a_format_that_is_none_and_a_disk_that_refuses_are_told(desk: Desk, tmp_path: Path) -> None:
    desk.show()
    desk.target = tmp_path / "out.docx"
    desk.export(".sdf")
    desk.until(lambda: "not a supported format" in desk.trouble())
    desk.target = tmp_path / "nowhere" / "out.csv"
    desk.export(".csv")
    desk.until(lambda: "does not exist" in desk.trouble())


def test_copy_and_use_as_lead(desk: Desk) -> None:
    desk.show()
    desk.click_cell(2)
    detail = desk.page.browser.detail
    detail.copy_asked.emit()
    assert QGuiApplication.clipboard().text() == "CCC"
    detail.lead_asked.emit()
    assert desk.mode() == "analogues"
    assert desk.page.composer.field.text == "CCC"
    desk.page.molecules.choose_all()
    desk.page.molecules.copy()
    assert len(QGuiApplication.clipboard().text().splitlines()) == 6


def test_a_list_without_a_picture_gets_a_card(desk: Desk, tmp_path: Path) -> None:
    made: list[Any] = []
    draw = studio_thumbnails(desk.ctx)["molecules"]
    for name, data in (("old.csv", to_csv([Molecule("CCO"), Molecule("CCN")])), ("bad.csv", b"")):
        (tmp_path / name).write_bytes(data)
        draw(SavedArtifact("a", "molecules", "Old", "", tmp_path / name), made.append)
    desk.until(lambda: len(made) == 2)
    card = max(made, key=lambda each: each.width())
    assert card.size().toTuple() == (400, 280)
    assert card.pixelColor(100, 140).alpha() == card.pixelColor(300, 140).alpha() == 255
    assert min(made, key=lambda each: each.width()).isNull()

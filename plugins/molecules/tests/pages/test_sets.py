"""Sets on the page: what is selected, predicted, clustered, compared, coloured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from plugins.molecules.tests.pages.page_desk import Desk, table
from studio.testing.scripted import Artifact, Result
from studio_molecules.molecule import Molecule, from_csv, to_csv
from studio_molecules.pages.table.model import LIGHT


def asked_rows(desk: Desk, task: str) -> list[str]:
    inputs = desk.runtime.inputs_of(desk.runtime.asked(task)[-1])
    return [each.smiles for each in from_csv(bytes(inputs["table"]))]


def test_the_bar_says_how_many_are_selected_and_what_can_be_done(desk: Desk) -> None:
    desk.show()
    bar, collection = desk.page.browser.selection, desk.page.collection
    assert not bar.isVisible()
    top = desk.page.browser.table.y()
    collection.choose(1, [1, 2])
    desk.until(bar.isVisible)
    assert bar.words.text() == "2 selected"
    assert desk.page.browser.table.y() == top, "no row moves when it comes"
    bar.buttons["invert"].click()
    assert collection.chosen == {0, 3, 4, 5}
    bar.buttons["keep"].click()
    desk.until(lambda: desk.shown() == ["C", "CCCC", "CCCCC", "CCCCCC"])
    bar.buttons["predict"].click()
    desk.until_over()
    assert asked_rows(desk, "molecules.predict") == desk.shown()
    bar.buttons["clear"].click()
    assert not bar.isVisible()
    desk.page.browser.filters.open_all()
    desk.until(lambda: len(desk.shown()) == 6)


def test_the_set_in_view_is_clustered_paired_and_combined(desk: Desk) -> None:
    desk.show()
    sets = desk.page.sets
    sets.ask_cluster()
    sets.dialog.form.set_values({"similarity": 0.6, "pick": 3, "core": "c1ccccc1"})
    desk.runtime.enqueue(table(4))
    sets.dialog.accept()
    desk.until(lambda: len(desk.shown()) == 4)
    params = desk.runtime.asked("molecules.cluster")[0].params
    assert (params["similarity"], params["core"]) == (0.6, "c1ccccc1")
    sets.pairs()
    desk.until_over()
    assert len(asked_rows(desk, "molecules.pairs")) == 4
    menus: list[QMenu] = []
    kinds = desk.ctx.library.find(kinds=("molecules",))
    other = next(each for each in kinds if each.id != desk.page.collection.artifact)
    menus.append(sets._menu(kinds))
    desk.qtbot.addWidget(menus[0])
    assert any("Merge with" in action.text() for action in menus[0].actions())
    sets.combine("subtract", other)
    desk.until(lambda: bool(desk.runtime.asked("molecules.combine")))
    desk.until_over()
    job = desk.runtime.asked("molecules.combine")[0]
    assert job.params["how"] == "subtract"
    assert len(from_csv(bytes(desk.runtime.inputs_of(job)["other"]))) == 6


def test_a_selection_is_docked_with_its_columns_and_its_poses_come_into_view(desk: Desk) -> None:
    desk.show()
    desk.page.collection.choose(1, [1, 2])
    desk.page.browser.selection.buttons["dock"].click()
    dialog = desk.page.sets.dialog
    dialog.form.set_values({"target": "DRD2", "exhaustiveness": 2})
    posed = "[H]O[H] |(1,2,3;2,2,3;3,2,3)|"
    figures = {"docking": -7.5, "mw": 18.0}
    rows = [Molecule("O", "water", figures=figures, coordinates=posed)]
    pocket = {"symbols": ["C", "N"], "places": [[2, 4, 3], [2, 5, 3]]}
    desk.runtime.enqueue(
        Artifact("pose", b"", ".sdf"),
        Artifact("molecules", to_csv(rows), ".csv", meta={"pocket": pocket}),
    )
    dialog.accept()
    desk.until(lambda: desk.shown() == ["O"])
    assert desk.trouble() == "", "poses are no table"
    job = desk.runtime.asked("molecules.dock")[0]
    assert (job.params["target"], job.params["exhaustiveness"]) == ("DRD2", 2)
    handed = from_csv(bytes(desk.runtime.inputs_of(job)["ligands"]))
    assert [each.figures["mw"] for each in handed] == [30.0, 44.0]
    assert desk.page.browser.model.columns[2] == "docking", "before the rest"
    view = desk.page.browser.detail.conformer
    desk.until(lambda: view.atoms == 3)
    asked = desk.runtime.asked("molecules.shape")[-1]
    assert asked.params["smiles"] == posed
    assert view.around == 2, "the pocket is around it"
    assert desk.page.composer.modes.forms["dock"].values()["target"] == "DRD2", "for the next time"


def test_atoms_are_coloured_by_what_they_add_to_a_figure(desk: Desk, tmp_path: Path) -> None:
    desk.show()
    choice, drawing = desk.page.browser.detail.by_atom, desk.page.browser.detail.drawing
    menu = choice.menu()
    desk.qtbot.addWidget(menu)
    titles = [action.text() for action in menu.actions() if action.text()]
    assert titles == ["No colours", "logP"], "of QED and the weight no atom has a share"
    assert choice.legend.isHidden()
    menu.actions()[-1].trigger()
    desk.until(lambda: "orange raises logP" in choice.legend.text())
    drawn = desk.runtime.asked("molecules.draw")
    asked = [job.params["smiles"] for job in drawn if job.params["by_atom"] == "logp"]
    assert asked == [[drawing.smiles]], "the molecule that is looked at, not the table"
    assert "together: 1.25" in choice.legend.text()
    desk.target = tmp_path / "sheet.svg"
    desk.export(".svg")
    desk.until(lambda: bool(desk.runtime.asked("molecules.export")))
    assert desk.runtime.asked("molecules.export")[0].params["by_atom"] == "logp"
    choice.choose("")
    assert choice.legend.isHidden()


def test_the_table_is_sorted_by_likeness_to_the_row_that_is_looked_at(desk: Desk) -> None:
    desk.show()
    desk.click_cell(2)
    desk.runtime.enqueue(Result(similarities=[0.1, 0.5, 1.0, 0.7, -1.0, 0.2]))
    desk.page.sets.sort_alike()
    desk.until(lambda: desk.shown()[:3] == ["CCC", "CCCC", "CC"])
    assert desk.shown()[-1] == "CCCCC", "without a likeness"
    assert "similarity" in desk.page.browser.model.columns


def test_two_molecules_stand_side_by_side(desk: Desk) -> None:
    desk.show()
    desk.page.collection.choose(1, [1, 3])
    desk.page.sets.compare()
    dialog = desk.page.sets.comparison
    desk.until(lambda: "largest common part" in dialog.words.text())
    job = next(job for job in desk.runtime.asked("molecules.draw") if job.params.get("differing"))
    assert job.params["smiles"] == ["CC", "CCCC"]
    assert all(drawing.renderer().isValid() for drawing in dialog.drawings)
    told = dialog.figures.text()
    assert told.index("Weight") < told.index("</table>")
    dialog.close()


def predicted() -> list[Molecule]:
    figures = [
        {"mw": 16.0, "herg": 0.9, "hia": 0.9, "domain": 1.0, "half_life": 2.0},
        {"mw": 30.0, "herg": 0.5, "hia": 0.1, "domain": 1.0},
        {"mw": 44.0, "herg": 0.1, "herg_spread": 0.05, "hia": 0.5, "domain": 0.0, "ppbr": 95.0},
    ]
    return [Molecule("C" * (n + 1), f"m{n}", figures=each) for n, each in enumerate(figures)]


def test_figures_are_judged_and_impossible_ones_are_out_of_domain(desk: Desk) -> None:
    desk.show(Artifact("molecules", to_csv(predicted()), ".csv"))
    model = desk.page.browser.model
    model.show_columns(["herg", "half_life", "mw"])

    def cell(row: int, column: str, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        return model.index(row, model.columns.index(column)).data(role)

    assert [cell(row, "herg", LIGHT) for row in range(3)] == ["poor", "fair", "good"]
    assert [cell(row, "half_life", LIGHT) for row in range(3)] == ["fair", "", ""]
    assert cell(0, "mw", LIGHT) == ""
    assert [cell(row, "half_life") for row in range(3)] == ["2.00", *["out of domain"] * 2]
    tip = cell(2, "herg", Qt.ItemDataRole.ToolTipRole)
    assert tip.startswith("0.10 ± 0.05 · good\n")
    assert "Good to 0.3, poor above 0.7." in tip
    assert "impossible" in cell(1, "half_life", Qt.ItemDataRole.ToolTipRole)
    desk.click_cell(1)
    assert "Half-life" in desk.page.browser.detail.notice.text()


def test_a_column_of_words_is_as_wide_as_its_texts(desk: Desk) -> None:
    rows = [Molecule("C", operation="read", words={"D": "2024-01-12 at noon", "E": "x" * 500})]
    desk.show(Artifact("molecules", to_csv(rows), ".csv"))
    view = desk.page.browser.table
    columns = desk.page.browser.model.columns
    wide = {id: view.columnWidth(columns.index(id)) for id in ("D", "E")}
    assert wide["D"] > view.fontMetrics().horizontalAdvance("2024-01-12 at noon")
    assert wide["E"] < view.fontMetrics().horizontalAdvance("x" * 60)


def test_presets_of_columns_change_admet_and_nothing_else(desk: Desk) -> None:
    desk.show(Artifact("molecules", to_csv(predicted()), ".csv"))
    browser = desk.page.browser
    menu = QMenu()
    desk.qtbot.addWidget(menu)
    browser._add_presets(menu)
    presets = {action.text(): action for action in menu.actions()[0].menu().actions()}
    presets["Toxicity"].trigger()
    assert browser.model.columns == ["structure", "name", "mw", "herg"]
    presets["All"].trigger()
    assert browser.model.columns == ["structure", "name", "mw", "hia", "ppbr", "half_life", "herg"]
    presets["None"].trigger()
    assert browser.model.columns == ["structure", "name", "mw"]


def test_structure_and_name_stay_while_the_table_scrolls(desk: Desk) -> None:
    rows = [
        Molecule(
            "C" * (n + 1),
            f"m{n}",
            operation="read",
            figures={f"figure {k}": n + k for k in range(30)},
        )
        for n in range(30)
    ]
    desk.show(Artifact("molecules", to_csv(rows), ".csv"))
    view = desk.page.browser.table
    assert not view.frozen.isVisible()
    view.horizontalScrollBar().setValue(400)
    desk.until(view.frozen.isVisible)
    assert view.frozen.columnAt(4) == 0
    assert view.frozen.columnAt(view.frozen.width() - 4) == 1
    view.verticalScrollBar().setValue(333)
    assert view.frozen.verticalScrollBar().value() == 333
    index = desk.page.browser.model.index(6, 1)
    at = view.frozen.visualRect(index).center()
    desk.qtbot.mouseClick(view.frozen.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert desk.page.collection.chosen == {6}
    view.horizontalScrollBar().setValue(0)
    desk.until(lambda: not view.frozen.isVisible())


@pytest.mark.parametrize("looks", [("mw", ""), ("", "logp"), ("mw", "logp")])
def test_dots_say_two_more_figures(desk: Desk, looks: tuple[str, str]) -> None:
    desk.show()
    desk.page.browser.show_view("plot")
    plot = desk.page.browser.plot
    desk.until(lambda: plot.scatter._np is not None)
    plain = plot.scatter.grab().toImage()
    for box, figure in zip((plot.box_colour, plot.box_size), looks, strict=True):
        box.setCurrentIndex(box.findData(figure))
    assert plot.scatter.grab().toImage() != plain
    np = plot.scatter._np
    rows = desk.page.collection.rows
    groups = plot.scatter.dots.groups(np.arange(6), rows, 5.0)
    assert sum(int(here.sum()) for here, _colour, _wide in groups) == 6
    assert len({colour for _here, colour, _wide in groups}) == (6 if looks[0] else 1)
    assert len({wide for _here, _colour, wide in groups}) == (3 if looks[1] else 1)
    assert ("Weight" in " ".join(plot.scatter.dots.figure_lines(0, rows))) == bool(looks[0])


def test_an_own_column_is_learned_and_becomes_an_objective(desk: Desk) -> None:
    rows = [
        Molecule("C" * n, f"m{n}", operation="read", figures={"assay": float(n)})
        for n in range(1, 31)
    ]
    desk.show(Artifact("molecules", to_csv(rows), ".csv"))
    desk.page.sets.learn("assay")
    desk.until_over()
    assert desk.runtime.asked("molecules.fit")[0].params["column"] == "assay"
    desk.set_mode("improve")
    profile = desk.page.composer.profile
    assert list(profile.columns()) == ["assay"]
    profile.add_own("assay")
    assert profile.cards[-1].low.text() == "28"
    desk.run()
    desk.until_over()
    job = desk.runtime.asked("molecules.improve")[0]
    assert job.params["goal"]["objectives"][-1]["property"] == "own:assay"
    own = desk.runtime.inputs_of(job).json("own", dict[str, Any], {})
    assert own["own:assay"]["values"] == [float(n) for n in range(1, 31)]
    desk.show(Artifact("molecules", to_csv(rows), ".csv"))
    choice = desk.page.browser.detail.by_atom
    menu = choice.menu()
    desk.qtbot.addWidget(menu)
    below = menu.actions()[-1].menu()
    assert [action.text() for action in below.actions()] == ["assay"]
    below.actions()[0].trigger()
    desk.until(lambda: "raises assay" in choice.legend.text())
    asked = [job for job in desk.runtime.asked("molecules.draw") if job.params["by_atom"]]
    assert desk.runtime.inputs_of(asked[0]).json("own", dict[str, Any], {}) == own

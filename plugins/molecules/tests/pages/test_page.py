"""The page of molecules under the hands of its user, in a real studio with a scripted runtime."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

sys.path.insert(0, str(Path(__file__).parents[2]))

from studio.api import BadInput, ErrorCode, JobState, Page, StudioError
from studio.desktop.appearance.appearance import Appearance
from studio.testing.page_desk import PageDesk
from studio.testing.scripted import (
    Artifact,
    Fail,
    Line,
    Result,
    ScriptedRuntime,
    Stall,
    Step,
    Tokens,
)
from studio_molecules.molecule import Molecule, from_csv, to_csv
from studio_molecules.objectives import Profile, parse
from studio_molecules.pages.page import build
from studio_molecules.pages.viewer import Viewer
from studio_molecules.plugin import studio_exporters, studio_open_file

LEAD = "CC(C)NCC(O)COc1cccc2ccccc12"
SVG = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><rect width='9' height='9'/></svg>"
SHAPE = {
    "symbols": ["C", "O", "H"],
    "places": [[0, 0, 0], [1.4, 0, 0], [-1, 0, 0]],
    "bonds": [(0, 1, 1), (0, 2, 1)],
}


def table(count: int = 6, meta: dict[str, Any] | None = None, **more: float) -> Artifact:
    """Return a table: chains of carbon, each the child of the one before."""
    rows = [
        Molecule(
            "C" * length,
            f"chain {length}",
            parent="C" * (length - 1),
            operation="atom added",
            seed=5,
            figures={"mw": 2.0 + 14 * length, "logp": float(length % 3), "qed": 1 / length} | more,
        )
        for length in range(1, count + 1)
    ]
    return Artifact(
        "molecules",
        to_csv(rows),
        ".csv",
        title=f"{count} chains",
        meta={"faults": [], **(meta or {})},
    )


class Chemist(ScriptedRuntime):
    """Draws, folds and matches by itself; other tasks follow their scripts."""

    notices: dict[str, str] = {}
    refused = ""
    broken = False

    def next_script(self) -> tuple[Line, ...]:
        asked = self.submitted[-1]
        table = self.inputs_of(asked).json("smiles", list[str], [])
        smiles = asked.params.get("smiles") or table
        match asked.task:
            case "molecules.draw":
                if self.broken:
                    return (Fail(StudioError(ErrorCode.RUNTIME_LOST, "It ended.")),)
                if self.refused and self.refused in smiles:
                    return (Fail(BadInput("That cannot be drawn.")),)
                notices = [self.notices.get(each, "") for each in smiles]
                return (Result(svgs=[SVG] * len(smiles), notices=notices),)
            case "molecules.shape":
                return (Result(**SHAPE),)
            case "molecules.match":
                found = [n for n, each in enumerate(smiles) if asked.params["pattern"] in each]
                return (Result(matches=found),)
        return super().next_script()

    def asked(self, task: str) -> list[Any]:
        return [each for each in self.submitted if each.task == task]


class Desk(PageDesk):
    plugin = "molecules"
    capabilities = {"smiles": "smiles"}
    runtime_type = Chemist

    def build(self) -> Page:
        return build(self.ctx)

    def idle(self) -> bool:
        return self.page.structures.idle

    def show(self, made: Artifact | None = None, rows: int = 6) -> None:
        """Generate, and wait until the table is in view."""
        self.runtime.enqueue(made or table(rows))
        self.run()
        self.until_over()
        self.until(lambda: len(self.page.collection.rows) > 0)

    def shown(self) -> list[str]:
        rows = self.page.collection.rows
        return [rows.molecules[row].smiles for row in self.page.collection.shown]

    def click_cell(self, row: int) -> None:
        view = self.page.browser.table
        index = self.page.browser.model.index(row, 1)
        view.scrollTo(index)
        at = view.visualRect(index).center()
        self.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)


@pytest.fixture
def desk(
    qtbot: Any, look: Appearance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    with Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        yield desk


# --- running --------------------------------------------------------------------------------------


def test_generate_shows_the_table_with_structures_and_figures(desk: Desk) -> None:
    desk.show()
    assert desk.runtime.submitted[0].task == "molecules.generate"
    browser = desk.page.browser
    assert browser.model.columns == ["structure", "name", "mw", "logp", "qed"]
    assert browser.model.index(1, 2).data() == "30.0"
    desk.until(lambda: bool(desk.runtime.asked("molecules.draw")) and desk.page.structures.idle)
    drawn = desk.runtime.asked("molecules.draw")
    sizes = [(job.params["width"], job.params["height"]) for job in drawn]
    assert max(map(sizes.count, sizes)) <= 3, "batches, not one job for each"
    wishes = [(smiles, *size) for job, size in zip(drawn, sizes) for smiles in job.params["smiles"]]
    assert "CCC" in {smiles for smiles, *_ in wishes}
    assert len(wishes) == len(set(wishes)), "none twice, however often the view is painted"


def test_every_mode_sends_what_it_needs(desk: Desk) -> None:
    composer = desk.page.composer
    desk.set_mode("analogues")
    desk.run()
    assert "lead" in desk.trouble()
    desk.qtbot.keyClicks(composer.field.widget, LEAD)
    desk.qtbot.keyClick(composer.field.widget, Qt.Key.Key_Return)
    desk.until_over()
    desk.set_mode("improve")
    assert composer.field.text == LEAD
    composer.profile.likeness.setValue(0.4)
    desk.run()
    desk.until_over()
    desk.set_mode("predict")
    composer.set_list("CCO\nCCN amine")
    desk.run()
    desk.until_over()
    analogues, improve, predict = desk.runtime.submitted
    assert analogues.params["lead"] == LEAD
    assert improve.params["lead"] == LEAD
    assert improve.params["wishes"]["similarity"] == 0.4
    assert {each["figure"] for each in improve.params["wishes"]["wishes"]} == {"qed", "sa", "logp"}
    assert predict.params["smiles"] == "CCO\nCCN amine"


def test_progress_stop_and_a_way_on_after_a_failure(desk: Desk) -> None:
    desk.runtime.enqueue(Step(3, 8, "3 of 8"), Stall())
    desk.run()
    desk.until(lambda: desk.progress() == "3 of 8")
    assert desk.verb() == "Stop"
    desk.stop()
    assert desk.verb() == "Generate"
    desk.runtime.enqueue(Fail(StudioError(ErrorCode.NOT_FOUND, "None of 50 was a molecule.")))
    desk.run()
    desk.until(lambda: "None of 50" in desk.trouble())
    desk.runtime.enqueue(table())
    desk.try_again()
    desk.until(lambda: len(desk.shown()) == 6)
    assert desk.trouble() == ""


def test_a_search_draws_its_curve_stops_with_what_it_found_and_goes_on(desk: Desk) -> None:
    lines = [{"scored": n, "best": n / 9, "mean": n / 20, "scaffolds": n} for n in (1, 4, 8)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    desk.set_mode("improve")
    desk.runtime.enqueue(
        Tokens(text[:30], text[30:], channel="curve"), table(4, score=0.5), Stall()
    )
    desk.run()
    desk.until(lambda: len(desk.shown()) == 4)
    assert [point["scored"] for point in desk.page.composer.chart.points] == [1, 4, 8]
    assert "0.889" in desk.page.composer.chart.accessibleName()
    desk.stop()
    assert desk.page.composer.go_on.isVisible()
    text = json.dumps({"scored": 6, "best": 0.9, "mean": 0.5, "scaffolds": 2}) + "\n"
    desk.runtime.enqueue(Tokens(text, channel="curve"), table(5, score=0.9))
    desk.qtbot.mouseClick(desk.page.composer.go_on, Qt.MouseButton.LeftButton)
    assert not desk.page.composer.go_on.isVisible(), "while Stop is there"
    desk.until(lambda: len(desk.shown()) == 5)
    scored = [point["scored"] for point in desk.page.composer.chart.points]
    assert scored == [1, 4, 8, 10], "one curve: 4 of the 6 were scored before"
    again = desk.runtime.asked("molecules.improve")[-1]
    inputs = desk.runtime.inputs_of(again)
    begun = inputs.json("population", list[str], [])
    assert sorted(begun, key=len) == ["C", "CC", "CCC", "CCCC"]
    origins = inputs.json("origins", dict[str, list[Any]], {})
    assert origins["CC"] == ["C", "atom added", 5]


def test_a_search_that_is_stopped_without_a_result_says_why(desk: Desk) -> None:
    desk.set_mode("improve")
    desk.runtime.enqueue(Result(note="None of 423 molecules is near."), Step(1, 9), Stall())
    desk.run()
    desk.until(lambda: desk.page.run.job.state is JobState.RUNNING)
    desk.stop()
    assert desk.trouble() == "None of 423 molecules is near."


def test_tab_goes_from_the_filters_through_the_table_and_on(desk: Desk) -> None:
    desk.show()
    browser = desk.page.browser
    filters = browser.filters
    card = next(iter(filters.cards.values()))
    filters.pattern.setFocus()
    for expected in (*card.parts, *list(filters.cards.values())[1].parts):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert QApplication.focusWidget() is expected
    browser.table.setFocus()
    QTest.keyClick(browser.table, Qt.Key.Key_Down)
    QTest.keyClick(browser.table, Qt.Key.Key_Down)
    row = browser.table.currentIndex().row()
    assert row > 0
    QTest.keyClick(browser.table, Qt.Key.Key_Tab)
    assert browser.table.currentIndex().row() == row
    assert QApplication.focusWidget() is not browser.table


def test_a_profile_that_cannot_be_is_told_and_nothing_starts(desk: Desk) -> None:
    desk.set_mode("improve")
    card = desk.page.composer.profile.cards[0]
    card.low.setText("many")
    assert card.low.property("bad")
    desk.run()
    assert "Objective 1 (QED) has a bound that is not a number" in desk.trouble()
    card.low.setText("5")
    card.high.setText("2")
    desk.run()
    assert "a minimum of 5 above its maximum of 2" in desk.trouble()
    assert not desk.runtime.submitted


def test_a_new_wish_asks_for_something_and_an_open_one_is_marked(desk: Desk) -> None:
    profile = desk.page.composer.profile
    profile.show_profile(Profile(()))
    profile.add_wish("herg")
    (wish,) = profile.profile("C").wishes
    assert (wish.low, wish.high) == (None, 0.5)
    profile.cards[0].high.clear()
    assert profile.cards[0].high.property("bad")
    with pytest.raises(BadInput, match=r"Objective 1 \(hERG block\) has neither “at least”"):
        profile.profile("")


def test_wishes_are_added_and_removed(desk: Desk) -> None:
    profile = desk.page.composer.profile
    profile.add_wish("tpsa")
    profile.cards[-1].high.setText("90")
    profile.cards[-1].limit.setChecked(True)
    profile.cards[0].closed.emit()
    wishes = profile.profile("").wishes
    assert [wish.figure for wish in wishes] == ["sa", "logp", "tpsa"]
    assert (wishes[-1].high, wishes[-1].limit) == (90, True)


def test_a_profile_is_saved_and_opened(desk: Desk, tmp_path: Path) -> None:
    said, profile = desk.listen(), desk.page.composer.profile
    desk.set_mode("improve")
    desk.page.composer.set_lead(LEAD)
    profile.likeness.setValue(0.3)
    profile.cards[0].low.setText("0.85")
    desk.target = tmp_path / "mine.json"
    profile.save_asked.emit()
    desk.until(lambda: bool(said))
    profile.cards[0].closed.emit()
    desk.page.composer.set_lead("")
    desk.picked = [desk.target]
    profile.open_asked.emit()
    desk.until(lambda: len(profile.cards) == 3)
    assert profile.profile(desk.page.composer.lead()) == parse(desk.target.read_bytes())
    assert desk.page.composer.lead() == LEAD
    desk.target.write_text('{"wishes": [{"figure": "beauty", "low": 1}]}')
    profile.open_asked.emit()
    desk.until(lambda: "an unknown property" in desk.trouble())


# --- looking --------------------------------------------------------------------------------------


def test_a_click_on_a_title_sorts(desk: Desk) -> None:
    desk.show()
    head = desk.page.browser.table.horizontalHeader()
    place = desk.page.browser.model.columns.index("logp")
    at = QPoint(head.sectionViewportPosition(place) + 20, 10)
    desk.qtbot.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert [len(smiles) % 3 for smiles in desk.shown()] == [0, 0, 1, 1, 2, 2]
    desk.qtbot.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert [len(smiles) % 3 for smiles in desk.shown()] == [2, 2, 1, 1, 0, 0]


def test_a_slider_filters_while_it_moves(desk: Desk) -> None:
    desk.show(rows=100)
    filters = desk.page.browser.filters
    assert filters.count.text() == "100 molecules"
    slider = filters.cards["mw"].slider
    left, right = QPoint(7, 40), QPoint(slider.width() // 2, 40)
    desk.qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=left)
    desk.qtbot.mouseMove(slider, right)
    desk.until(lambda: 40 < len(desk.shown()) < 60)
    desk.qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=right)
    assert filters.count.text() == f"{len(desk.shown())} of 100"
    assert "from" in slider.accessibleName()
    slider.setFocus()
    before = len(desk.shown())
    desk.qtbot.keyClick(slider, Qt.Key.Key_PageUp)
    desk.until(lambda: len(desk.shown()) < before)
    desk.qtbot.mouseClick(filters.reset, Qt.MouseButton.LeftButton)
    desk.until(lambda: len(desk.shown()) == 100)


def test_ends_can_be_typed_and_filters_added_and_removed(desk: Desk) -> None:
    desk.show()
    filters = desk.page.browser.filters
    card = filters.cards["mw"]
    card.low.setFocus()
    card.low.selectAll()
    desk.qtbot.keyClicks(card.low, "50")
    desk.qtbot.keyClick(card.low, Qt.Key.Key_Return)
    desk.until(lambda: desk.shown() == ["CCCC", "CCCCC", "CCCCCC"])
    filters.remove_filter("mw")
    desk.until(lambda: len(desk.shown()) == 6)
    card = filters.cards["qed"]  # the least is 1/6, and is shown as 0.17
    card.high.setText("0.4")
    desk.qtbot.keyClick(card.high, Qt.Key.Key_Return)
    desk.until(lambda: desk.shown() == ["CCC", "CCCC", "CCCCC", "CCCCCC"])
    filters.remove_filter("qed")
    desk.until(lambda: len(desk.shown()) == 6)
    assert "mw" not in filters.cards
    filters.add_filter("mw")
    assert "mw" in filters.cards


def test_words_and_substructures(desk: Desk) -> None:
    desk.show()
    filters = desk.page.browser.filters
    desk.qtbot.keyClicks(filters.words, "chain 4")
    desk.until(lambda: desk.shown() == ["CCCC"])
    filters.words.clear()
    desk.qtbot.keyClicks(filters.pattern, "CCCCC")
    desk.qtbot.keyClick(filters.pattern, Qt.Key.Key_Return)
    desk.until(lambda: desk.shown() == ["CCCCC", "CCCCCC"])
    assert desk.page.browser.table.cell.highlight == "CCCCC"
    filters.pattern.clear()
    desk.until(lambda: len(desk.shown()) == 6)
    filters.pattern.setText("CCCCC")
    filters.matcher.look_for("CCCCC")
    desk.until(lambda: len(desk.shown()) == 2)
    desk.page.collection.hold(desk.page.collection.rows.molecules)  # another table is whole
    assert (filters.pattern.text(), desk.page.browser.table.cell.highlight) == ("", "")
    assert len(desk.shown()) == 6


def test_the_grid_shows_and_chooses_the_same_molecules(desk: Desk) -> None:
    desk.show()
    desk.click_cell(2)
    assert desk.page.collection.current == 2
    desk.page.browser.show_view("grid")
    grid = desk.page.browser.grid
    assert grid.currentIndex().row() == 2
    desk.qtbot.keyClick(grid, Qt.Key.Key_Right)
    assert desk.page.collection.current == 3
    desk.qtbot.keyClick(grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert desk.page.collection.chosen == {3, 4}
    desk.page.browser.show_view("table")
    rows = desk.page.browser.table.selectionModel().selectedRows()
    assert sorted(index.row() for index in rows) == [3, 4]


def test_a_choice_outlives_sorting(desk: Desk) -> None:
    desk.show()
    desk.click_cell(1)
    desk.page.browser.table.show_sorting("mw", descending=True)
    assert desk.page.collection.current == 1
    rows = desk.page.browser.table.selectionModel().selectedRows()
    assert [index.row() for index in rows] == [4]


def test_admet_is_shown_and_chosen_by_part_and_own_columns_are_at_hand(desk: Desk) -> None:
    figures = {"mw": 16.0, "hia": 0.9, "pampa": 0.4, "caco2": -5.0, "herg": 0.1, "Activity": 7.0}
    rows = [Molecule("C", figures=figures, words={"Date": "today"})]
    desk.show(Artifact("molecules", to_csv(rows), ".csv"))
    browser = desk.page.browser
    assert browser.model.columns == ["structure", "mw", "hia", "herg", "Activity", "Date"]
    browser.show_columns(QPoint(0, 0))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    own = {action.text(): action for action in menu.actions()}
    assert {"Activity", "Date"} < set(own)
    at = menu.actionGeometry(own["Date"]).center()
    desk.qtbot.mouseMove(menu, at)
    desk.qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=at)
    assert "Date" not in browser.model.columns
    assert menu.isVisible(), "for the next one"
    part = own["ADMET: Absorption"].menu()
    part.actions()[0].trigger()
    assert browser.model.columns[2:5] == ["hia", "caco2", "pampa"]
    menu.close()


def test_earlier_tables_tell_when_they_were_made(desk: Desk) -> None:
    desk.show()
    desk.page.molecules.show_recent(QPoint(0, 0))
    desk.until(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    (title,) = [action.text() for action in menu.actions()]
    assert re.fullmatch(r"6 chains  ·  \d{4}-\d\d-\d\d \d\d:\d\d", title)
    menu.close()


def test_an_export_says_what_goes_out(desk: Desk) -> None:
    desk.show(rows=3)
    collection = desk.page.collection
    asked: list[str] = []
    desk.ctx.ui.save_file = lambda title, name, suffixes=(): asked.append(title)
    desk.page.molecules.save_as()
    collection.choose(0, [0, 1])
    desk.page.molecules.save_as()
    collection.choose(1)
    desk.page.molecules.save_as()
    desk.page.molecules.save_selected()
    collection.choose(-1)
    desk.page.browser.filters.words.setText("chain 2")
    desk.until(lambda: desk.shown() == ["CC"])
    desk.page.molecules.save_as()
    assert asked == [
        "Export all 3",
        "Export 2 selected, of 3",
        "Export all 3",
        "Export 1 selected, of 3",
        "Export the 1 in view, of 3",
    ]


def test_figures_and_columns_are_chosen(desk: Desk) -> None:
    desk.show()
    browser = desk.page.browser
    browser.show_column("qed", False)
    browser.show_column("smiles", True)
    assert browser.model.columns == ["structure", "name", "mw", "logp", "smiles"]
    browser.show_view("grid")
    browser.show_column("mw", True)
    assert browser.grid.card.figures == ["qed", "logp", "mw"]


def test_a_lasso_selects_and_the_front_is_marked(desk: Desk) -> None:
    desk.show()
    browser = desk.page.browser
    browser.show_view("plot")
    plot = browser.plot
    plot.box_x.setCurrentIndex(plot.box_x.findData("mw"))
    plot.box_y.setCurrentIndex(plot.box_y.findData("qed"))
    plot.set_way(plot.way_x, False)
    plot.set_way(plot.way_y, True)
    assert plot.scatter.best == [0]  # lightest and best at once
    desk.qtbot.mouseClick(plot.way_x, Qt.MouseButton.LeftButton)
    assert len(plot.scatter.best) == 6
    assert plot.found.text().startswith("6 on")
    scatter, left = plot.scatter, Qt.MouseButton.LeftButton
    first, second = scatter.point(1).toPoint(), scatter.point(2).toPoint()
    corners = [
        first + QPoint(-12, -12),
        QPoint(second.x() + 12, first.y() - 12),
        second + QPoint(12, 12),
        QPoint(first.x() - 12, second.y() + 12),
    ]
    desk.qtbot.mousePress(scatter, left, pos=corners[0])
    for corner in corners[1:]:
        desk.qtbot.mouseMove(scatter, corner)
    desk.qtbot.mouseRelease(scatter, left, pos=corners[-1])
    assert desk.page.collection.chosen == {1, 2}
    desk.qtbot.mouseClick(scatter, left, pos=scatter.point(4).toPoint())
    assert desk.page.collection.current == 4
    desk.qtbot.keyClick(scatter, Qt.Key.Key_Left)
    assert desk.page.collection.current == 3
    desk.qtbot.keyClick(scatter, Qt.Key.Key_Escape)
    assert desk.page.collection.chosen == frozenset()


def test_the_closer_look_tells_all(desk: Desk) -> None:
    desk.runtime.notices = {"CCC": "Resembles nothing good."}
    desk.show()
    desk.click_cell(2)
    detail = desk.page.browser.detail
    desk.until(lambda: detail.conformer.atoms == 3)
    assert desk.runtime.asked("molecules.shape")[-1].params["smiles"] == "CCC"
    assert "g/mol" in detail.figures.text()
    assert "drugs are mostly below 500" in detail.figures.text()
    desk.until(lambda: detail.notice.text() == "Resembles nothing good.")
    assert "Atom added from CC with seed 5" in detail.family.words.text()
    desk.qtbot.mouseClick(detail.family.parent_button, Qt.MouseButton.LeftButton)
    assert desk.page.collection.current == 1
    desk.qtbot.mouseClick(detail.family.children_button, Qt.MouseButton.LeftButton)
    assert desk.page.collection.current == 2


def test_the_closer_look_follows_to_another_table(desk: Desk) -> None:
    desk.show(rows=1)
    assert "from C" not in desk.page.browser.detail.family.words.text()
    again = [Molecule("C", "methane", parent="CC", operation="cut", figures={"mw": 16.0})]
    title = "a title that is far too long for the row, " * 4
    before = desk.page.artifact
    desk.runtime.enqueue(Artifact("molecules", to_csv(again), ".csv", title=title))
    desk.run()
    desk.until(lambda: desk.page.artifact is not before)
    detail = desk.page.browser.detail
    assert detail.name.text() == "methane"
    assert "Cut from CC" in detail.family.words.text()
    desk.until(lambda: desk.page.called.widget.text().endswith("…"))
    assert desk.page.called.widget.toolTip() == title


def test_a_molecule_that_is_left_and_looked_at_again_is_folded(desk: Desk) -> None:
    desk.show()
    conformer_request = desk.page.browser.detail.conformer_request
    conformer_request.ask("CCC")
    conformer_request._start()
    conformer_request.ask("CC")
    conformer_request.ask("CCC")
    with desk.qtbot.waitSignal(conformer_request.folded) as told:
        conformer_request._start()
    assert told.args[0] == "CCC"


def test_the_shape_is_turned_by_mouse_and_keys(desk: Desk) -> None:
    desk.show()
    desk.click_cell(0)
    shape = desk.page.browser.detail.conformer
    desk.until(lambda: shape.atoms == 3)
    before = shape.matrix
    desk.qtbot.mousePress(shape, Qt.MouseButton.LeftButton, pos=QPoint(40, 40))
    desk.qtbot.mouseMove(shape, QPoint(80, 40))
    desk.qtbot.mouseRelease(shape, Qt.MouseButton.LeftButton, pos=QPoint(80, 40))
    turned = shape.matrix
    assert turned != before
    desk.qtbot.keyClick(shape, Qt.Key.Key_Up)
    assert shape.matrix != turned
    desk.qtbot.keyClick(shape, Qt.Key.Key_Plus)
    assert shape.zoom > 1
    desk.qtbot.keyClick(shape, Qt.Key.Key_H)
    assert not shape.hydrogens
    desk.qtbot.keyClick(shape, Qt.Key.Key_Home)
    assert (shape.matrix, shape.zoom) == (before, 1.0)


def test_what_cannot_be_drawn_does_not_spoil_the_others(desk: Desk) -> None:
    desk.runtime.refused = "CC"
    desk.show()
    desk.until(lambda: desk.page.structures.idle)
    failed = {wish.smiles for wish in desk.page.structures._failed}
    assert failed == {"CC"}


def test_structures_come_when_the_runtime_is_well_again(desk: Desk) -> None:
    desk.page.structures._later.setInterval(10)
    desk.runtime.broken = True
    desk.show()
    desk.until(lambda: bool(desk.page.structures._failed))
    desk.runtime.broken = False
    desk.until(lambda: len(desk.page.structures._kept) >= 3)
    desk.until(lambda: not desk.page.structures._failed)  # what was asked for before tries again


def test_twenty_thousand_rows_need_no_widget_and_few_pictures(desk: Desk) -> None:
    desk.show(rows=1)
    rows = [Molecule(f"C{n}", figures={"mw": float(n), "logp": n % 7.0}) for n in range(20_000)]
    desk.page.collection.hold(rows)
    before = len(desk.page.browser.findChildren(QWidget))
    desk.page.collection.filters.ranges["mw"] = (5_000, math.inf)
    desk.page.collection.refilter()
    desk.until(lambda: len(desk.page.collection.shown) == 15_000)
    for view in ("grid", "plot", "table"):
        desk.page.browser.show_view(view)
        desk.until(lambda: desk.page.structures.idle)
    assert len(desk.page.browser.findChildren(QWidget)) <= before + 4
    drawn = sum(len(job.params["smiles"]) for job in desk.runtime.asked("molecules.draw"))
    assert drawn < 300


# --- bringing in and taking out -------------------------------------------------------------------


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
    stage = desk.page.stage
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
    assert browser.model.columns == ["structure", "mw", "pIC50"]
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
    desk.page.molecules.save_as()
    desk.until(lambda: bool(said))
    assert desk.target.read_bytes() == b"sd file"
    assert desk.runtime.asked("molecules.export")[0].params["format"] == "sdf"


def test_a_format_that_is_none_and_a_disk_that_refuses_are_told(desk: Desk, tmp_path: Path) -> None:
    desk.show()
    desk.target = tmp_path / "out.docx"
    desk.page.molecules.save_as()
    desk.until(lambda: "not a supported format" in desk.trouble())
    desk.target = tmp_path / "nowhere" / "out.csv"
    desk.page.molecules.save_as()
    desk.until(lambda: "cannot be written" in desk.trouble())


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


# --- staying --------------------------------------------------------------------------------------


def test_the_page_comes_back_as_it_was(desk: Desk) -> None:
    desk.show()
    desk.set_mode("improve")
    desk.page.composer.set_lead(LEAD)
    browser = desk.page.browser
    browser.show_view("grid")
    browser.filters.cards["mw"].slider.moved.emit(40.0, 90.0)
    browser.table.show_sorting("mw", descending=True)
    desk.until(lambda: len(desk.shown()) == 4)
    before = desk.shown()
    desk.again()
    desk.until(lambda: desk.shown() == before)
    assert desk.mode() == "improve"
    assert desk.page.composer.lead() == LEAD
    assert desk.page.browser.view == "grid"


FOREIGN = {"mode": 3, "composer": [], "browser": {"filters": {"ranges": {"mw": ["a", 2]}}}}


@pytest.mark.parametrize("state", [{}, FOREIGN, FOREIGN | {"browser": {"filters": 1}}])
def test_old_or_foreign_state_is_borne(desk: Desk, state: dict[str, Any]) -> None:
    desk.page.restore_state(state)
    desk.show()
    assert len(desk.shown()) == 6


def test_the_empty_page_offers_examples_and_works_without_weights(desk: Desk) -> None:
    desk.studio.weights.folders = ()
    desk.studio.weights.rescan()
    desk.set_mode("analogues")
    assert desk.page.stage.currentWidget() is not desk.page.browser
    assert not desk.runtime.submitted


def test_actions_have_names_and_keys_of_their_own(desk: Desk) -> None:
    actions = desk.whole.actions
    keys = [action.shortcut for action in actions if action.shortcut]
    assert len(keys) == len(set(keys))
    assert all(action.id.startswith("molecules.") and action.title for action in actions)


def test_words_give_way_where_there_is_little_room(desk: Desk) -> None:
    desk.show()
    toolbar = desk.page.browser.toolbar
    styles = Qt.ToolButtonStyle
    assert toolbar.views.buttons["grid"].toolButtonStyle() is styles.ToolButtonTextBesideIcon
    desk.page.resize(600, 500)
    desk.until(lambda: not desk.page.browser.filters.isVisible())
    assert not desk.page.browser.detail.isVisible()
    assert desk.page.save_state()["browser"]["detail_open"], "it is closed for want of room alone"
    toolbar.filters.setChecked(True)
    desk.until(lambda: toolbar.views.buttons["grid"].toolButtonStyle() is styles.ToolButtonIconOnly)
    desk.page.resize(1000, 740)
    desk.until(lambda: desk.page.browser.detail.isVisible())
    toolbar.detail.setChecked(False)
    desk.page.resize(600, 500)
    desk.page.resize(1000, 740)
    assert not desk.page.browser.detail.isVisible(), "who closed it does not want it back"


def test_every_control_has_a_name(desk: Desk) -> None:
    desk.show()
    desk.set_mode("improve")
    for button in desk.page.findChildren(QWidget):
        if button.focusPolicy() & Qt.FocusPolicy.TabFocus and button.isVisible():
            name = button.accessibleName() or getattr(button, "text", str)()
            assert name or button.parent().accessibleName(), button


# --- elsewhere ------------------------------------------------------------------------------------


def test_the_gallery_shows_and_exports_a_table(desk: Desk, tmp_path: Path) -> None:
    desk.show()
    artifact = desk.page.artifact
    assert artifact is not None
    viewer = Viewer(desk.ctx, artifact)
    desk.qtbot.addWidget(viewer)
    desk.until(lambda: viewer.words.text() == "6 molecules")
    assert viewer.grid.model().rowCount() == 6
    write = studio_exporters()["molecules:.smi"]
    write(artifact, tmp_path / "out.smi")
    assert (tmp_path / "out.smi").read_text().startswith("C chain 1\n")


def test_a_list_dropped_on_the_window_is_read_and_sent(desk: Desk, tmp_path: Path) -> None:
    assert studio_open_file(desk.ctx, tmp_path / "notes.txt") is None
    bring = studio_open_file(desk.ctx, tmp_path / "list.sdf")
    assert bring is not None
    desk.runtime.enqueue(table())
    bring()
    desk.until(lambda: bool(desk.sent))
    assert desk.sent[0].kind == "molecules"

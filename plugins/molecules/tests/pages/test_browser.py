"""Molecules are looked at: sorted, filtered, plotted, chosen, turned."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from plugins.molecules.tests.pages.page_desk import Desk
from studio.testing.scripted import (
    Artifact,
)
from studio_molecules.molecule import Molecule, to_csv


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
    assert browser.model.columns == ["structure", "Activity", "Date", "mw", "hia", "herg"]
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
    assert browser.model.columns[3:6] == ["hia", "caco2", "pampa"]
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
    collection, actions = desk.page.collection, desk.page.molecules

    def asked(ask: Callable[[], None]) -> tuple[list[str], str]:
        ask()
        dialog = actions.dialog
        assert dialog is not None
        dialog.reject()
        return [button.text() for button in dialog.scopes.values()], dialog.scope()

    assert asked(actions.save_as) == (["0 selected", "3 shown", "All 3"], "shown")
    collection.choose(0, [0, 1])
    assert asked(actions.save_as) == (["2 selected", "3 shown", "All 3"], "selected")
    collection.choose(1)
    assert asked(actions.save_selected) == (["1 selected", "3 shown", "All 3"], "selected")
    collection.choose(-1)
    desk.page.browser.filters.words.setText("chain 2")
    desk.until(lambda: desk.shown() == ["CC"])
    assert asked(actions.save_as) == (["0 selected", "1 shown", "All 3"], "shown")


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
    assert plot.front_label.text().startswith("6 on")
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
    structures = desk.page.structures
    # before it is painted it is idle, too
    desk.until(lambda: bool(structures._failed) and structures.idle)
    assert {request.smiles for request in structures._failed} == {"CC"}


def test_structures_come_when_the_runtime_is_well_again(desk: Desk) -> None:
    desk.page.structures._later.setInterval(10)
    desk.runtime.broken = True
    desk.show()
    desk.until(lambda: bool(desk.page.structures._failed))
    desk.runtime.broken = False
    desk.until(lambda: len(desk.page.structures._cache) >= 3)
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

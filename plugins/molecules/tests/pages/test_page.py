"""The page of molecules under the hands of its user: running, staying, elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from plugins.molecules.tests.pages.page_desk import Desk, table
from studio.api import BadInput, ErrorCode, JobState, StudioError
from studio.testing.scripted import (
    Fail,
    Result,
    Stall,
    Step,
    Tokens,
)
from studio_molecules.objectives import Profile, parse
from studio_molecules.pages.structure.pose_viewer import Viewer
from studio_molecules.plugin import studio_exporters, studio_open_file

LEAD = "CC(C)NCC(O)COc1cccc2ccccc12"


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
    objectives = [
        (smiles, *size) for job, size in zip(drawn, sizes) for smiles in job.params["smiles"]
    ]
    assert "CCC" in {smiles for smiles, *_ in objectives}
    assert len(objectives) == len(set(objectives)), "none twice, however often the view is painted"


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
    desk.set_mode("decorate")
    assert composer.field.text == "", "the lead is no scaffold"
    desk.run()
    assert "scaffold" in desk.trouble()
    composer.preview.drawn.emit("c1ccccc1[*:1]")
    desk.run()
    desk.until_over()
    desk.set_mode("link")
    form = composer.modes.form
    form.set_values({"first": "C[*:1]", "second": "O[*:1]"})
    desk.run()
    desk.until_over()
    desk.set_mode("predict")
    composer.set_list("CCO\nCCN amine")
    desk.run()
    desk.until_over()
    desk.set_mode("dock")
    assert composer.field.text == "CCO\nCCN amine", "a list stays a list"
    composer.modes.form.set_values({"target": "DRD2"})
    desk.run()
    desk.until_over()
    ids = ("analogues", "improve", "decorate", "link", "predict", "dock")
    asked = [desk.runtime.asked(f"molecules.{id}") for id in ids]
    (analogues,), (improve,), (decorate,), (link,), (predict,), (dock,) = asked
    assert (dock.params["smiles"], dock.params["target"]) == ("CCO\nCCN amine", "DRD2")
    assert decorate.params["scaffold"] == "c1ccccc1[*:1]"
    assert (link.params["first"], link.params["second"]) == ("C[*:1]", "O[*:1]")
    assert analogues.params["lead"] == LEAD
    assert improve.params["lead"] == LEAD
    assert improve.params["goal"]["similarity"] == 0.4
    assert {each["property"] for each in improve.params["goal"]["objectives"]} == {
        "qed",
        "sa",
        "logp",
    }
    assert predict.params["smiles"] == "CCO\nCCN amine"


def test_progress_stop_and_a_way_on_after_a_failure(desk: Desk) -> None:
    desk.runtime.enqueue(Step(3, 8, "3 of 8"), Stall())
    desk.run()
    desk.until(lambda: desk.progress() == "3 of 8")
    assert desk.verb() == "Add to queue"
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
    desk.until(lambda: len(desk.shown()) == 5)
    scored = [point["scored"] for point in desk.page.composer.chart.points]
    assert scored == [1, 4, 8, 10], "one curve: 4 of the 6 were scored before"
    again = desk.runtime.asked("molecules.improve")[-1]
    inputs = desk.runtime.inputs_of(again)
    begun = inputs.json("population", list[str], [])
    assert sorted(begun, key=len) == ["C", "CC", "CCC", "CCCC"]
    origins = inputs.json("origins", dict[str, list[Any]], {})
    assert origins["CC"] == ["C", "atom added", 5]


def test_the_best_are_shown_while_a_search_runs_and_why_it_ended(desk: Desk) -> None:
    top = [["CCO", 0.9, 3], ["CCN", 0.5, 1]]
    point = {"scored": 4, "best": 0.9, "mean": 0.7, "scaffolds": 1, "top": top}
    desk.set_mode("improve")
    desk.runtime.enqueue(Tokens(json.dumps(point) + "\n", channel="curve"), Step(1, 9), Stall())
    desk.run()
    best = desk.page.best
    desk.until(lambda: len(best.molecules) == 2)
    assert best.isVisible()
    assert best.accessibleName() == "Best so far: 0.900, 0.500"
    desk.until(lambda: desk.page.structures.idle)
    asked = {each for job in desk.runtime.asked("molecules.draw") for each in job.params["smiles"]}
    assert asked >= {"CCO", "CCN"}
    left, right = (box.center() for box in best.boxes())
    assert (best._at(left), best._at(right)) == ("CCO", "CCN")
    desk.stop()
    desk.until(lambda: not best.isVisible())
    heard = desk.listen()
    desk.runtime.enqueue(table(2), Result(ended="Nothing better came."))
    desk.run()
    desk.until(lambda: any("Nothing better came." in each for each in heard))


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
    (objective,) = profile.profile("C").objectives
    assert (objective.low, objective.high) == (None, 0.5)
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
    objectives = profile.profile("").objectives
    assert [objective.figure for objective in objectives] == ["sa", "logp", "tpsa"]
    assert (objectives[-1].high, objectives[-1].limit) == (90, True)


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
    desk.target.write_text('{"objectives": [{"property": "beauty", "low": 1}]}')
    profile.open_asked.emit()
    desk.until(lambda: "an unknown property" in desk.trouble())


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
    assert desk.page.views.currentWidget() is not desk.page.browser
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


def test_a_profile_stays_near_its_lead_at_first(desk: Desk) -> None:
    profile = desk.page.composer.profile
    assert profile.profile("CCO").similarity == 0.35
    assert profile.profile("").similarity == 0, "without a lead there is nothing to be like"

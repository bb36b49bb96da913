"""The page of music as a whole: ask, mix, play, reach."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from studio.api import ErrorCode, JobState, StudioError
from studio.testing.scripted import Become, Fail, Result, Stall, Step
from studio_music.plugin import studio_exporters, studio_open_file
from studio_music.score.formats import read, write
from studio_music.score.piece import TICKS, Key, Metre

KEY, HELD = Qt.Key, Qt.KeyboardModifier


def test_return_composes_and_the_piece_is_in_view(desk: Any, tune: Any, made: Any) -> None:
    piece = tune()
    desk.runtime.enqueue(made(piece), Result(note="It took two attempts."))
    desk.qtbot.keyClicks(desk.page.prompt_box.field, "calm tune in D minor")
    desk.qtbot.keyClick(desk.page.prompt_box.field, KEY.Key_Return)
    desk.until(lambda: desk.piece == piece)
    sent = desk.runtime.submitted[-1]
    assert (sent.task, sent.params["prompt"]) == ("music.compose", "calm tune in D minor")
    desk.until_over()
    assert [take.id for take in desk.results()] == [desk.document.source]
    assert desk.page.piece_view.transport.verdict.text() == "1 check passed"
    assert [row.name.text() for row in desk.page.piece_view.tracks.rows] == [
        "Tune",
        "Chords",
        "Drums",
    ]
    assert any("two attempts" in notice.message for notice in desk.studio.notices.all)


def test_a_piece_that_came_while_the_score_was_in_view_opens_on_its_notes(
    desk: Any, tune: Any
) -> None:
    desk.compose()
    desk.page.piece_view.set_view("score")
    desk.compose(tune("Low tune", shift=-30))
    desk.page.piece_view.set_view("roll")
    low, high = desk.roll.camera.rows
    assert low < 32
    assert high > 47


def test_an_example_is_one_click(desk: Any, made: Any, tune: Any) -> None:
    desk.runtime.enqueue(made(tune()), Result())
    card = next(b for b in cards(desk) if "calm tune" in b.accessibleName())
    desk.qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    desk.until(lambda: not desk.document.empty)
    assert "90 bpm" in desk.runtime.submitted[-1].params["prompt"]


def cards(desk: Any) -> list[Any]:
    from studio.desktop.widgets.empty_states import ExampleCard

    return desk.page.piece_view.currentWidget().findChildren(ExampleCard)


def test_progress_time_left_and_stop(desk: Any) -> None:
    desk.runtime.enqueue(Become(JobState.LOADING), Step(4, 16, "Bar 4 of 16"), Stall())
    desk.page.tasks.compose("calm")
    desk.until(lambda: desk.progress() == "Bar 4 of 16")
    assert desk.share() == 0.25
    assert desk.verb() == "Add to queue"
    desk.stop()
    assert desk.progress() == ""
    assert desk.verb() == "Compose"
    assert desk.document.empty


def test_nothing_counts_as_changed_in_a_fresh_home(desk: Any) -> None:
    for form in desk.page.prompt_box.modes.forms.values():
        assert form.values().get("audio", False) is False
        assert not [name for name in form.values() if form.row(name).is_changed]


def test_a_piece_that_failed_a_check_is_offered_again(desk: Any, made: Any, tune: Any) -> None:
    desk.compose()
    checks = [{"name": "key", "passed": False, "evidence": "sounds like D major"}]
    desk.runtime.enqueue(made(tune("First")), Result(passed=False, checks=checks))
    desk.set_mode("harmonise")
    desk.run()
    desk.until(lambda: "sounds like D major" in desk.trouble())
    first = desk.runtime.submitted[-1]
    assert desk.page.trouble.button.text() == "Try another"
    desk.runtime.enqueue(made(tune("Second")), Result(passed=True))
    desk.qtbot.mouseClick(desk.page.trouble.button, Qt.MouseButton.LeftButton)
    desk.until(lambda: desk.piece.title == "Second")
    again = desk.runtime.submitted[-1]
    assert again.task == first.task == "music.harmonise"
    assert {**again.params, "seed": 0} == {**first.params, "seed": 0}
    assert again.seed != first.seed
    assert not desk.trouble()


def test_a_failure_says_why_and_can_be_tried_again(desk: Any, made: Any, tune: Any) -> None:
    error = StudioError(ErrorCode.BAD_INPUT, "“H minor” is not a key.", "Write it like “D minor”.")
    desk.runtime.enqueue(Fail(error))
    desk.page.tasks.compose("in H minor")
    desk.until(lambda: "is not a key" in desk.trouble())
    assert "Write it like" in desk.trouble()
    desk.runtime.enqueue(made(tune()), Result())
    desk.try_again()
    desk.until(lambda: not desk.document.empty)
    assert desk.trouble() == ""


def test_without_weights_the_page_says_so_and_offers_other_ways(desk: Any) -> None:
    for file in desk.weights.glob("*"):
        file.unlink()
    desk.studio.weights.rescan()
    desk.page.show_stage()
    labels = [label.text() for label in desk.page.piece_view.currentWidget().findChildren(QLabel)]
    assert any("No model for composing" in text for text in labels)
    assert len(cards(desk)) == 2
    desk.page.tasks.compose("calm")
    assert "No installed model" in desk.trouble()


def test_three_takes_stand_in_the_strip(desk: Any, made: Any, tune: Any) -> None:
    for title in ("One", "Two", "Three"):
        desk.runtime.enqueue(made(tune(title)), Result())
    desk.page.prompt_box.set_words("calm")
    desk.page.tasks.compose_takes(3)
    desk.until(lambda: len(desk.results()) == 3 and not desk.busy())
    assert [take.artifact.title for take in desk.results()] == ["Three", "Two", "One"]
    desk.pick_result(2)
    desk.until(lambda: desk.piece.title == "One")
    assert desk.page.takes.widget.accessibleName() == "Versions"


def test_who_looks_at_another_take_meanwhile_is_left_alone(desk: Any, made: Any, tune: Any) -> None:
    desk.compose(tune("One"))
    desk.compose(tune("Two"))
    desk.runtime.enqueue(Step(1, 4), Stall(), made(tune("Three")), Result())
    desk.run()
    desk.until(lambda: desk.share() == 0.25)
    desk.pick_result(1)
    desk.until(lambda: desk.piece.title == "One")
    desk.runtime.release()
    desk.until_over()
    assert desk.piece.title == "One"
    assert len(desk.results()) == 3


def test_harmonising_hands_over_the_melody_as_it_was_edited(
    composed: Any, made: Any, tune: Any
) -> None:
    desk = composed
    desk.click(desk.at(100, 62))
    desk.key(KEY.Key_Up)
    desk.set_mode("harmonise")
    desk.page.prompt_box.set_melody(1)
    desk.runtime.enqueue(made(tune("Four voices")), Result())
    desk.run()
    desk.until(lambda: desk.piece.title == "Four voices" and not desk.busy())
    sent = next(m for m in reversed(desk.runtime.submitted) if m.task == "music.harmonise")
    given = desk.runtime.inputs_of(sent).json("piece", dict[str, Any], {})
    assert given["tracks"][0]["notes"][0]["pitch"] == 63
    assert [track["role"] for track in given["tracks"]] == ["", "melody", "drums"]
    titles = [take.artifact.title for take in desk.results()]
    assert titles == ["Four voices", "Calm tune (edited)", "Calm tune"]
    family = desk.studio.library.inputs(desk.results()[0].id)
    assert family == [desk.results()[1].id]


def test_without_a_melody_harmonising_says_what_is_missing(desk: Any) -> None:
    desk.set_mode("harmonise")
    desk.run()
    assert "No melody yet" in desk.trouble()


def test_tracks_are_mixed_renamed_added_and_removed(composed: Any) -> None:
    desk = composed
    row = desk.page.piece_view.tracks.rows[1]
    desk.qtbot.mouseClick(row.name, Qt.MouseButton.LeftButton)
    assert desk.page.document.current == 1, "its name is a part of the row"
    desk.qtbot.mouseClick(row.mute, Qt.MouseButton.LeftButton)
    desk.qtbot.mouseClick(row.solo, Qt.MouseButton.LeftButton)
    row.volume.setValue(30)
    row.volume.setValue(25)
    row.set_instrument(40, False)
    row.name.selectAll()
    desk.qtbot.keyClicks(row.name, "Fiddle")
    desk.qtbot.keyClick(row.name, KEY.Key_Return)
    track = desk.piece.tracks[1]
    assert (track.muted, track.solo, track.volume, track.program) == (True, True, 0.25, 40)
    assert track.name == "Fiddle"
    assert desk.document.undo.count() == 5
    desk.page.piece_view.tracks.add_track(32, False)
    assert desk.piece.tracks[-1].name == "Acoustic bass"
    assert desk.document.current == 3
    desk.page.piece_view.tracks.remove(1)
    assert [t.name for t in desk.piece.tracks] == ["Tune", "Drums", "Acoustic bass"]
    assert len(desk.page.piece_view.tracks.rows) == 3
    for _ in range(7):
        desk.document.undo.undo()
    assert desk.piece == desk.results()[0].content


def test_tempo_key_and_metre_are_steps_too(composed: Any) -> None:
    desk, bar = composed, composed.page.piece_view.transport
    bar.tempo.setValue(120)
    bar.set_key(Key("A", "minor"))
    bar.set_metre(Metre(3, 4))
    assert (desk.piece.tempo, str(desk.piece.key), str(desk.piece.metre)) == (
        120,
        "A minor",
        "3/4",
    )
    desk.page.piece_actions.transpose(2)
    assert str(desk.piece.key) == "B minor"
    assert desk.melody[0].pitch == 64
    for _ in range(4):
        desk.document.undo.undo()
    assert desk.piece == desk.results()[0].content
    assert bar.tempo.value() == 90


def test_edited_pieces_are_checked_anew(composed: Any) -> None:
    desk = composed
    assert desk.page.verdicts.verdict.checks[0].evidence == "D minor"
    desk.document.apply_piece("Nothing left", msgspec.structs.replace(desk.piece, tracks=()))
    desk.document.undo.undo()
    desk.until(lambda: len(desk.page.verdicts.verdict.checks) > 1)


def test_space_plays_pauses_and_edits_are_heard(composed: Any) -> None:
    desk = composed
    desk.page.playing.seek(TICKS)
    desk.key(KEY.Key_Space)
    assert desk.player.calls[-1] == ("play", TICKS, None)
    desk.player.tick = TICKS * 2
    desk.until(lambda: desk.page.playing.tick == TICKS * 2)
    assert desk.page.piece_view.transport.where.text().strip() == "1.3.00"
    desk.click(desk.at(100, 62))
    desk.key(KEY.Key_Up)
    desk.until(lambda: ("update", desk.piece) in desk.player.calls)
    desk.key(KEY.Key_Space)
    assert desk.player.calls[-1] == ("stop",)
    assert desk.page.playing.tick == TICKS * 2


def test_the_loop_is_played_and_the_end_goes_back(composed: Any) -> None:
    desk = composed
    desk.page.playing.set_loop((TICKS * 4, TICKS * 8))
    desk.qtbot.mouseClick(desk.page.piece_view.transport.play, Qt.MouseButton.LeftButton)
    assert desk.player.calls[-1] == ("play", TICKS * 4, (TICKS * 4, TICKS * 8))
    desk.page.playing.set_looping(False)
    assert desk.player.calls[-1] == ("loop", None)
    desk.player.playing = False
    desk.until(lambda: not desk.page.playing.playing)
    assert desk.page.playing.tick == 0


def test_no_device_says_why_and_all_else_works(desk: Any, tune: Any) -> None:
    desk.player.trouble = "There is no sound device."
    desk.again()
    desk.compose()
    bar = desk.page.piece_view.transport
    assert not bar.play.isEnabled()
    assert "no sound device" in bar.play.toolTip()
    assert bar.silent.isVisible()
    desk.key(KEY.Key_Space)
    assert not desk.page.playing.playing
    desk.player.trouble = ""
    desk.qtbot.mouseClick(bar.silent, Qt.MouseButton.LeftButton)
    desk.until(lambda: bar.play.isEnabled())


def test_the_gallery_exports_scores(tmp_path: Path, tune: Any) -> None:
    path = tmp_path / "abc.mid"
    path.write_bytes(write(tune(), ".mid"))
    exporters = studio_exporters()
    target = tmp_path / "out.musicxml"
    exporters["score:.musicxml"](SimpleNamespace(path=path, title="x"), target)
    assert len(read(target.read_bytes(), ".musicxml").piece.tracks[0].notes) == 16
    path.write_bytes(b"nonsense")
    with pytest.raises(StudioError):
        exporters["score:.abc"](SimpleNamespace(path=path, title="x"), target)


def test_a_file_dropped_on_the_window_is_offered(desk: Any, tmp_path: Path) -> None:
    assert studio_open_file(desk.ctx, tmp_path / "x.png") is None
    assert studio_open_file(desk.ctx, tmp_path / "x.MusicXML") is not None


def test_every_action_has_a_name_and_its_keys_are_its_own(desk: Any) -> None:
    actions = desk.whole.actions
    keys = [action.shortcut for action in actions if action.shortcut]
    assert len(keys) == len(set(keys))
    assert len({action.id for action in actions}) == len(actions)
    taken = {f"Ctrl+{number}" for number in range(1, 10)} | {"Ctrl+K", "Ctrl+J", "Ctrl+Q", "F1"}
    assert not taken & set(keys)


def test_every_control_has_a_name(composed: Any) -> None:
    from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QAbstractSpinBox, QLineEdit

    kinds = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QLineEdit)
    nameless = [
        widget
        for kind in kinds
        for widget in composed.page.findChildren(kind)
        if not widget.accessibleName()
        and not hasattr(widget, "text")
        and widget.objectName() not in ("qt_spinbox_lineedit", "qt_toolbar_ext_button")
        and widget.isVisible()
    ]
    assert [type(w).__name__ for w in nameless if "ScrollBar" not in type(w).__name__] == []


def test_the_model_develops_the_bars_of_a_selection_as_a_new_version(
    composed: Any, tune: Any, made: Any
) -> None:
    desk = composed
    desk.document.select(frozenset(desk.melody[4:10]))
    desk.runtime.enqueue(made(tune("Developed", shift=2)), Result())
    desk.roll.keys.write("vary")
    desk.until_over()
    desk.until(lambda: desk.piece.title == "Developed")
    request = desk.runtime.submitted[-1]
    assert request.task == "music.develop"
    params = request.params
    assert (params["how"], params["first"], params["last"]) == ("vary", 2, 3)
    assert len(desk.results()) == 2, "the version before is still there"
    assert desk.document.undo.canUndo()
    assert desk.document.undo.undoText() == "Vary with the model: Calm tune"
    desk.document.undo.undo()
    assert desk.piece.title == "Calm tune"
    desk.document.undo.redo()
    assert desk.piece.title == "Developed"
    assert not desk.document.dirty, "it is the version in the library"
    desk.compose(tune("Another", shift=3))
    assert not desk.document.undo.canUndo(), "the control: it was not made of what was in view"

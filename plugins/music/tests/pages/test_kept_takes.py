"""Nothing edited is lost: drafts, takes, the strip."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QMenu

from plugins.music.tests.pages.conftest import BAR, tune
from studio.testing.scripted import Result
from studio_music.pages.takes.strip import describe, made_at
from studio_music.score.formats import read, write
from studio_music.score.piece import Dynamic

KEY, HELD = Qt.Key, Qt.KeyboardModifier


def test_what_was_edited_is_there_at_the_next_start(composed: Any) -> None:
    desk = composed
    desk.click(desk.at(100, 62))
    desk.key(KEY.Key_Delete)
    edited = desk.piece
    desk.page.set_view("split")
    desk.again()
    assert desk.piece == edited
    assert desk.document.dirty
    assert desk.page.piece_view.view == "split"
    assert desk.page.prompt_box.words == "calm, D minor"
    assert [take.artifact.title for take in desk.results()] == ["Calm tune"]


def test_an_edit_is_on_the_disk_before_the_next(composed: Any) -> None:
    """A kill at any moment loses less than a second: the draft is written while one edits on."""
    desk = composed
    desk.click(desk.at(100, 62))
    desk.key(KEY.Key_Up)
    edited = desk.piece
    desk.until(lambda: on_disk(desk) == edited)
    desk.key(KEY.Key_Up)
    assert on_disk(desk) == edited
    desk.until(lambda: on_disk(desk) == desk.piece)


def on_disk(desk: Any) -> Any:
    path = desk.home / "drafts" / "music" / "piece"
    from studio_music.score.piece import Piece

    if not path.exists():
        return None
    return msgspec.convert(msgspec.json.decode(path.read_bytes())["piece"], Piece)


_KILLED = """
import sys, os, signal
from pathlib import Path
from types import SimpleNamespace
from PySide6.QtCore import QCoreApplication
from studio.base.drafts import Drafts
from studio_music.score.formats import read
from studio_music.pages.editor import edits as editing
from studio_music.pages.editor.document import Document
from studio_music.pages.autosave import Autosave as Saving
app = QCoreApplication([])
def later(call, then=None):
    result = call()
    if then: then(result)
ctx = SimpleNamespace(drafts=Drafts(Path(sys.argv[1])), run_later=later)
document = Document(); saving = Saving(ctx, document)
document.open(read(Path(sys.argv[2]).read_bytes()).piece, "take")
for step in range(1, 1000):
    chosen = frozenset(document.track.notes[:1])
    document.apply("Louder", editing.set_velocity(document.piece, 0, chosen, 1 + step % 127))
    while not saving.settled:
        app.processEvents()
    print(step, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_kill_loses_nothing_that_was_settled(tmp_path: Path, tune: Any) -> None:
    from studio.base.drafts import Drafts

    score = tmp_path / "tune.mid"
    score.write_bytes(write(tune(), ".mid"))
    child = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(tmp_path / "drafts"), str(score)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    said = [int(child.stdout.readline()) for _ in range(3)]
    child.kill()
    said += [int(line) for line in child.stdout.read().split()]
    child.wait()
    child.stdout.close()
    draft = msgspec.json.decode(Drafts(tmp_path / "drafts").get("piece") or b"")
    velocity = draft["piece"]["tracks"][0]["notes"][0]["velocity"]
    assert velocity in (1 + said[-1], 2 + said[-1])
    assert draft["dirty"]


def test_another_take_does_not_bury_what_was_edited(desk: Any, tune: Any) -> None:
    desk.compose(tune("One"))
    desk.compose(tune("Two"))
    desk.aim()
    desk.click(desk.at(100, 62))
    desk.key(KEY.Key_Up)
    edited = desk.piece
    desk.pick_result(1)
    desk.until(lambda: desk.piece.title == "One")
    assert [t.artifact.title for t in desk.results()] == ["Two (edited)", "Two", "One"]
    kept = desk.results()[0].artifact
    assert read(kept.path.read_bytes()).piece.tracks == edited.tracks
    assert desk.studio.library.preview_path(desk.studio.library.artifact(kept.id))
    desk.pick_result(0)
    desk.until(lambda: desk.piece.tracks == edited.tracks)
    assert not desk.document.dirty


def test_a_damaged_draft_is_put_aside(desk: Any) -> None:
    desk.ctx.drafts.put("piece", b"{not json")
    desk.end()
    desk.open()
    assert desk.document.empty
    assert desk.ctx.drafts.get("piece-unreadable") == b"{not json"


def test_a_take_leaves_the_strip_and_comes_back(desk: Any, tune: Any) -> None:
    desk.compose(tune("One"))
    desk.compose(tune("Two"))
    desk.qtbot.keyClick(desk.page.takes.widget, KEY.Key_Delete)
    desk.until(lambda: desk.piece.title == "One")
    assert len(desk.results()) == 1
    desk.studio.notices.all[-1].actions[0].run()
    desk.until(lambda: desk.piece.title == "Two")
    assert len(desk.results()) == 2


def test_takes_of_one_title_are_told_apart_by_when_they_were_made(desk: Any, tune: Any) -> None:
    desk.compose(tune("One"))
    (take,) = desk.results()
    made = time.mktime((2026, 3, 4, 15, 6, 7, 0, 0, -1))
    dated = replace(take, artifact=msgspec.structs.replace(take.artifact, created=made))
    assert made_at(dated, made + 60) == "15:06"
    assert made_at(dated, made + 86_400) == "03-04"
    assert "2026-03-04 15:06" in describe(dated, 1)
    assert (
        made_at(replace(take, artifact=msgspec.structs.replace(take.artifact, created=0.0))) == ""
    )
    assert made_at(take), "the library says when"


def test_a_star_is_the_librarys(composed: Any) -> None:
    desk, id = composed, composed.document.source
    desk.qtbot.keyClick(desk.page.takes.widget, KEY.Key_S)
    desk.until(lambda: desk.studio.library.artifact(id).starred)
    desk.again()
    assert desk.results()[0].star
    assert desk.page.piece_view.transport.verdict.text() == "1 check passed", "that of the task"


def test_the_recipe_of_a_take_sets_the_form(desk: Any, tune: Any, made: Any) -> None:
    params = {"prompt": "a jig", "mood": "lively", "bars": 32, "seed": 7, "genre": "folk"}
    piece = tune("Jig")
    desk.runtime.enqueue(made(piece, task="music.compose", params=params), Result())
    desk.page.tasks.compose("something else")
    desk.until(lambda: desk.piece.title == "Jig")
    desk.set_mode("back")
    desk.page.prompt_box.set_words("")
    desk.page.piece_actions.recall()
    assert desk.mode() == "compose"
    assert desk.page.prompt_box.words == "a jig"
    values = desk.page.prompt_box.params()
    assert (values["mood"], values["bars"], values["seed"]) == ("lively", 32, 7)


def test_two_versions_are_heard_in_turn_and_bars_of_one_are_taken(composed: Any) -> None:
    desk = composed
    first = desk.piece
    higher_tune = tune("Higher", shift=5)
    (melody, *others) = higher_tune.tracks
    signs = (Dynamic(0, "crescendo", 2 * BAR), Dynamic(BAR, "f"), Dynamic(2 * BAR, "p"))
    melody = msgspec.structs.replace(melody, dynamics=signs)
    second = desk.compose(msgspec.structs.replace(higher_tune, tracks=(melody, *others)))
    desk.page.playing.seek(3 * BAR)
    desk.page.playing.toggle()
    desk.qtbot.keyClick(desk.page, KEY.Key_X)
    desk.until(lambda: desk.piece.title == first.title)
    assert desk.player.calls[-1][:2] == ("play", 3 * BAR), "it goes on from the same place"
    desk.qtbot.keyClick(desk.page.takes.widget, KEY.Key_X)
    desk.until(lambda: desk.piece.title == "Higher")
    desk.page.playing.pause()
    desk.page.comparison.take_bars()
    assert "Select notes" in desk.page.trouble.words.text()
    desk.document.select(frozenset(desk.melody[4:6]))
    desk.page.comparison.take_bars()
    pitches = [note.pitch for note in desk.melody]
    higher, lower = ([note.pitch for note in p.tracks[0].notes] for p in (second, first))
    assert pitches == [*higher[:4], *lower[4:8], *higher[8:]]
    cut = (Dynamic(0, "crescendo", BAR), Dynamic(2 * BAR, "p"))
    assert desk.piece.tracks[0].dynamics == cut, "signs come from there, too"
    desk.document.undo.undo()
    assert [note.pitch for note in desk.melody] == higher


def test_versions_keep_their_numbers_and_any_two_are_compared(composed: Any) -> None:
    desk = composed
    second = desk.compose(tune("Second", shift=2))
    desk.compose(tune("Third", shift=4))
    page, names = desk.page, lambda: [name for _id, name in desk.page.comparison.others()]
    assert names() == ["2. Second", "1. Calm tune"], "the one before is compared first"
    (first,) = (id for id, name in page.comparison.others() if name == "1. Calm tune")
    page.comparison.compare(first)
    desk.until(lambda: desk.piece.title == "Calm tune")
    assert names()[0] == "3. Third"
    desk.qtbot.keyClick(page, KEY.Key_X)
    desk.until(lambda: desk.piece.title == "Third")
    assert names()[0] == "1. Calm tune", "that pair stays"
    page.takes.remove(first)
    assert names() == ["2. Second"]
    desk.again()
    desk.until(lambda: len(desk.results()) == 2)
    numbers = [desk.page.numbers.of(take) for take in desk.results()]
    assert numbers == [3, 2], "one that was taken out takes no number along"
    assert second.title == "Second"


def test_the_menu_of_a_version_waits_until_what_was_edited_is_saved(composed: Any) -> None:
    desk = composed
    first = desk.document.source
    desk.compose(tune("Second", shift=2))
    desk.page.piece_view.roll.keys.select_all()
    desk.page.piece_view.roll.keys.nudge(0, 1)
    desk.page.open_take(first)
    desk.page._show_take_menu(QPoint(5, 5))
    desk.until(lambda: QApplication.activePopupWidget() is not None)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert desk.document.source == first
    assert "Hear 3. Second (edited)\tX" in [action.text() for action in menu.actions()]
    menu.close()


def test_a_version_is_renamed_and_binned_from_its_menu(composed: Any) -> None:
    desk = composed
    first = desk.page.document.source
    desk.page.piece_actions.ask_title()
    dialog = desk.page.piece_actions.dialog
    assert dialog is not None
    assert dialog.textValue() == "Calm tune"
    dialog.setTextValue("  For the   titles ")
    dialog.accept()
    desk.until(lambda: [t.artifact.title for t in desk.results()] == ["For the titles"])
    assert desk.ctx.library.artifact(first).title == "For the titles"
    assert desk.piece.title == "Calm tune", "what is printed over the score stays"
    desk.page.take_actions.bin()
    desk.until(lambda: not desk.results())
    desk.until(lambda: not desk.ctx.library.find(""))  # it is binned beside the window
    assert desk.document.empty

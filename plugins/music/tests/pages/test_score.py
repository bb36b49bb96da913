"""The score: engraved after each edit, the latest wins; clicks pick notes, the playhead moves."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QWidget

from studio.api import BadInput, StudioError
from studio.api.jobs import JobRequest
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.ui import WindowUi
from studio_music.pages.editor import edits
from studio_music.pages.editor.document import Document
from studio_music.pages.roll.gestures import Desk
from studio_music.pages.roll.key_bindings import KeyBindings
from studio_music.pages.roll.viewport import Viewport
from studio_music.pages.score.engraving_request import Sheet
from studio_music.pages.score.view import ScoreView
from studio_music.score import engraving
from studio_music.score.piece import TICKS, Note, Piece, Track


class FakeJob:
    """A job that ends when the test says so."""

    def __init__(self, params: Mapping[str, Any], piece: Piece) -> None:
        self.params, self.piece, self.stopped = params, piece, False

    def on_done(self, call: Any) -> FakeJob:
        self._done = call
        return self

    def on_failed(self, call: Any) -> FakeJob:
        self._failed = call
        return self

    def on_cancelled(self, call: Any) -> FakeJob:
        self._cancelled = call
        return self

    def cancel(self) -> None:
        self.stopped = True

    def end(self) -> None:
        """Be stopped, or engrave what was asked."""
        if self.stopped:
            self._cancelled()
            return
        self._done(msgspec.to_builtins(engraving.section(self.piece, **self.params)))

    def fail(self, error: StudioError) -> None:
        self._failed(error)


class ScoreDesk:
    """The score by itself."""

    def __init__(self, qtbot: Any, look: Appearance, piece: Piece) -> None:
        self.qtbot = qtbot
        self.jobs: list[FakeJob] = []
        self.window = QWidget()
        qtbot.addWidget(self.window)
        ui = WindowUi(look, self.window, None, lambda: None)  # type: ignore[arg-type]
        tasks = SimpleNamespace(submit=self.submit)
        self.document = Document()
        self.view = ScoreView(SimpleNamespace(ui=ui, tasks=tasks), self.document)  # type: ignore[arg-type]
        self.view.setParent(self.window)
        self.window.resize(700, 400)
        self.view.resize(700, 400)
        self.window.show()
        self.sought: list[int] = []
        self.view.seek_asked.connect(self.sought.append)
        self.document.open(piece, "")

    def submit(self, request: JobRequest) -> FakeJob:
        assert request.task == "music.engrave"
        assert not request.keep
        assert isinstance(request.params, dict)
        self.jobs.append(FakeJob(request.params, request.inputs["piece"]))
        return self.jobs[-1]

    def wait_for_job(self, count: int) -> FakeJob:
        self.qtbot.waitUntil(lambda: len(self.jobs) == count)
        return self.jobs[-1]

    def engrave(self) -> Sheet:
        """Let all jobs end until nothing is wanted."""
        done = 0
        while not self.view.engraver.idle or done < len(self.jobs):
            self.wait_for_job(max(done + 1, len(self.jobs)))
            self.jobs[done].end()
            done += 1
        sheet = self.view.canvas.sheet
        assert sheet is not None
        return sheet

    def engrave_again(self) -> Sheet:
        """Let the job end that follows an edit."""
        self.wait_for_job(len(self.jobs) + 1).end()
        sheet = self.view.canvas.sheet
        assert sheet is not None
        return sheet

    def click(self, place: QPointF, held: Any = Qt.KeyboardModifier.NoModifier) -> None:
        button = Qt.MouseButton.LeftButton
        self.qtbot.mouseClick(self.view.canvas, button, held, place.toPoint())


@pytest.fixture
def desk(qtbot: Any, look: Appearance, tune: Any) -> ScoreDesk:
    return ScoreDesk(qtbot, look, tune())


def test_a_click_picks_a_note_in_its_track(desk: ScoreDesk) -> None:
    sheet = desk.engrave()
    chord = next(head for head in sheet.heads if head.track == 1 and head.note == 1)
    box = desk.view.canvas._box(chord)
    desk.click(box.center())
    assert desk.document.current == 1
    assert desk.document.selected == {desk.document.piece.tracks[1].notes[1]}
    other = next(head for head in sheet.heads if head.track == 1 and head.note == 2)
    desk.click(desk.view.canvas._box(other).center(), Qt.KeyboardModifier.ShiftModifier)
    assert len(desk.document.selected) == 2
    assert len(desk.view.canvas._chosen) >= 2


def test_a_click_beside_the_notes_puts_the_playhead(desk: ScoreDesk) -> None:
    sheet = desk.engrave()
    place = next(place for place in sheet.places if place.tick == 2 * TICKS)
    desk.click(QPointF(place.x + 1, place.y + place.height + 4))
    assert desk.sought == [2 * TICKS]


def test_the_playhead_moves_evenly_between_two_places(desk: ScoreDesk) -> None:
    sheet = desk.engrave()
    first, second = (next(p for p in sheet.places if p.tick == n * TICKS) for n in (0, 1))
    canvas = desk.view.canvas
    assert canvas._line(0).x() == first.x
    assert canvas._line(TICKS // 2).x() == pytest.approx((first.x + second.x) / 2)
    desk.view.set_playhead(TICKS, follow=True)
    assert canvas._line(TICKS).height() >= first.height


def test_edits_in_a_row_are_engraved_once_and_the_last_wins(desk: ScoreDesk) -> None:
    desk.engrave()
    before = len(desk.jobs)
    for _ in range(3):
        step(desk.document)
    running = desk.wait_for_job(before + 1)
    step(desk.document)
    desk.qtbot.waitUntil(lambda: running.stopped)
    running.end()
    last = desk.wait_for_job(before + 2)
    assert last.piece.tracks[0].notes[0].pitch == 66
    last.end()
    assert desk.view.canvas.sheet.piece == desk.document.piece


def step(document: Document) -> None:
    chosen = frozenset(document.track.notes[:1])
    document.apply("Up", edits.move(document.piece, document.current, chosen, 0, 1))


def test_a_long_piece_comes_in_parts_whose_pages_count_on(qtbot: Any, look: Appearance) -> None:
    notes = tuple(Note(n * TICKS, 60 + n % 12, TICKS) for n in range(4 * 80))
    piece = Piece(length=80 * 4 * TICKS, tracks=(Track("Long", notes),))
    desk = ScoreDesk(qtbot, look, piece)
    sheet = desk.engrave()
    assert len(desk.jobs) > 1
    assert desk.jobs[1].params["first_bar"] > 0
    assert sheet.complete
    assert sorted({place.page for place in sheet.places}) == list(range(len(sheet.pages)))
    assert {head.note for head in sheet.heads} == set(range(len(notes)))
    ticks = [place.tick for place in sheet.places]
    assert ticks == sorted(ticks)


def test_a_failure_is_said_and_the_next_edit_tries_again(desk: ScoreDesk) -> None:
    desk.wait_for_job(1).fail(BadInput("This is too long to be engraved."))
    assert "too long" in desk.view._words.text()
    step(desk.document)
    desk.wait_for_job(2).end()
    assert desk.view._stack.currentWidget() is not desk.view._words


def test_ctrl_and_the_wheel_engrave_larger(desk: ScoreDesk) -> None:
    small = desk.engrave().sizes[0][1]
    desk.view.zoom(1.5)
    assert desk.view.engraver.idle is False
    desk.wait_for_job(len(desk.jobs) + 1).end()
    assert desk.view.canvas.sheet.sizes[0][1] > small


def test_a_hidden_score_asks_for_nothing(qtbot: Any, look: Appearance, tune: Any) -> None:
    desk = ScoreDesk(qtbot, look, Piece())
    desk.view.hide()
    desk.document.open(tune(), "")
    step(desk.document)
    assert desk.view.engraver.idle
    desk.view.show()
    desk.wait_for_job(1)


def test_notes_are_edited_in_the_score_by_the_keys_of_the_roll(desk: ScoreDesk) -> None:
    desk.view.keys = KeyBindings(Desk(desk.document, Viewport(), sound=lambda _pitch: None))
    sheet = desk.engrave()
    head = next(head for head in sheet.heads if head.track == 0 and head.note == 1)
    desk.click(desk.view.canvas._box(head).center())
    key, none, shift, alt = (
        Qt.Key,
        Qt.KeyboardModifier.NoModifier,
        Qt.KeyboardModifier.ShiftModifier,
        Qt.KeyboardModifier.AltModifier,
    )
    before = desk.document.track.notes[1]
    for pressed, held in ((key.Key_Up, none), (key.Key_Right, shift), (key.Key_Up, alt)):
        desk.qtbot.keyClick(desk.view, pressed, held)
    (after,) = desk.document.selected
    assert after.pitch == before.pitch + 1
    assert (after.length > before.length, after.velocity > before.velocity) == (True, True)
    desk.qtbot.keyClick(desk.view, key.Key_Right)
    assert desk.document.selected == {desk.document.track.notes[2]}, "left and right walk"
    desk.document.undo.undo()
    desk.document.undo.undo()
    desk.document.undo.undo()
    assert desk.document.track.notes[1] == before


def test_a_zoomed_score_goes_back_to_its_usual_size(desk: ScoreDesk) -> None:
    usual = desk.view.scale
    desk.view.zoom(1.5)
    assert desk.view.scale > usual
    desk.view.reset_zoom()
    assert desk.view.scale == pytest.approx(usual)


def test_lyrics_are_typed_under_the_notes_from_one_to_the_next(desk: ScoreDesk) -> None:
    desk.view.keys = KeyBindings(Desk(desk.document, Viewport(), sound=lambda _pitch: None))
    desk.view.keys.sing = desk.view.lyrics.begin
    desk.engrave()
    document, field = desk.document, desk.view.lyrics.field
    document.select(frozenset({document.track.notes[0]}))
    desk.qtbot.keyClick(desk.view, Qt.Key.Key_T)
    assert field.isVisible()
    below = {}
    for number, typed in enumerate(("Hal-", "le-", "lu-", "jah ", "_", "sing")):
        head = desk.view.canvas.box_of(0, number)
        assert head is not None
        below[number] = (field.y() > head.bottom(), abs(field.geometry().center().x() - head.x()))
        desk.qtbot.keyClicks(field, typed)
        if number < 5:
            desk.engrave_again()
        assert field.isVisible()
    assert all(under and aside < field.width() for under, aside in below.values()), below
    desk.qtbot.keyClick(field, Qt.Key.Key_Return)
    words = ["Hal-", "le-", "lu-", "jah", "_", "sing"]
    assert [note.lyric for note in document.track.notes[:6]] == words
    assert not field.isVisible()
    assert document.selected == {document.track.notes[5]}
    assert any(">jah</text>" in page for page in desk.engrave_again().pages)
    document.undo.undo()
    assert [note.lyric for note in document.track.notes[:6]] == [*words[:5], ""]
    edited = edits.move(document.piece, 0, frozenset(document.track.notes[:1]), 0, 2)
    document.apply("Move notes", edited)
    assert document.track.notes[0].lyric == "Hal-", "it moves with its note"
    document.select(frozenset({document.track.notes[1]}))
    desk.engrave_again()
    desk.view.lyrics.begin()
    first = field.y()
    desk.qtbot.keyClick(field, Qt.Key.Key_Down)
    assert field.y() > first
    desk.qtbot.keyClicks(field, "men")
    desk.qtbot.keyClick(field, Qt.Key.Key_Up)
    desk.engrave_again()
    assert field.text() == "le"
    assert document.track.notes[1].sung == ("le-", "men")


def test_escape_leaves_the_syllable_and_backspace_goes_back(desk: ScoreDesk) -> None:
    desk.engrave()
    document, field = desk.document, desk.view.lyrics.field
    document.select(frozenset({document.track.notes[1]}))
    desk.view.lyrics.begin()
    desk.qtbot.keyClick(field, Qt.Key.Key_Backspace)
    assert document.selected == {document.track.notes[0]}
    desk.qtbot.keyClicks(field, "never")
    desk.qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert not field.isVisible()
    assert not any(note.lyric for note in document.track.notes)

"""The piano roll under real mouse and keys: each edit is a step that can be undone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtWidgets import QApplication, QStackedWidget, QWidget

from studio.desktop.ui import WindowUi
from studio_music.pages.editor import edits
from studio_music.pages.editor.document import Document
from studio_music.pages.roll.development_menu import development_menu
from studio_music.pages.roll.editor import RollEditor
from studio_music.pages.roll.notation_menu import dynamics_menu
from studio_music.pages.roll.viewport import Viewport
from studio_music.score.piece import TICKS, Chord, Dynamic, Note

KEY, HELD = Qt.Key, Qt.KeyboardModifier
CTRL, SHIFT, ALT = HELD.ControlModifier, HELD.ShiftModifier, HELD.AltModifier
BAR = 4 * TICKS


# --- drawing and selecting ------------------------------------------------------------------------


def test_a_double_click_draws_a_note_on_the_grid(rolled: Any) -> None:
    desk = rolled
    place = desk.at(TICKS * 2 + 50, 60).toPoint()
    desk.qtbot.mouseDClick(desk.roll.notes, Qt.MouseButton.LeftButton, HELD.NoModifier, place)
    desk.qtbot.mouseRelease(desk.roll.notes, Qt.MouseButton.LeftButton, HELD.NoModifier, place)
    drawn = Note(TICKS * 2, 60, TICKS, 80)
    assert drawn in desk.melody
    assert desk.document.selected == {drawn}
    desk.document.undo.undo()
    assert drawn not in desk.melody
    desk.document.undo.redo()
    assert drawn in desk.melody


def test_the_pencil_draws_as_long_as_it_is_dragged(rolled: Any) -> None:
    desk = rolled
    desk.roll.tools.set_pencil(True)
    desk.drag(desk.at(10, 59), desk.at(TICKS * 3 - 20, 59))
    assert Note(0, 59, TICKS * 3, 80) in desk.melody
    assert desk.document.undo.count() == 1
    assert 59 in desk.heard


def test_a_click_selects_shift_adds_and_ctrl_toggles(rolled: Any) -> None:
    desk, (first, second, *_) = rolled, rolled.melody
    desk.click(desk.at(100, 62))
    assert desk.document.selected == {first}
    desk.click(desk.at(TICKS + 100, 63), SHIFT)
    assert desk.document.selected == {first, second}
    desk.click(desk.at(100, 62), CTRL)
    assert desk.document.selected == {second}
    desk.click(desk.at(100, 62), CTRL)
    desk.click(desk.at(100, 62))
    assert desk.document.selected == {first}
    desk.click(desk.at(100, 60))
    assert desk.document.selected == frozenset()


def test_a_rubber_band_selects_what_it_touches(rolled: Any) -> None:
    desk = rolled
    desk.drag(desk.at(20, 61) + QPointF(0, 5), desk.at(TICKS * 2 + 100, 65))
    assert desk.document.selected == set(desk.melody[:3])
    desk.drag(desk.at(TICKS * 5 + 40, 66), desk.at(TICKS * 5 + 200, 68), SHIFT)
    assert desk.document.selected == {*desk.melody[:3], desk.melody[5]}
    assert "4 notes" in desk.roll.notes.accessibleDescription()


# --- moving and resizing --------------------------------------------------------------------------


def test_a_drag_moves_by_the_grid_and_is_heard(rolled: Any) -> None:
    desk, before = rolled, rolled.melody
    desk.drag(desk.at(100, 62), desk.at(100 + TICKS // 2 - 30, 60))
    assert Note(TICKS // 2, 60, TICKS, 70) in desk.melody
    assert len(desk.melody) == len(before)
    assert desk.document.undo.count() == 1
    assert 60 in desk.heard
    desk.document.undo.undo()
    assert desk.melody == before


def test_alt_lets_go_of_the_grid(rolled: Any) -> None:
    desk = rolled
    desk.drag(desk.at(100, 62), desk.at(150, 62), ALT)
    start = min(desk.document.selected).start
    assert start % (TICKS // 4) != 0
    assert abs(start - 50) <= 12


def test_ctrl_drags_a_copy(rolled: Any) -> None:
    desk, before = rolled, rolled.melody
    desk.drag(desk.at(100, 62), desk.at(100, 59), CTRL)
    assert set(before) < set(desk.melody)
    assert desk.document.selected == {Note(0, 59, TICKS, 70)}


def test_the_right_edge_changes_the_length(rolled: Any) -> None:
    desk = rolled
    edge = desk.at(TICKS, 62) - QPointF(2, 0)
    desk.drag(edge, edge + QPointF(desk.roll.camera.scale * TICKS / 2, 0))
    assert desk.melody[0] == Note(0, 62, TICKS * 3 // 2, 70)


def test_escape_gives_up_a_drag(rolled: Any) -> None:
    desk, before = rolled, rolled.melody
    notes = desk.roll.notes
    start, end = desk.at(100, 62), desk.at(900, 55)
    desk.qtbot.mousePress(notes, Qt.MouseButton.LeftButton, HELD.NoModifier, start.toPoint())
    desk.move(end)
    assert desk.melody != before
    desk.key(KEY.Key_Escape)
    desk.qtbot.mouseRelease(notes, Qt.MouseButton.LeftButton, HELD.NoModifier, end.toPoint())
    assert desk.melody == before
    assert not desk.document.undo.canUndo()


# --- keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "held", "changes"),
    [
        (KEY.Key_Right, HELD.NoModifier, {"start": TICKS // 4}),
        (KEY.Key_Down, HELD.NoModifier, {"pitch": 61}),
        (KEY.Key_Down, CTRL, {"pitch": 50}),
        (KEY.Key_Right, SHIFT, {"length": TICKS * 5 // 4}),
        (KEY.Key_Left, SHIFT, {"length": TICKS * 3 // 4}),
        (KEY.Key_Up, ALT, {"velocity": 75}),
    ],
)
def test_arrow_keys_edit_the_selection(
    rolled: Any, key: Qt.Key, held: Qt.KeyboardModifier, changes: dict[str, int]
) -> None:
    desk, before = rolled, rolled.melody
    desk.click(desk.at(100, 62))
    desk.key(key, held)
    assert set(desk.melody) - set(before) == {replace(before[0], **changes)}


def test_notes_are_walked_inserted_and_deleted_by_keys(rolled: Any) -> None:
    desk = rolled
    desk.key(KEY.Key_Right, CTRL)
    assert desk.document.selected == {desk.melody[0]}
    desk.key(KEY.Key_Right, CTRL | SHIFT)
    assert desk.document.selected == set(desk.melody[:2])
    desk.key(KEY.Key_Delete)
    assert [note.pitch for note in desk.melody][:2] == [64, 65]
    desk.key(KEY.Key_Return)
    assert min(desk.document.selected).start == 0
    desk.key(KEY.Key_A, CTRL)
    assert len(desk.document.selected) == 15


def test_cut_and_paste_at_the_playhead_and_duplicate(rolled: Any) -> None:
    desk, first = rolled, rolled.melody[0]
    desk.click(desk.at(100, 62))
    desk.key(KEY.Key_X, CTRL)
    assert first not in desk.melody
    desk.roll.set_playhead(TICKS * 16)
    desk.key(KEY.Key_V, CTRL)
    assert Note(TICKS * 16, 62, TICKS, 70) in desk.melody
    assert desk.piece.length == TICKS * 20
    desk.key(KEY.Key_D, CTRL)
    assert Note(TICKS * 17, 62, TICKS, 70) in desk.melody


def test_nonsense_on_the_clipboard_is_left_alone(rolled: Any) -> None:
    from PySide6.QtCore import QMimeData

    from studio_music.pages.roll.key_bindings import MIME

    desk, before = rolled, rolled.melody
    for payload in (b"{", b"[[1,2]]", b'[{"start":-1,"pitch":60,"length":1}]', b"[]"):
        data = QMimeData()
        data.setData(MIME, payload)
        QGuiApplication.clipboard().setMimeData(data)
        desk.key(KEY.Key_V, CTRL)
    assert desk.melody == before


def test_quantise_moves_crooked_notes_onto_the_grid(rolled: Any) -> None:
    desk = rolled
    desk.drag(desk.at(100, 62), desk.at(150, 62), ALT)
    desk.key(KEY.Key_Escape)
    desk.roll.tools.set_snap(TICKS)
    desk.key(KEY.Key_Q)
    assert all(note.start % TICKS == 0 for note in desk.melody)


# --- around the notes -----------------------------------------------------------------------------


def test_velocities_are_dragged_one_or_the_whole_selection(rolled: Any) -> None:
    desk, lane = rolled, rolled.roll.velocities
    x = desk.roll.camera.x(0) + 1
    desk.drag(QPointF(x, 30), QPointF(x, 6), widget=lane)
    assert desk.melody[0].velocity == 127
    desk.click(desk.at(TICKS + 100, 63))
    desk.click(desk.at(TICKS * 2 + 100, 64), SHIFT)
    x = desk.roll.camera.x(TICKS) + 1
    y = lane.height() / 2
    desk.drag(QPointF(x, y), QPointF(x, y + 8), widget=lane)
    lower = {note.velocity for note in desk.melody[1:3]}
    assert len(lower) == 1
    assert lower.pop() < 70
    assert desk.melody[3].velocity == 70


def test_the_ruler_puts_playhead_and_loop(rolled: Any) -> None:
    desk, ruler, camera = rolled, rolled.roll.ruler, rolled.roll.camera
    x = camera.x(TICKS * 2 + 10)
    desk.qtbot.mouseClick(ruler, Qt.MouseButton.LeftButton, HELD.NoModifier, QPoint(int(x), 10))
    assert desk.sought == [TICKS * 2]
    start, end = QPointF(camera.x(TICKS), 8), QPointF(camera.x(TICKS * 3) + 2, 8)
    desk.drag(start, end, widget=ruler)
    assert desk.loops[-1] == (TICKS, TICKS * 3)
    desk.qtbot.mouseDClick(ruler, Qt.MouseButton.LeftButton, HELD.NoModifier, QPoint(200, 8))
    assert desk.loops[-1] is None


def test_a_click_on_the_keyboard_is_heard(rolled: Any) -> None:
    desk, keyboard = rolled, rolled.roll.keyboard
    y = round(desk.roll.camera.y(69) + 5)
    desk.qtbot.mouseClick(keyboard, Qt.MouseButton.LeftButton, HELD.NoModifier, QPoint(40, y))
    assert desk.heard == [69]


def test_ctrl_and_the_wheel_zoom_around_the_mouse(rolled: Any) -> None:
    desk, camera = rolled, rolled.roll.camera
    before, place = camera.tick(200), QPointF(200, 50)
    wheel(desk.roll.notes, place, CTRL)
    assert camera.scale > 0.12
    assert camera.tick(200) == pytest.approx(before, abs=2)
    row = camera.row
    wheel(desk.roll.notes, place, CTRL | SHIFT)
    assert camera.row > row


def wheel(widget: Any, place: QPointF, held: Qt.KeyboardModifier) -> None:
    event = QWheelEvent(
        place,
        widget.mapToGlobal(place),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        held,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def test_the_camera_keeps_within_the_music() -> None:
    camera = Viewport()
    camera.length = 1920
    camera.resize(400, 300)
    camera.scroll_to(-50, 99_999)
    assert camera.left == 0
    assert camera.top == camera.reach[1]
    camera.zoom_time(1e9, 0)
    camera.zoom_time(1e-9, 0)
    assert camera.x(1920) >= 1920 * 4 / TICKS
    assert camera.pitch(-1e6) == 127
    assert camera.pitch(1e6) == 0


def test_only_what_is_in_view_is_looked_at() -> None:
    from studio_music.pages.roll.painter import Timeline

    class Counted(tuple):
        looked = 0

        def __getitem__(self, place: Any) -> Any:
            Counted.looked += 1
            return super().__getitem__(place)

    notes = Counted(Note(n * 240, 60, 240) for n in range(5000))
    timeline = Timeline(notes)
    seen = list(timeline.between(600_000, 602_400))
    assert [note.start for note in seen] == list(range(600_000, 602_400, 240))
    assert Counted.looked < 20 + 2 * len(seen)


# --- tracks ---------------------------------------------------------------------------------------


def test_drums_have_their_names_and_no_edges(rolled: Any) -> None:
    desk = rolled
    desk.document.choose_track(2)
    assert desk.roll.keyboard.width() > 60
    desk.roll.camera.show_note(0, 100, 36)
    note = desk.document.track.notes[0]
    place = desk.at(20, 36)
    assert desk.roll.desk.note_at(place) == note
    assert not desk.roll.desk.at_edge(note, place + QPointF(6, 0))


def test_drums_have_rows_for_those_in_use_and_for_all_when_asked(rolled: Any) -> None:
    desk, camera = rolled, rolled.roll.camera
    document = desk.document
    others = [replace(document.piece.tracks[2].notes[0], pitch=pitch) for pitch in (38, 42, 49)]
    document.apply("Draw", edits.add(document.piece, 2, others))
    document.choose_track(2)
    assert list(camera.lanes) == [36, 38, 42, 49]
    assert desk.roll.tools.fold.isVisible()
    assert [camera.pitch(camera.y(pitch) + 1) for pitch in camera.lanes] == list(camera.lanes)
    assert camera.y(49) == 0
    assert camera.y(36) + camera.row <= camera.height + 1, "all are in view"
    note = next(n for n in document.track.notes if n.pitch == 42)
    start = QPointF(camera.x(note.start) + 2, camera.y(42) + camera.row / 2)
    desk.drag(start, start - QPointF(0, camera.row))
    (moved,) = document.selected
    assert moved.pitch == 49, "a row up is the next drum in use"
    assert list(camera.lanes) == [36, 38, 49], "a row that is empty goes"
    desk.roll.tools.fold.click()
    assert len(camera.lanes) == 47
    assert camera.pitch(camera.y(42) + 1) == 42
    document.choose_track(0)
    assert len(camera.lanes) == 128
    assert not desk.roll.tools.fold.isVisible()


def test_dynamics_and_accents_are_put_at_the_selection_and_heard(rolled: Any) -> None:
    document = rolled.document
    before = document.piece
    menu = dynamics_menu(rolled.roll._ui, document)
    named = {action.text(): action for action in menu.actions()}
    assert {"pp", "mf", "f", "Crescendo"} <= set(named)
    document.select(frozenset(document.track.notes[4:8]))
    named["f"].trigger()
    assert document.track.dynamics == (Dynamic(BAR, "f"),)
    assert [note.velocity for note in document.track.notes[3:5]] == [70, 96]
    assert document.selected == frozenset(document.track.notes[4:8]), "the selection stays"
    named["Diminuendo"].trigger()
    falling = [note.velocity for note in document.track.notes[4:8]]
    assert falling == sorted(falling, reverse=True)
    assert falling[0] > falling[-1]
    document.undo.undo()
    named["Remove dynamics"].trigger()
    assert document.track.dynamics == ()
    quiet = [note.velocity for note in document.track.notes]
    named["Marcato"].trigger()
    assert {note.accent for note in document.track.notes[4:8]} == {"marcato"}
    assert document.track.notes[4].velocity > quiet[4]
    rolled.qtbot.keyClick(rolled.roll.notes, KEY.Key_V, SHIFT)
    assert {note.accent for note in document.selected} == {"accent"}
    rolled.qtbot.keyClick(rolled.roll.notes, KEY.Key_V, SHIFT)
    assert not any(note.accent for note in document.track.notes), "the second time it goes away"
    assert [note.velocity for note in document.track.notes] == quiet
    while document.undo.canUndo():
        document.undo.undo()
    assert document.piece == before
    menu.deleteLater()


def test_a_roll_that_is_first_shown_with_a_piece_opens_on_its_notes(
    qtbot: Any, look: Any, tune: Any
) -> None:
    """As for the first piece of a fresh home: nothing resizes the roll once it is in view."""
    piece, document = tune(), Document()
    stack = QStackedWidget()
    qtbot.addWidget(stack)
    stack.addWidget(QWidget())
    ui = WindowUi(look, stack, None, lambda: None)  # type: ignore[arg-type]
    roll = RollEditor(SimpleNamespace(ui=ui), document)  # type: ignore[arg-type]
    stack.addWidget(roll)
    stack.resize(900, 700)
    stack.show()
    qtbot.waitExposed(stack)
    document.open(piece, "")
    stack.setCurrentWidget(roll)
    low, high = roll.camera.rows
    pitches = [note.pitch for note in piece.tracks[0].notes]
    assert low < min(pitches)
    assert max(pitches) < high


def test_another_track_brings_its_notes_into_view(rolled: Any) -> None:
    desk, camera = rolled, rolled.roll.camera
    camera.scroll_to(0, 0)
    desk.document.choose_track(2)
    low, high = camera.rows
    assert low <= 36 <= high
    camera.scroll_to(0, camera.top - 10)
    top = camera.top
    desk.document.select(frozenset(desk.document.track.notes[:1]))
    assert camera.top == top


def test_a_selection_is_developed_and_undone_as_one(rolled: Any) -> None:
    document = rolled.document
    before = document.piece
    chosen = frozenset(document.track.notes[:4])
    document.select(chosen)
    calls = {name: run for name, _words, run in rolled.roll.developments()}
    calls["invert"]()
    pitches = [note.pitch for note in document.track.notes[:4]]
    assert pitches != [note.pitch for note in before.tracks[0].notes[:4]]
    assert document.track.notes[4:] == before.tracks[0].notes[4:]
    document.undo.undo()
    assert document.piece == before
    told: list[str] = []
    rolled.roll.keys.tell = told.append
    document.select(frozenset(document.track.notes[:1]))
    calls["arpeggiate"]()
    assert told == ["Arpeggiate: there is nothing to change in these notes."]
    assert document.piece == before


def test_without_a_selection_the_whole_track_is_developed(rolled: Any) -> None:
    document = rolled.document
    before = document.piece
    calls = {name: run for name, _words, run in rolled.roll.developments()}
    calls["slower"]()
    assert document.piece.end == 2 * before.end
    assert document.piece.tracks[1:] == before.tracks[1:]


def test_drums_are_not_moved_in_pitch(rolled: Any) -> None:
    document = rolled.document
    document.choose_track(2)
    before = document.piece
    {name: run for name, _words, run in rolled.roll.developments()}["invert"]()
    assert document.piece == before
    menu = development_menu(rolled.roll._ui, rolled.roll.keys, drums=True)
    assert {action.text() for action in menu.actions()} == {
        "Simplify", "Humanise", "Reverse", "Twice as slow", "Twice as fast",
    }  # fmt: skip


def test_a_counter_melody_is_a_track_of_its_own_and_can_be_undone(rolled: Any) -> None:
    document, keys = rolled.document, rolled.roll.keys

    def against() -> Any:
        menu = development_menu(rolled.roll._ui, keys, drums=False)
        return menu, next(a for a in menu.actions() if a.text() == "Counter-melody")

    menu, entry = against()
    assert not entry.isEnabled()  # no chord symbols lie under the tune
    piece = replace(document.piece, chords=(Chord(0, "Dm"), Chord(8 * TICKS, "A7")))
    document.apply_piece("chords", piece)
    menu, entry = against()
    assert entry.isEnabled()
    families = {action.text(): action.menu() for action in entry.menu().actions()}
    assert "Drums" not in families
    next(a for a in families["Strings"].actions() if a.text() == "Cello").trigger()
    assert document.piece.tracks[:-1] == piece.tracks
    line = document.piece.tracks[-1]
    assert (line.name, line.program) == ("Counter-melody", 42)
    assert line.notes[0].pitch % 12 in (2, 5, 9)
    assert document.track is line
    document.undo.undo()
    assert document.piece == piece
    menu.deleteLater()


def test_a_bass_and_drums_are_added_under_a_selection(rolled: Any) -> None:
    document, keys = rolled.document, rolled.roll.keys
    document.select(frozenset(document.track.notes[4:8]))
    keys.add_player("bass", "rock")
    bass = document.piece.tracks[-1]
    assert (bass.role, len(document.piece.tracks)) == ("bass", 4)
    assert BAR <= min(n.start for n in bass.notes) <= max(n.end for n in bass.notes) <= 2 * BAR
    assert document.piece.chords, "the chords that were found are named"
    drums = document.piece.tracks[2].notes
    document.select(frozenset(document.piece.tracks[0].notes[4:8]))
    keys.add_player("drums", "rock")
    after = document.piece.tracks[2].notes
    outside = [note for note in drums if not BAR <= note.start < 2 * BAR]
    assert [note for note in after if not BAR <= note.start < 2 * BAR] == outside
    assert {note.pitch for note in after} > {36}, "its own track is used"
    assert len(document.piece.tracks) == 4
    document.undo.undo()
    assert document.piece.tracks[2].notes == drums

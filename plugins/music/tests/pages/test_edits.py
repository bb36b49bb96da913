"""Edits of a piece and the grid they snap to: what was edited stands, all else stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from studio_music.pages.editor import edits, grid
from studio_music.score.piece import (
    MAX_TRACKS,
    TICKS,
    Key,
    Metre,
    MetreChange,
    Note,
    Piece,
    Tempo,
    Track,
    checked,
)

BAR = 4 * TICKS


def piece(*notes: Note, **changes: object) -> Piece:
    return replace(Piece(length=2 * BAR, tracks=(Track("Tune", tuple(sorted(notes))),)), **changes)


def one(start: int, pitch: int = 60, length: int = TICKS, velocity: int = 80) -> Note:
    return Note(start, pitch, length, velocity)


# --- notes ----------------------------------------------------------------------------------------


def test_a_note_is_added_in_order_and_selected() -> None:
    done = edits.add(piece(one(0), one(960)), 0, [one(480)])
    assert [note.start for note in done.piece.tracks[0].notes] == [0, 480, 960]
    assert done.selected == {one(480)}


def test_the_piece_grows_by_whole_bars_and_does_not_shrink() -> None:
    grown = edits.add(piece(), 0, [one(2 * BAR + 10)])
    assert grown.piece.length == 3 * BAR
    assert edits.remove(grown.piece, 0, grown.selected).piece.length == 3 * BAR


def test_a_selection_moves_as_one_and_stops_at_the_edges() -> None:
    low, high = one(100, 3), one(580, 120)
    done = edits.move(piece(low, high), 0, frozenset({low, high}), -500, -10)
    assert done.selected == {one(0, 0), one(480, 117)}
    done = edits.move(piece(low, high), 0, frozenset({low, high}), 0, 99)
    assert done.selected == {one(100, 10), one(580, 127)}


def test_a_moved_note_cuts_and_covers_what_is_in_its_way() -> None:
    there, covered, moved = one(0, 60, 960), one(960, 60, 240), one(0, 72, 960)
    done = edits.move(piece(there, covered, moved), 0, frozenset({moved}), 480, -12)
    assert done.piece.tracks[0].notes == (one(0, 60, 480), one(480, 60, 960))
    assert done.selected == {one(480, 60, 960)}


def test_a_copy_leaves_the_original() -> None:
    note = one(0)
    done = edits.copy_to(piece(note), 0, frozenset({note}), 480, 2)
    assert done.piece.tracks[0].notes == (note, one(480, 62))
    assert done.selected == {one(480, 62)}


def test_ends_move_and_nothing_gets_shorter_than_the_grid() -> None:
    long, short = one(0, 60, 480), one(480, 64, 60)
    done = edits.resize(piece(long, short), 0, frozenset({long, short}), -470, 120)
    assert done.selected == {one(0, 60, 120), one(480, 64, 60)}


def test_velocities_stay_in_their_range_and_change_nothing_else() -> None:
    quiet, loud, other = one(0, velocity=5), one(480, velocity=120), one(960)
    chosen = frozenset({quiet, loud})
    done = edits.louder(piece(quiet, loud, other), 0, chosen, 20)
    assert [n.velocity for n in done.piece.tracks[0].notes] == [25, 127, 80]
    done = edits.set_velocity(piece(quiet, loud, other), 0, chosen, 0)
    assert [n.velocity for n in done.piece.tracks[0].notes] == [1, 1, 80]


def test_quantising_straightens_starts_and_if_asked_ends() -> None:
    crooked = one(110, length=250)
    done = edits.quantise(piece(crooked), 0, frozenset({crooked}), 120)
    assert done.selected == {one(120, length=250)}
    done = edits.quantise(piece(crooked), 0, frozenset({crooked}), 120, ends=True)
    assert done.selected == {one(120, length=240)}


def test_paste_and_duplicate_put_copies_where_they_are_wanted() -> None:
    first, second = one(120), one(700, 62, 200)
    start = piece(first, second)
    pasted = edits.paste(start, 0, [second, first], 1920)
    assert pasted.selected == {one(1920), one(2500, 62, 200)}
    doubled = edits.duplicate(start, 0, frozenset({first, second}), 480)
    assert doubled.selected == {one(1080), one(1660, 62, 200)}


def test_notes_in_a_box_and_the_next_ones() -> None:
    track = piece(one(0), one(480, 64), one(960, 67)).tracks[0]
    assert edits.within(track, 470, 481, 60, 64) == {one(0), one(480, 64)}
    assert edits.neighbour(track, frozenset({one(0)}), 1) == one(480, 64)
    assert edits.neighbour(track, frozenset({one(960, 67)}), 1) == one(960, 67)
    assert edits.neighbour(track, frozenset(), 1, at=481) == one(960, 67)
    assert edits.neighbour(track, frozenset(), -1, at=481) == one(480, 64)
    assert edits.neighbour(Track("empty"), frozenset(), 1) is None


notes = st.builds(
    Note,
    st.integers(0, 4000),
    st.integers(58, 62),
    st.integers(1, 1500),
    st.integers(1, 127),
)


@given(st.lists(notes, max_size=8), st.sets(st.integers(0, 7)), st.data())
def test_any_edit_leaves_a_valid_piece_without_overlaps_of_what_was_edited(
    start: list[Note], picked: set[int], data: st.DataObject
) -> None:
    made = edits.add(piece(), 0, start)
    chosen = frozenset(n for place, n in enumerate(sorted(made.selected)) if place in picked)
    ticks, pitches = data.draw(st.integers(-4000, 4000)), data.draw(st.integers(-4, 4))
    edit = data.draw(
        st.sampled_from(
            [
                lambda p: edits.move(p, 0, chosen, ticks, pitches),
                lambda p: edits.copy_to(p, 0, chosen, ticks, pitches),
                lambda p: edits.resize(p, 0, chosen, ticks, 60),
                lambda p: edits.quantise(p, 0, chosen, 160, ends=True),
                lambda p: edits.duplicate(p, 0, chosen, 240),
            ]
        )
    )
    done = edit(made.piece)
    assert checked(done.piece) == done.piece
    after = done.piece.tracks[0].notes
    assert set(done.selected) <= set(after)
    assert done.piece.end == done.piece.length
    for place, note in enumerate(after):
        for other in after[place + 1 :]:
            assert note.pitch != other.pitch or note.end <= other.start


# --- tracks and the whole -------------------------------------------------------------------------


def test_tracks_come_go_and_change() -> None:
    start = piece(one(0))
    two = edits.add_track(start, Track("Bass", program=32))
    assert edits.set_track(two, 1, muted=True, volume=0.2).tracks[1].muted
    assert edits.remove_track(two, 0).tracks == (Track("Bass", program=32),)
    full = replace(start, tracks=(Track("x"),) * MAX_TRACKS)
    assert edits.add_track(full, Track("y")) is full


def test_one_track_is_the_melody() -> None:
    start = piece(one(0), tracks=(Track("a", role="melody"), Track("b"), Track("c", role="bass")))
    assert [t.role for t in edits.as_melody(start, 1).tracks] == ["", "melody", "bass"]
    assert edits.melody_track(start) == 0
    drums_first = (Track("d", (one(0),), drums=True), Track("e"), Track("f", (one(0),)))
    assert edits.melody_track(replace(start, tracks=drums_first)) == 2


def test_tempo_changes_keep_their_proportion() -> None:
    start = piece(tempos=(Tempo(0, 100.0), Tempo(960, 50.0)))
    assert edits.set_tempo(start, 120).tempos == (Tempo(0, 120.0), Tempo(960, 60.0))


def test_another_metre_fills_its_last_bar() -> None:
    done = edits.set_metre(piece(one(3000)), Metre(3, 4))
    assert done.length % (3 * TICKS) == 0
    assert done.length >= 3480


def test_transposing_takes_the_key_along_and_leaves_the_drums() -> None:
    tracks = (Track("a", (one(0, 62),)), Track("d", (one(0, 38),), drums=True))
    done = edits.transpose(piece(key=Key("D", "minor"), tracks=tracks), 3)
    assert [track.notes[0].pitch for track in done.tracks] == [65, 38]
    assert str(done.key) == "F minor"
    top = piece(one(0, 126))
    assert edits.transpose(top, 3) is top


# --- the grid -------------------------------------------------------------------------------------


def test_bars_follow_pickup_and_metre_and_go_on_beyond_the_end() -> None:
    start = piece(
        pickup=480,
        metres=(MetreChange(0, Metre()), MetreChange(480 + BAR, Metre(6, 8))),
    )
    found = list(grid.bars(start, 0, 6000))
    assert [(bar.number, bar.start, bar.end) for bar in found] == [
        (0, 0, 480),
        (1, 480, 2400),
        (2, 2400, 3840),
        (3, 3840, 5280),
        (4, 5280, 6720),
    ]
    assert [bar.beat for bar in found] == [480, 480, 720, 720, 720]
    assert list(grid.bars(start, 5300, 5400)) == [found[4]]


@given(st.integers(0, 200_000))
def test_a_leap_finds_the_same_bar_as_a_walk(tick: int) -> None:
    start = piece(pickup=240, metres=(MetreChange(0, Metre()), MetreChange(9840, Metre(3, 4))))
    walked = [bar for bar in grid.bars(start, 0, tick + 1) if bar.start <= tick < bar.end]
    assert walked == [grid.bar_at(start, tick)]


def test_snapping_counts_from_the_bar() -> None:
    start = piece(pickup=100)
    assert grid.snapped(start, 330, 240) == 340
    assert grid.snapped_down(start, 330, 240) == 100
    assert grid.snapped(start, 333, 1) == 333
    assert grid.position(start, 100 + 480 + 5) == (1, 2, 5)
    assert grid.bar_line_after(start, 101) == 100 + BAR

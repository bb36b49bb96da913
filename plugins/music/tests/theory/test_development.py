"""A few notes are turned round, varied, ornamented and continued, in their key."""

from __future__ import annotations

import pytest

from studio_music.score.piece import TICKS, Key, Note
from studio_music.score.theory import development

C, D_MINOR = Key("C", "major"), Key("D", "minor")
TUNE = [Note(n * TICKS, pitch, TICKS) for n, pitch in enumerate((60, 64, 67, 72))]


def pitches(notes: list[Note]) -> list[int]:
    return [note.pitch for note in notes]


def test_steps_stay_in_the_key_and_keep_what_is_foreign() -> None:
    assert pitches(development.moved(TUNE, 1, C)) == [62, 65, 69, 74]
    assert development.stepped(61, 1, C) == 63  # a C sharp becomes a D sharp
    assert development.stepped(62, -1, D_MINOR) == 60


def test_an_inversion_goes_down_where_the_notes_go_up_and_back_again() -> None:
    turned = development.inverted(TUNE, C)
    assert pitches(turned) == [60, 57, 53, 48]
    assert development.inverted(turned, C) == TUNE


def test_reversed_notes_end_where_they_began() -> None:
    uneven = [Note(480, 60, 960), Note(1440, 62, 240)]
    back = development.reversed_(uneven)
    assert back == [Note(480, 62, 240), Note(720, 60, 960)]
    assert development.reversed_(back) == uneven


def test_stretched_notes_begin_at_the_same_place() -> None:
    late = [Note(n.start + 960, n.pitch, n.length) for n in TUNE]
    slow = development.stretched(late, 2)
    assert [(n.start, n.length) for n in slow] == [(960 + 960 * k, 960) for k in range(4)]
    assert development.stretched(slow, 0.5) == late


def test_simplified_notes_are_those_on_the_beat_without_holes() -> None:
    busy = [Note(n * 240, 60 + n, 240) for n in range(8)]
    plain = development.simplified(busy)
    assert [(n.start, n.pitch, n.length) for n in plain] == [
        (0, 60, 480), (480, 62, 480), (960, 64, 480), (1440, 66, 480),
    ]  # fmt: skip
    off = [Note(100, 60, 50), Note(200, 62, 50)]
    assert development.simplified(off) == [Note(100, 60, 150)]


def test_ornaments_take_no_more_time_than_their_note() -> None:
    notes = [Note(0, 60, 480), Note(480, 64, 240), Note(720, 67, 1200)]
    rich = development.ornamented(notes, C)
    assert pitches(rich) == [60, 62, 60, 64, 69, 67, 65, 67]
    assert [n.end for n in rich if n.pitch == 60][-1] == 480
    assert rich[-1].end == notes[-1].end
    assert all(n.pitch % 12 in C.scale for n in rich)


def test_a_broken_chord_sounds_while_the_chord_did() -> None:
    chord = [Note(0, pitch, 960) for pitch in (60, 64, 67)]
    broken = development.arpeggiated([*chord, Note(960, 72, 480)])
    assert [(n.start, n.pitch) for n in broken] == [
        (0, 60), (240, 64), (480, 67), (720, 60), (960, 72),
    ]  # fmt: skip


def test_leaps_are_filled_with_the_steps_between() -> None:
    line = development.filled([Note(0, 60, 960), Note(960, 67, 480)], C)
    assert pitches(line) == [60, 62, 64, 65, 67]
    assert line[-2].end == 960
    assert development.filled(TUNE[:1], C) == TUNE[:1]


@pytest.mark.parametrize("seed", range(5))
def test_a_variation_keeps_first_and_last_and_its_time(seed: int) -> None:
    line = [Note(n * 480, 60 + (0, 2, 4, 5, 7, 5, 4, 2)[n], 480) for n in range(8)]
    made = development.varied(line, C, seed)
    assert (made[0], made[-1]) == (line[0], line[-1])
    assert sum(n.length for n in made) == 8 * 480
    assert all(n.pitch % 12 in C.scale for n in made)
    assert made == development.varied(line, C, seed)


def test_variations_differ_by_their_seed() -> None:
    line = [Note(n * 480, 60, 480) for n in range(8)]
    assert len({tuple(development.varied(line, C, seed)) for seed in range(6)}) > 3


def test_a_sequence_goes_on_in_whole_bars_a_step_lower_each_time() -> None:
    made = development.continued(TUNE, C, 4 * TICKS)
    assert made[:4] == TUNE
    assert pitches(made[4:8]) == [59, 62, 65, 71]
    assert [n.start for n in made[4:]] == [n * TICKS for n in range(4, 12)]


def test_a_human_is_near_the_page_and_never_the_same() -> None:
    played = development.humanised(TUNE, 1)
    assert played != TUNE
    assert all(abs(a.start - b.start) < 60 for a, b in zip(played, TUNE, strict=True))
    assert development.humanised(TUNE, 2) != played


@pytest.mark.parametrize("pitch", [0, 1, 126, 127])
def test_no_note_leaves_the_range_of_midi(pitch: int) -> None:
    edge = [Note(0, pitch, 960), Note(960, pitch, 960)]
    for made in (
        development.moved(edge, 3, C), development.moved(edge, -3, C),
        development.inverted([Note(0, 60, 480), *edge], C), development.ornamented(edge, C),
        development.varied([*edge, *edge], C, 1), development.continued(edge, C, 1920),
    ):  # fmt: skip
        assert all(0 <= note.pitch <= 127 for note in made)

"""Form, tension, key change and duration: read from words, planned, and given to a piece."""

from __future__ import annotations

from itertools import pairwise
from statistics import mean
from typing import Any

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from benchmarks.music.figures import dissonance  # noqa: E402
from plugins.music.tests.tasks import music_tasks  # noqa: E402
from studio.api import BadInput  # noqa: E402
from studio_music.compose.arc.course import shaped  # noqa: E402
from studio_music.compose.backing import arranging, genre_of  # noqa: E402
from studio_music.compose.backing.feel import felt  # noqa: E402
from studio_music.compose.backing.modulation import KeyChange  # noqa: E402
from studio_music.compose.piece_checks import check_piece  # noqa: E402
from studio_music.compose.prompt.form import Section, said, sections_of  # noqa: E402
from studio_music.compose.prompt.moods import MOODS  # noqa: E402
from studio_music.compose.prompt.request import TuneRequest  # noqa: E402
from studio_music.compose.prompt.tension import ARCS, by_bar, drawn  # noqa: E402
from studio_music.compose.tunes.composer import planned  # noqa: E402
from studio_music.score.piece import LOUDNESS, TICKS, Key, Metre, Note, Piece, Track  # noqa: E402
from studio_music.score.theory.chord_symbols import parsed  # noqa: E402
from studio_music.score.theory.key_detection import pitched_notes  # noqa: E402

pytestmark = pytest.mark.torch

BAR = Metre().bar
BARS = 12


def arranged(bars: int = BARS, genre: str = "pop", seed: int = 1, **plan: Any) -> Piece:
    piece = music_tasks.tune(bars)
    *_, made = arranging(piece, genre, np.random.default_rng(seed), **plan)
    assert isinstance(made, Piece)
    return made


def course(**asked: object) -> Piece:
    request = TuneRequest(key=Key("D", "minor"), bars=BARS)
    return shaped(arranged(), msgspec.structs.replace(request, **asked))


def loudness(piece: Piece, first: int, last: int) -> float:
    notes = [n for t in piece.tracks for n in t.notes if first * BAR <= n.start < last * BAR]
    return mean(note.velocity for note in notes)


def track(piece: Piece, role: str) -> Track:
    (found,) = (track for track in piece.tracks if track.role == role)
    return found


# --- sections ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("intro, A, B, bridge, outro", "intro A B bridge outro"),
        ("intro AABA coda", "intro A A B A outro"),
        ("Verse chorus verse and chorus", "A B A B"),
        ("form: ABAC", "A B A C"),
        ("intro 4, verse 8, chorus 16", "intro A B"),
        ("intro 4 bars, A 8 bars, outro 2 bars", "intro A outro"),
    ],
)
def test_sections_are_read(text: str, names: str) -> None:
    assert said(f"a calm piece, {text}, in D minor") == text
    assert [section.name for section in sections_of(text)] == names.split()


def test_numbers_behind_sections_are_their_bars() -> None:
    found = sections_of(said("calm, intro 4, verse 8 bars, chorus 16, in D minor"))
    assert [(each.name, each.bars) for each in found] == [("intro", 4), ("A", 8), ("B", 16)]
    assert said("AABA 32 bars") == "AABA", "the control: that is how long all of it is"


def test_keys_are_no_sections() -> None:
    assert said("A, D minor") == said("in A or D") == said("a bridge in B minor") == ""


def test_sections_share_the_bars_that_are_asked_for() -> None:
    form = sections_of("intro A B outro", 20)
    assert sum(section.bars for section in form) == 20
    assert form[1].bars > form[0].bars >= 1
    assert [section.bars for section in sections_of("intro A outro")] == [4, 8, 4]
    assert [section.bars for section in sections_of("intro 2, A 12 B", 20)] == [2, 12, 8]
    assert sections_of("") == ()
    bad = (("intro A B", 2), ("A B sonata", None), ("A" * 25, None), ("A 0", None), ("8 A", None))
    for text, bars in bad:
        with pytest.raises(BadInput):
            sections_of(text, bars)


def test_an_outro_says_the_end_of_the_first_section_and_the_blues_its_first_line_again() -> None:
    form = (Section("A", 8), Section("B", 8), Section("outro", 4))
    plan = planned(TuneRequest(bars=20, form=form))
    assert [bar.source for bar in plan[16:]] == [4, 5, 6, None], "the last bar is an ending"
    blues = planned(TuneRequest(bars=12, form=(Section("A", 12),), blues=True))
    assert [bar.source for bar in blues] == [None] * 4 + [0, 1, 2, 3] + [None] * 4


def test_the_blues_has_its_twelve_bars() -> None:
    piece = arranged(12, "blues")
    roots = {}
    for chord in piece.chords:
        known = parsed(chord.symbol)
        assert known is not None
        roots[chord.tick // BAR] = (known.root - 2) % 12
    assert roots == {0: 0, 4: 5, 6: 0, 8: 8, 9: 7, 10: 0}


# --- tension ----------------------------------------------------------------------------------


def test_a_curve_is_chosen_or_drawn_and_spread_over_the_bars() -> None:
    rising = by_bar(ARCS["rise"], 16)
    assert list(rising) == sorted(rising)
    assert by_bar(drawn("0 100%"), 4) == pytest.approx((0.125, 0.375, 0.625, 0.875))
    assert by_bar(drawn("0.5"), 3) == (0.5, 0.5, 0.5)
    assert by_bar((), 4) == drawn(" ") == ()
    for text in ("high", "2", "-1", "nan", "0.5 " * 65):
        with pytest.raises(BadInput, match="not a tension curve"):
            drawn(text)


def test_what_rises_grows_louder_fuller_and_faster() -> None:
    rising, even = course(tension=by_bar(ARCS["rise"], BARS)), course()
    assert loudness(rising, 8, 12) > 1.3 * loudness(rising, 0, 4)
    assert loudness(even, 8, 12) < 1.1 * loudness(even, 0, 4)
    signs = [LOUDNESS[each.sign] for each in track(rising, "melody").dynamics]
    assert signs == sorted(signs)
    assert len(signs) > 1, "the score says so, too"
    assert track(even, "melody").dynamics == ()
    drums = track(rising, "drums").notes
    assert not [note for note in drums if note.start < BAR]
    assert len([n for n in drums if n.start >= 8 * BAR]) > len(
        [n for n in drums if n.start < 4 * BAR]
    )
    joined = {t.name: min(n.start for n in t.notes) for t in rising.tracks if not t.role}
    assert set(joined) == {"Octave", "Strings"}
    assert min(joined.values()) >= 6 * BAR, "only where it is high"
    assert [t.name for t in even.tracks if not t.role] == []
    paces = [tempo.bpm for tempo in rising.tempos]
    assert paces[0] < max(paces)
    assert paces[-1] < paces[0], "it slows down at the end"
    assert [tempo.bpm for tempo in course(tension=(0.5,) * BARS, loop=True).tempos] == [100]


@pytest.mark.parametrize("genre", ["pop", "jazz", "ambient"])
def test_what_rises_rubs_more_and_has_more_notes(genre: str) -> None:
    tension = by_bar(ARCS["waves"], BARS)
    high = [bar for bar, height in enumerate(tension) if height > 0.7]
    low = [bar for bar, height in enumerate(tension) if height < 0.35]
    assert high
    assert low
    for seed in range(10):
        made = arranged(genre=genre, seed=seed, tension=tension)
        shape = TuneRequest(key=Key("D", "minor"), bars=BARS, tension=tension)
        rubs = [in_bars(shaped(made, shape), bars) for bars in (low, high)]
        assert rubs[1][0] > 1.5 * rubs[0][0], (seed, rubs)
        assert rubs[1][1] > 1.2 * rubs[0][1], (seed, rubs)
    turned = tuple(1 - height for height in tension)
    shape = TuneRequest(key=Key("D", "minor"), bars=BARS, tension=turned)
    other = shaped(arranged(genre=genre, tension=turned), shape)
    assert in_bars(other, high)[0] < in_bars(other, low)[0], "it is not the places alone"


def in_bars(piece: Piece, bars: list[int]) -> tuple[float, float]:
    """Return how much some bars rub, as the benches measure it, and their notes."""
    notes = [
        msgspec.structs.replace(n, start=n.start % BAR + at * BAR)
        for at, bar in enumerate(bars)
        for n in pitched_notes(piece)
        if bar * BAR <= n.start < (bar + 1) * BAR
    ]
    return dissonance(notes, len(bars) * BAR), len(notes) / len(bars)


@pytest.mark.parametrize("genre", ["pop", "jazz", "waltz", "blues"])
@pytest.mark.parametrize("lift", [1, 2, 3, 5, 6])
def test_a_change_of_key_is_prepared(genre: str, lift: int) -> None:
    changes = [KeyChange(4, lift), KeyChange(8, -lift)]
    shape = TuneRequest(key=Key("D", "minor"), bars=BARS, lift=lift, lifted=((4, 8),))
    for tonic in range(3):
        old = arranged(genre=genre, seed=tonic, changes=changes)
        assert all(led(shaped(old, shape), (2, (2 + lift) % 12), at) for at in (4, 8))
        tunes = [track(piece, "melody").notes for piece in (old, music_tasks.tune(BARS))]
        moved = {a.start // BAR for a, b in zip(*tunes, strict=True) if a.pitch != b.pitch}
        assert moved <= {3, 7}, "the tune gives way where the key changes alone"


def test_a_change_of_key_that_is_not_prepared_is_seen() -> None:
    shape = TuneRequest(key=Key("D", "minor"), bars=BARS, lift=6, lifted=((4, 8),))
    assert not led(shaped(arranged(), shape), (2, 8), 4)


def led(piece: Piece, tonics: tuple[int, int], bar: int) -> bool:
    """Whether what sounds before a bar is in both keys, or the dominant of the one that comes."""
    home, away = ([(t + s) % 12 for s in (0, 2, 3, 5, 7, 8, 10)] for t in tonics)
    new = tonics[bar == 4]
    dominant = {(new + step) % 12 for step in (7, 11, 2, 5)}
    chords = track(piece, "chords").notes
    last = max(n.start for n in chords if n.start < bar * BAR)
    sounding = {n.pitch % 12 for n in chords if n.start <= last < n.end}
    return sounding <= {*home} & {*away} or sounding <= dominant


def test_a_piece_lasts_as_long_as_asked_to_the_hundredth() -> None:
    made = course(seconds=31.7, tension=by_bar(ARCS["waves"], BARS))
    assert made.seconds(made.end) == pytest.approx(31.7, abs=0.01)


def test_the_end_is_lifted_and_still_in_its_key() -> None:
    made, before = course(lift=2, lifted=((8, 12),)), course()
    for role in ("melody", "chords", "bass", "drums"):
        pairs = zip(track(before, role).notes, track(made, role).notes, strict=True)
        for old, new in pairs:
            rises = old.start >= 8 * BAR and role != "drums"
            assert new.pitch - old.pitch == 2 * rises
    assert made.chords[-1].symbol == "Em"
    request = TuneRequest(key=Key("D", "minor"), bars=BARS, lift=2, lifted=((8, 12),))
    found = {c.name: c.passed for c in check_piece(made, request).checks}
    assert found["key"]


def test_a_bridge_is_lifted_and_leads_back() -> None:
    made, before = course(lift=3, lifted=((4, 8),)), course()
    for old, new in zip(track(before, "bass").notes, track(made, "bass").notes, strict=True):
        assert new.pitch - old.pitch == 3 * (4 * BAR <= old.start < 8 * BAR)
    names = {chord.tick: chord.symbol for chord in made.chords}
    assert {4 * BAR, 8 * BAR} <= set(names), "what sounds is named where the key changes"
    assert made.chords[-1].symbol == "Dm"
    request = TuneRequest(key=Key("D", "minor"), bars=BARS, lift=3, lifted=((4, 8),))
    assert {c.name: c.passed for c in check_piece(made, request).checks}["key"]


def test_half_beats_swing_and_some_notes_come_early() -> None:
    notes = tuple(Note(at * TICKS // 2, 60 + at % 5, TICKS // 2) for at in range(16))
    notes += tuple(Note(at * 2 * TICKS, 67, 2 * TICKS) for at in range(4, 10))
    plain = Piece(length=20 * TICKS, tracks=(Track("Tune", notes, role="melody"),))
    rng = np.random.default_rng(0)
    swung = felt(plain, genre_of("blues"), rng).tracks[0].notes
    assert {n.start % TICKS for n in swung[:16]} == {0, 2 * TICKS // 3}
    keen = msgspec.structs.replace(genre_of("bossa"), push=1.0)
    pushed = felt(plain, keen, rng).tracks[0].notes
    early = [new.start - old.start for old, new in zip(notes, pushed, strict=True)]
    assert early[17:-2] == [-TICKS // 2] * 3
    assert (early[0], early[-1]) == (0, 0)
    for one, other in pairwise(pushed):
        assert one.end <= other.start
    assert felt(plain, genre_of("march"), rng) == plain


def test_an_intro_is_left_to_the_backing() -> None:
    form = (Section("intro", 4), Section("A", 8))
    made = course(form=form)
    assert min(note.start for note in track(made, "melody").notes) >= 4 * BAR
    alone = shaped(music_tasks.tune(12), TuneRequest(bars=12, form=form))
    assert min(note.start for note in alone.tracks[0].notes) == 0, "nobody else would play"


def test_phrases_swell_and_close_softly() -> None:
    notes = track(course(), "melody").notes
    loud = [note.velocity for note in notes[:8]]
    assert max(loud[4:6]) > loud[0] > loud[7]


# --- moods, and all of it ---------------------------------------------------------------------


def test_moods_differ_in_what_they_ask_for() -> None:
    asked = [
        (m.mode, m.tempo, m.pace, m.octave, m.loudness, m.joined, m.colour) for m in MOODS.values()
    ]
    assert len(set(asked)) == len(MOODS) >= 12
    words = [word for mood in MOODS.values() for word in mood.words.split()]
    assert len(words) == len(set(words)), "no word stands for two"


def test_a_rising_piece_is_composed_as_asked() -> None:
    made = music_tasks.run("compose", arc="rise", form="intro A", bars=6, key="C", audio=False)
    piece = music_tasks.score_of(made)
    assert made.result["bars"] == 6
    assert len(piece.tempos) > 1
    assert sum(section["bars"] for section in made.result["request"]["form"]) == 6

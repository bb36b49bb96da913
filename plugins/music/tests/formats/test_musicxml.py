"""MusicXML: what we write comes back as it was, scores of others are understood, bombs refused."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.api import BadInput
from studio_music.score.formats.musicxml import reader, writer
from studio_music.score.piece import Chord, Key, Metre, MetreChange, Note, Piece, Tempo, Track

STEPS = st.sampled_from((30, 40))


@st.composite
def quantised_notes(draw, low: int = 12, high: int = 127) -> Note:
    step = draw(STEPS)
    return Note(
        step * draw(st.integers(0, 200)),
        draw(st.integers(low, high)),
        step * draw(st.integers(1, 120)),
        draw(st.integers(1, 127)),
    )


LAST_TEMPO = 777
"""In ticks: a score has no place for a tempo behind its last bar."""


@st.composite
def pieces(draw) -> Piece:
    metre = Metre(draw(st.integers(1, 12)), draw(st.sampled_from((2, 4, 8))))
    mode = draw(st.sampled_from(("major", "minor")))
    tracks = tuple(
        Track(
            f"Part {number}",
            tuple(sorted(draw(st.lists(quantised_notes(), min_size=1, max_size=12)))),
            draw(st.integers(0, 127)),
            draw(st.booleans()),
            volume=draw(st.integers(0, 100)) / 100,
        )
        for number in range(draw(st.integers(1, 3)))
    )
    return Piece(
        title="Random",
        key=Key.of_fifths(draw(st.integers(-7, 7)), mode),
        tempos=(Tempo(0, draw(st.floats(20, 400))), Tempo(LAST_TEMPO, 123.456)),
        metres=(MetreChange(0, metre),),
        length=metre.bar * draw(st.integers(-(-LAST_TEMPO // metre.bar), 6)),
        tracks=tracks,
        chords=(Chord(0, "Dm7"), Chord(101, "F#maj7/A#")),
    )


@settings(deadline=None, max_examples=25)
@given(pieces())
def test_notes_on_the_grid_come_back_as_they_were(piece: Piece) -> None:
    opened = reader.read(writer.write(piece))
    back = opened.piece
    assert [track.notes for track in back.tracks] == [track.notes for track in piece.tracks]
    assert [(t.name, t.program, t.drums, t.volume) for t in back.tracks] == [
        (t.name, t.program, t.drums, t.volume) for t in piece.tracks
    ]
    assert (back.title, back.key, back.tempos, back.metres, back.chords) == (
        piece.title, piece.key, piece.tempos, piece.metres, piece.chords,
    )  # fmt: skip
    assert opened.remarks == ()


def test_only_a_silent_bar_has_the_rest_of_a_silent_voice() -> None:
    low = tuple(Note(480 * beat, 60, 480) for beat in range(8))
    tune = Track("Tune", (*low, Note(960, 72, 960)))  # over the first bar of three
    bars = writer.write(Piece(tracks=(tune,), length=3 * 1920)).decode().split("<measure ")[1:]
    assert [bar.count('<rest measure="yes"/>') for bar in bars] == [0, 0, 1]


def test_a_pickup_comes_back() -> None:
    notes = (Note(0, 62, 480), Note(480, 67, 960), Note(1440, 66, 1440))
    piece = Piece(
        metres=(MetreChange(0, Metre(3, 4)),), pickup=480, length=3360, tracks=(Track("V", notes),)
    )
    back = reader.read(writer.write(piece)).piece
    assert (back.pickup, back.length, back.tracks[0].notes) == (480, 3360, notes)


def score(measures: str, head: str = "", kind: str = "score-partwise", before: str = "") -> bytes:
    return (
        f'<?xml version="1.0"?>{before}<{kind}><part-list><score-part id="P1"><part-name>A'
        f'</part-name>{head}</score-part></part-list><part id="P1">{measures}</part></{kind}>'
    ).encode()


def note(step: str, duration: int, extra: str = "", octave: int = 4, chord: str = "") -> str:
    pitch = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
    return f"<note>{chord}{pitch}<duration>{duration}</duration>{extra}</note>"


ATTRIBUTES = (
    "<attributes><divisions>2</divisions>"
    "<time><beats>2</beats><beat-type>4</beat-type></time></attributes>"
)
RESTS = "<note><rest/><duration>4</duration></note>"


START, STOP = '<tie type="start"/>', '<tie type="stop"/>'


def barline(side: str, inside: str) -> str:
    return f'<barline location="{side}">{inside}</barline>' if inside else ""


def notes_of(data: bytes) -> list[tuple[int, int, int]]:
    return [(n.start, n.pitch, n.length) for n in reader.read(data).piece.tracks[0].notes]


def test_chords_backups_ties_and_rests() -> None:
    first = (
        f'<measure number="1">{ATTRIBUTES}{note("C", 2)}{note("E", 2, chord="<chord/>")}'
        "<note><rest/><duration>1</duration></note>"
        f"{note('G', 1, START)}<backup><duration>4</duration></backup>"
        f"<forward><duration>2</duration></forward>{note('C', 2, octave=3)}</measure>"
    )
    second = f'<measure number="2">{note("G", 3, STOP)}</measure>'
    assert notes_of(score(first + second)) == [
        (0, 60, 480), (0, 64, 480), (480, 48, 480), (720, 67, 960),
    ]  # fmt: skip


def test_repeats_and_endings_are_played() -> None:
    def bar(step: str, left: str = "", right: str = "") -> str:
        attributes = ATTRIBUTES if step == "C" else ""
        inside = barline("left", left) + attributes + note(step, 4) + barline("right", right)
        return f"<measure>{inside}</measure>"

    back = "<repeat direction='backward'/>"
    measures = (
        bar("C")
        + bar("D", "<ending number='1' type='start'/>", f"<ending number='1' type='stop'/>{back}")
        + bar("E", "<ending number='2' type='start'/>", "<ending number='2' type='stop'/>")
        + bar("F", "<repeat direction='forward'/>", "<repeat direction='backward' times='3'/>")
        + bar("G")
    )
    opened = reader.read(score(measures))
    assert [n.pitch for n in opened.piece.tracks[0].notes] == [60, 62, 60, 64, 65, 65, 65, 67]
    assert opened.remarks == ("Repeats were written out.",)


def test_transposing_instruments_sound_as_they_do() -> None:
    clarinet = (
        "<measure><attributes><divisions>1</divisions><key><fifths>2</fifths></key>"
        "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose></attributes>"
        f"{note('D', 4)}</measure>"
    )
    piece = reader.read(score(clarinet)).piece
    assert [n.pitch for n in piece.tracks[0].notes] == [60]
    assert piece.key == Key("C", "major")


def test_dynamics_grace_notes_and_metronomes() -> None:
    measure = (
        f"<measure>{ATTRIBUTES}<direction><direction-type><metronome><beat-unit>quarter</beat-unit>"
        "<beat-unit-dot/><per-minute>60</per-minute></metronome></direction-type></direction>"
        "<direction><direction-type><dynamics><pp/></dynamics></direction-type></direction>"
        f"<note><grace/><pitch><step>B</step><octave>4</octave></pitch></note>{note('C', 2)}"
        "<direction><direction-type><dynamics><f/></dynamics></direction-type></direction>"
        f"{note('D', 2)}</measure>"
    )
    opened = reader.read(score(measure))
    quiet, loud = opened.piece.tracks[0].notes
    assert quiet.velocity < 50 < 90 < loud.velocity
    assert opened.piece.tempo == 90
    assert opened.remarks == ("Grace notes were left out.",)


def test_a_tempo_that_comes_late_counts_from_the_start_and_is_not_said_again() -> None:
    tempo = '<sound tempo="72"/>'
    repeat = barline("right", '<repeat direction="backward"/>')
    measures = (
        f"<measure>{ATTRIBUTES}{note('C', 4)}</measure>"
        f"<measure>{tempo}{note('D', 4)}{repeat}</measure>"
    )
    assert reader.read(score(measures)).piece.tempos == (Tempo(0, 72.0),)


def test_scores_by_bars_and_zipped_scores() -> None:
    timewise = (
        b'<score-timewise><part-list><score-part id="P1"><part-name>A</part-name></score-part>'
        b'</part-list><measure number="1"><part id="P1">'
        + (ATTRIBUTES + note("C", 4)).encode()
        + b"</part></measure></score-timewise>"
    )
    assert notes_of(timewise) == [(0, 60, 960)]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            "META-INF/container.xml",
            '<container><rootfiles><rootfile full-path="a/b.xml"/></rootfiles></container>',
        )
        archive.writestr("a/b.xml", timewise)
    assert notes_of(packed.getvalue()) == [(0, 60, 960)]


def test_the_usual_doctype_is_fine() -> None:
    doctype = (
        '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
        '"http://www.musicxml.org/dtds/partwise.dtd">'
    )
    data = score(f"<measure>{ATTRIBUTES}{note('C', 4)}</measure>", before=doctype)
    assert notes_of(data) == [(0, 60, 960)]


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
FILE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>'


def zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.xml", b"<a>" + b" " * (200 << 20))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (score("<measure>&b;</measure>", before=BOMB), "entities"),
        (score("<measure>&f;</measure>", before=FILE), "entities"),
        (b"<a/>", "not a score"),
        (b"<score-partwise>", "incomplete or damaged"),
        (b"\xff\xfe\x00", "incomplete or damaged"),
        (b"PK\x03\x04 nothing", "damaged"),
        (score(""), "no notes"),
        (score(f"<measure>{ATTRIBUTES}{RESTS}</measure>"), "no notes"),
        (b"<score-partwise>" + b"<a>" * 4_000_000, "too large"),
        (score("<measure>" + "<note/>" * 450_000 + "</measure>"), "450,000 notes"),
    ],
    ids=range(10),
)  # fmt: skip
def test_bad_files_are_refused_in_a_sentence(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        reader.read(data)


def test_a_zip_bomb_is_not_unpacked() -> None:
    with pytest.raises(BadInput, match="too large"):
        reader.read(zip_bomb())


def test_repeats_cannot_make_a_piece_endless() -> None:
    forward = "<barline location='left'><repeat direction='forward'/></barline>"
    back = "<barline location='right'><repeat direction='backward' times='99'/></barline>"
    bar = f"<measure>{forward}{ATTRIBUTES}{note('C', 1)}{back}</measure>"
    with pytest.raises(BadInput, match="too long"):
        reader.read(score(bar * 1000))


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damage_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    good = bytearray(score(f"<measure>{ATTRIBUTES}{note('C', 2)}{note('D', 2)}</measure>"))
    for _ in range(data.draw(st.integers(1, 3))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(32, 126))
    try:
        piece = reader.read(bytes(good)).piece
    except BadInput:
        return
    assert any(track.notes for track in piece.tracks)

"""ABC: tunes as fiddlers write them are read, and what we write comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.api import BadInput
from studio_music.score.formats.abc import reader, writer
from studio_music.score.piece import Chord, Key, Metre, MetreChange, Note, Piece, Tempo, Track


def tune(music: str, head: str = "M:4/4\nL:1/8\nK:C") -> bytes:
    return f"X:1\nT:A tune\n{head}\n{music}\n".encode()


def spans(music: str, head: str = "M:4/4\nL:1/8\nK:C") -> list[tuple[int, int, int]]:
    """Start, pitch and length of each note; an eighth is 240."""
    notes = reader.read(tune(music, head)).piece.tracks[0].notes
    return [(note.start, note.pitch, note.length) for note in notes]


def pitches(music: str, head: str = "M:4/4\nL:1/8\nK:C") -> list[int]:
    return [pitch for _, pitch, _ in spans(music, head)]


def lengths(music: str, head: str = "M:4/4\nL:1/8\nK:C") -> list[int]:
    return [length for _, _, length in spans(music, head)]


def test_octaves_accidentals_and_the_bar_they_hold_for() -> None:
    assert pitches("C, C c c' B,, ^c c =c | c _B __B") == [
        48, 60, 72, 84, 47, 73, 73, 72, 72, 70, 69,
    ]  # fmt: skip


def test_lengths() -> None:
    assert lengths("A A2 A/ A// A3/2 A/4 z2 A7") == [240, 480, 120, 60, 360, 60, 1680]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("A>B", [360, 120]),
        ("A<B", [120, 360]),
        ("A>>B", [420, 60]),
        ("A2 > B2", [720, 240]),
        ("[Ac]>B", [360, 360, 120]),
        ("(3ABc d", [160, 160, 160, 240]),
        ("(3:2:4 A B c/ d/ e", [160, 160, 80, 80, 240]),
        ("(2AB", [360, 360]),
        ("(3(ABc)", [160, 160, 160]),
    ],
)
def test_broken_rhythms_and_tuplets(music: str, expected: list[int]) -> None:
    assert lengths(music) == expected


def test_ties_go_over_bar_lines_with_their_accidentals() -> None:
    assert spans("^f8-|f2 f6") == [(0, 78, 2400), (2400, 77, 1440)]
    assert spans("[CE]8-|[CE]4") == [(0, 60, 2880), (0, 64, 2880)]
    assert spans("C2 C2") == [(0, 60, 480), (480, 60, 480)]


@pytest.mark.parametrize(
    ("key", "signature", "read"),
    [
        ("G", {"F": 1}, Key("G", "major")),
        ("Em", {"F": 1}, Key("E", "minor")),
        ("D minor", {"B": -1}, Key("D", "minor")),
        ("Bb", {"B": -1, "E": -1}, Key("Bb", "major")),
        ("Ador", {"F": 1}, Key("A", "minor")),
        ("A Mix", {"F": 1, "C": 1}, Key("A", "major")),
        ("F#m", {"F": 1, "C": 1, "G": 1}, Key("F#", "minor")),
        ("Hp", {"F": 1, "C": 1}, Key("A", "major")),
        ("D ^g", {"F": 1, "C": 1, "G": 1}, Key("D", "major")),
        ("none", {}, Key("C", "major")),
    ],
)
def test_keys_and_modes(key: str, signature: dict[str, int], read: Key) -> None:
    opened = reader.read(tune("C D E F G A B", f"L:1/8\nK:{key}"))
    natural = dict(zip("CDEFGAB", (60, 62, 64, 65, 67, 69, 71)))
    expected = [pitch + signature.get(letter, 0) for letter, pitch in natural.items()]
    assert [note.pitch for note in opened.piece.tracks[0].notes] == expected
    assert opened.piece.key == read
    assert bool(opened.remarks) == (key in ("Ador", "A Mix"))


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("|:C8:|D8|]", "CCD"),
        ("C8|D8:|E8|F8:|", "CDCDEFEF"),
        ("|:C8|1D8:|2E8|]F8", "CDCEF"),
        ("C8|[1 D8:|[2 E8||F8:|", "CDCEFF"),
        ("|:C8::D8:|", "CCDD"),
        ("|:C8|1,3 D8:|2 E8:|", "CDCECD"),
        ("C8\n:|\nD8", "CCD"),
    ],
)
def test_repeats_and_endings_are_played(music: str, expected: str) -> None:
    letters = dict(zip((60, 62, 64, 65), "CDEF"))
    assert "".join(letters[pitch] for pitch in pitches(music)) == expected


def test_what_stands_around_the_notes() -> None:
    head = "C:Trad.\nM:6/8\nL:1/8\nQ:3/8=100\nK:Am % the key\nw:"
    music = '"Am"A2{g}B ~c.d!trill!e|"_slow"[M:2/4]"E7"B4|\nw: no notes\n%%comment C D E'
    opened = reader.read(tune(music, head))
    assert [note.pitch for note in opened.piece.tracks[0].notes] == [69, 71, 72, 74, 76, 71]
    assert opened.piece.chords == (Chord(0, "Am"), Chord(1440, "E7"))
    assert opened.piece.tempo == 150
    assert opened.piece.metres == (MetreChange(0, Metre(6, 8)), MetreChange(1440, Metre(2, 4)))
    assert "Grace notes were left out." in opened.remarks


def test_a_line_that_begins_with_a_note_and_a_repeat_is_music() -> None:
    assert pitches("|:C4 D4|\nE4 F4\nG:|") == [60, 62, 64, 65, 67] * 2


def test_a_pickup_is_known() -> None:
    piece = reader.read(tune("G2|C8|D8|", "M:4/4\nL:1/8\nK:C")).piece
    assert (piece.pickup, piece.bar_starts()) == (480, [0, 480, 2400])


def test_the_first_of_many_tunes_is_taken_and_said() -> None:
    data = tune("C8") + b"\n" + tune("D8")
    opened = reader.read(data)
    assert [note.pitch for note in opened.piece.tracks[0].notes] == [60]
    assert "2 tunes" in opened.remarks[0]


def test_voices_and_old_encodings() -> None:
    music = 'V:1 name="Geige"\nC8|\nV:2 name="Ba\xdf"\n%%MIDI program 32\nC,8|\n[V:1]D8|[V:2]D,8|'
    data = ("X:1\nT:Stück\nM:4/4\nL:1/8\nK:C\n" + music).encode("latin-1")
    piece = reader.read(data).piece
    assert piece.title == "Stück"
    assert [(t.name, t.program, [n.pitch for n in t.notes]) for t in piece.tracks] == [
        ("Geige", 0, [60, 62]),
        ("Baß", 32, [48, 50]),
    ]


@st.composite
def pieces(draw) -> Piece:
    def note() -> Note:
        step = draw(st.sampled_from((30, 40)))
        length = step * draw(st.integers(1, 120))
        return Note(step * draw(st.integers(0, 200)), draw(st.integers(0, 127)), length)

    metre = Metre(draw(st.integers(1, 12)), draw(st.sampled_from((2, 4, 8))))
    tracks = tuple(
        Track(
            f"Part {number}",
            tuple(sorted(note() for _ in range(draw(st.integers(1, 10))))),
            0 if number else draw(st.integers(0, 127)),
            drums=number == 1,
        )
        for number in range(draw(st.integers(1, 2)))
    )
    key = Key.of_fifths(draw(st.integers(-7, 7)), draw(st.sampled_from(("major", "minor"))))
    return Piece(
        title="50% of “it”",
        key=key,
        tempos=(Tempo(0, draw(st.integers(20, 400)) * 1.0),),
        metres=(MetreChange(0, metre),),
        length=metre.bar * 4,
        tracks=tracks,
    )


@settings(deadline=None, max_examples=25)
@given(pieces())
def test_notes_on_the_grid_come_back_as_they_were(piece: Piece) -> None:
    opened = reader.read(writer.write(piece))
    back = opened.piece
    assert [t.notes for t in back.tracks] == [t.notes for t in piece.tracks]
    assert [(t.name, t.program, t.drums) for t in back.tracks] == [
        (t.name, t.program, t.drums) for t in piece.tracks
    ]
    assert (back.title, back.key, back.tempos, back.metres) == (
        piece.title, piece.key, piece.tempos, piece.metres,
    )  # fmt: skip
    assert opened.remarks == ()


def test_a_tune_is_written_as_one_would_write_it() -> None:
    notes = (Note(0, 62, 240), *(Note(240 + at * 240, 62 + at, 240) for at in range(6)))
    piece = Piece(
        title="Jig",
        key=Key("G", "major"),
        metres=(MetreChange(0, Metre(6, 8)),),
        pickup=240,
        length=1680,
        tracks=(Track("Fiddle", notes, 40),),
        chords=(Chord(240, "G"),),
    )
    lines = writer.write(piece).decode().splitlines()
    assert lines[1:7] == ["X:1", "T:Jig", "M:6/8", "L:1/8", "Q:1/4=100", "K:G"]
    assert lines[-1] == 'D | "G"D^DE =F^FG |]'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no tune"),
        (b"Dear all,\nhow are you?\n", "no tune"),
        (tune("z8|z8|"), "no notes"),
        (b"X:1\nK:C\n" + b"C" * (9 << 20), "larger than"),
        (b"X:1\nK:C\n" + b"C" * (2 << 20), "too long"),
        (tune("|:C::" * 11000), "too long"),
        (tune("C9999" * 500), "too long"),
    ],
)
def test_bad_files_are_refused_in_a_sentence(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        reader.read(data)


@settings(deadline=None, max_examples=150)
@given(st.text(alphabet="ABCdefgz0123456789/|:[](){}<>-^_=,'\"!&+%\\\n KLMQVPX", max_size=60))
def test_whatever_stands_in_a_tune_is_read_or_refused(music: str) -> None:
    try:
        opened = reader.read(tune(music))
    except BadInput:
        return
    assert any(track.notes for track in opened.piece.tracks)

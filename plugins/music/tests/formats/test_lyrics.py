"""Lyrics, dynamics and accents: engraved, written to files and read again, and heard."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from studio_music.pages.file_export import write_picture
from studio_music.score import engraving
from studio_music.score.formats import read, write
from studio_music.score.formats.midi.files import _CARRIED
from studio_music.score.piece import TICKS, Dynamic, Key, Note, Piece, Track, singing
from studio_music.score.theory.dynamics import accented, followed, marked

WORDS = ["Hal-", "le-", "lu-", "jah", "sing", "_", "to", "thee", "O\xa0Lord", "for-", "e-", "ver"]
SIGNS = (
    Dynamic(0, "p"),
    Dynamic(2 * TICKS, "crescendo", 7 * TICKS),
    Dynamic(8 * TICKS, "f"),
    Dynamic(9 * TICKS, "diminuendo", 12 * TICKS),
)


def song() -> Piece:
    sung = [singing((word, "", "la" if at % 3 else "_")) for at, word in enumerate(WORDS)]
    notes = tuple(Note(at * TICKS, 60 + at % 5, TICKS, 80, **sung[at]) for at in range(12))
    voice = followed(Track("Voice", notes, 52, role="melody"), SIGNS)
    marks = {1: "accent", 4: "marcato", 10: "accent"}
    struck = (accented(note, marks.get(at, "")) for at, note in enumerate(voice.notes))
    voice = replace(voice, notes=tuple(struck))
    bass = Track("Bass", tuple(Note(bar * 4 * TICKS, 48, 4 * TICKS, 70) for bar in range(3)))
    return Piece("Song", Key("C", "major"), length=12 * TICKS, tracks=(voice, bass))


@pytest.mark.parametrize("suffix", [".musicxml", ".abc", ".mid"])
def test_words_and_dynamics_come_back_from_a_file(suffix: str) -> None:
    piece = song()
    back = read(write(piece, suffix)).piece
    for old, new in zip(piece.tracks, back.tracks, strict=True):
        assert [note.sung for note in new.notes] == [note.sung for note in old.notes]
        assert new.dynamics == old.dynamics
        assert [note.accent for note in new.notes] == [note.accent for note in old.notes]
    assert [n.velocity for n in back.tracks[0].notes] == [n.velocity for n in piece.tracks[0].notes]


def test_words_come_from_a_midi_file_of_another_program() -> None:
    data = write(song(), ".mid").replace(_CARRIED[:8], b"\x7dforeign")
    notes = read(data).piece.tracks[0].notes
    assert [note.lyric for note in notes] == [" ".join(word.split()) for word in WORDS]


SCORE = """<score-partwise><part-list><score-part id="P1"><part-name>V</part-name></score-part>
</part-list><part id="P1"><measure number="1"><attributes><divisions>1</divisions></attributes>
<direction><direction-type><dynamics><pp/></dynamics></direction-type></direction>
<direction><direction-type><wedge type="crescendo"/></direction-type></direction>
{first}{plain}{plain}
<direction><direction-type><wedge type="stop"/></direction-type></direction>
<direction><direction-type><dynamics><ff/></dynamics></direction-type></direction>
{plain}</measure></part></score-partwise>"""
PLAIN = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>"


def test_a_hairpin_of_a_score_leads_from_one_dynamic_to_the_next() -> None:
    verse = '<lyric number="{}"><syllabic>begin</syllabic><text>{}</text></lyric></note>'
    sung = PLAIN.replace("</note>", verse.format(1, "A"))
    opened = read(SCORE.format(first=sung, plain=PLAIN).encode())
    notes = opened.piece.tracks[0].notes
    assert [note.velocity for note in notes] == [33, 59, 86, 112]
    assert opened.piece.tracks[0].dynamics == (
        Dynamic(0, "crescendo", 3 * TICKS),
        Dynamic(0, "pp"),
        Dynamic(3 * TICKS, "ff"),
    )
    assert (notes[0].lyric, opened.remarks) == ("A-", ())
    both = sung.replace("</note>", verse.format(2, "B"))
    assert read(SCORE.format(first=both, plain=PLAIN).encode()).piece.tracks[0].notes[0].sung == (
        "A-",
        "B-",
    )
    far = sung.replace("</note>", verse.format(99, "Z"))
    assert read(SCORE.format(first=far, plain=PLAIN).encode()).remarks == (
        "Only the first 8 verses of the lyrics were kept.",
    )
    over = "<notations><articulations><accent/></articulations></notations></note>"
    struck = read(SCORE.format(first=PLAIN.replace("</note>", over), plain=PLAIN).encode())
    first, second, *_ = struck.piece.tracks[0].notes
    assert (first.accent, first.velocity, second.velocity) == ("accent", 33 + 14, 59)
    sudden = SCORE.replace("{first}", "{first}<direction><direction-type><dynamics><sfz/>"
                           "</dynamics></direction-type></direction>")  # fmt: skip
    sung = read(sudden.format(first=PLAIN, plain=PLAIN).encode()).piece.tracks[0].notes
    assert [note.accent for note in sung] == ["", "marcato", "", ""], "of one note alone"
    assert [note.velocity for note in sung] == [33, 59 + 24, 86, 112]
    loud = PLAIN.replace("<note>", '<note dynamics="100">')
    own = read(SCORE.format(first=loud, plain=loud).encode()).piece.tracks[0].notes
    assert {note.velocity for note in own} == {90}, "what notes say by themselves counts"


def test_words_of_an_abc_tune_are_read_as_the_standard_has_them() -> None:
    tune = b"X:1\nL:1/4\nK:C\nCDEF|z2GA|(3BcdefC|]\nw:Swing low, sweet~one | cha-ri | ot a\\-b_\n"
    notes = read(tune).piece.tracks[0].notes
    words = ["Swing", "low,", "sweet\u00a0one", "", "cha-", "ri", "ot", "a-b", "_", "", "", ""]
    assert [note.lyric for note in notes] == words


def test_each_time_a_part_is_repeated_its_next_verse_is_sung() -> None:
    tune = b"X:1\nL:1/4\nM:2/4\nK:C\n|:CD|1EF:|2GA|]\nw:one two three four\nw:five * * * six\n"
    notes = read(tune).piece.tracks[0].notes
    assert [note.sung for note in notes] == [
        *(("one",), ("two",), ("three",), ("four",)),
        *(("five",), (), ("six",), ()),
    ]


def test_a_sign_makes_what_follows_louder_and_accents_stay() -> None:
    notes = tuple(Note(at * TICKS, 60, TICKS, 80 + 10 * (at % 4 == 0)) for at in range(12))
    plain = Track("T", notes)
    loud = marked(marked(plain, 0, "p"), 8 * TICKS, "ff")
    means = [sum(n.velocity for n in loud.notes[at : at + 4]) / 4 for at in (0, 4, 8)]
    assert means == pytest.approx([49, 49, 112], abs=1)
    assert loud.notes[0].velocity - loud.notes[1].velocity == 10
    swelling = marked(loud, 4 * TICKS, "crescendo", 8 * TICKS)
    rising = [note.velocity for note in swelling.notes[5:9]]
    assert rising == sorted(rising)
    assert rising[-1] - rising[0] > 30
    back = marked(marked(swelling, 4 * TICKS, ""), 8 * TICKS, "")
    assert {note.velocity for note in back.notes[5:8]} == {
        note.velocity for note in loud.notes[5:8]
    }
    assert marked(plain, 480, "") == plain


def test_the_score_shows_words_and_dynamics(tmp_path: Path, qapp: object) -> None:
    (page,) = engraving.engrave(song()).pages
    assert page.count("E4A0") + page.count("E4A1") >= 2, "two accents"
    assert page.count("E4AC") + page.count("E4AD") >= 1, "a marcato"
    for word in ("Hal", "le", "sing", "ver"):
        assert f">{word}</text>" in page
    assert page.count("<polyline") == 2, "two hairpins"
    assert {"E520", "E522"} <= set(page.replace('"', "#").split("#")), "p and f"
    for suffix in (".svg", ".pdf"):
        write_picture(song(), tmp_path / f"song{suffix}")
    assert b">jah</text>" in (tmp_path / "song.svg").read_bytes()
    assert (tmp_path / "song.pdf").stat().st_size > 5_000

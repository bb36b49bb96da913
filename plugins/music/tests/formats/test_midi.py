"""MIDI: what we write comes back, others read it, and hostile files end in a sentence."""

from __future__ import annotations

import io
import struct
import zlib

import mido
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.api import BadInput
from studio_music.score.formats.midi import files
from studio_music.score.piece import Key, Metre, MetreChange, Note, Piece, Tempo, Track

SIMPLE = Piece(
    title="Étude",
    key=Key("D", "minor"),
    tempos=(Tempo(0, 90.0), Tempo(960, 123.4)),
    metres=(MetreChange(0, Metre(3, 4)), MetreChange(1440, Metre(6, 8))),
    length=2880,
    tracks=(
        Track("Flute", (Note(0, 62, 480, 70), Note(480, 65, 960, 90)), 73, pan=-0.5),
        Track("Drums", (Note(0, 36, 120, 100), Note(480, 38, 120, 60)), drums=True, volume=0.5),
    ),
)


def test_a_large_orchestra_has_room() -> None:
    tracks = tuple(Track(f"Player {n}", (Note(n, 60, 480),), n % 120) for n in range(150))
    piece = msgspec.structs.replace(SIMPLE, tracks=tracks)
    assert len(files.read(without_carried(files.write(piece))).piece.tracks) == 150


def without_carried(data: bytes) -> bytes:
    """The same file as a program that drops foreign events would save it."""
    file = mido.MidiFile(file=io.BytesIO(data))
    for track in file.tracks:
        for message in [m for m in track if m.type == "sequencer_specific"]:
            track.remove(message)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def file_of(*tracks: bytes, form: int = 1, division: int = 480) -> bytes:
    chunks = b"".join(b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks)
    return b"MThd" + struct.pack(">IHHh", 6, form, len(tracks), division) + chunks


END = b"\x00\xff\x2f\x00"
ONE_NOTE = b"\x00\x90\x3c\x50\x83\x60\x80\x3c\x40"

notes = st.builds(
    Note, st.integers(0, 9600), st.integers(0, 127), st.integers(1, 2000), st.integers(1, 127)
)
tracks = st.builds(
    lambda name, notes, program, drums: Track(name, tuple(sorted(notes)), program, drums=drums),
    st.text(max_size=20),
    st.lists(notes, max_size=30),
    st.integers(0, 127),
    st.booleans(),
)
pieces = st.builds(
    lambda tracks: Piece(tracks=tuple(tracks), length=1920), st.lists(tracks, max_size=20)
)


@settings(deadline=None, max_examples=60)
@given(pieces.filter(lambda piece: any(track.notes for track in piece.tracks)))
def test_a_piece_comes_back_whole(piece: Piece) -> None:
    opened = files.read(files.write(piece))
    assert opened.piece == piece
    assert opened.remarks == ()


def test_other_programs_read_the_same_notes() -> None:
    file = mido.MidiFile(file=io.BytesIO(files.write(SIMPLE)))
    assert (file.type, file.ticks_per_beat, len(file.tracks)) == (1, 480, 3)
    played, tick = [], 0
    for message in file.tracks[1]:
        tick += message.time
        if message.type == "note_on":
            played.append((tick, message.note, message.velocity))
    assert played == [(0, 62, 70), (480, 65, 90)]
    assert {m.channel for m in file.tracks[2] if m.type == "note_on"} == {9}
    assert [m.program for m in file.tracks[1] if m.type == "program_change"] == [73]


def test_without_our_event_everything_a_midi_file_says_is_there() -> None:
    piece = files.read(without_carried(files.write(SIMPLE))).piece
    assert [t.notes for t in piece.tracks] == [t.notes for t in SIMPLE.tracks]
    assert [(t.name, t.program, t.drums) for t in piece.tracks] == [
        ("Flute", 73, False),
        ("Drums", 0, True),
    ]
    assert (piece.title, piece.key, piece.metres) == (SIMPLE.title, SIMPLE.key, SIMPLE.metres)
    assert [round(t.bpm, 2) for t in piece.tempos] == [90.0, 123.4]
    assert piece.tracks[0].pan == pytest.approx(-0.5, abs=0.02)
    assert piece.tracks[1].volume == pytest.approx(0.5, abs=0.01)


def test_notes_that_another_program_changed_win_over_the_carried_piece() -> None:
    file = mido.MidiFile(file=io.BytesIO(files.write(SIMPLE)))
    for track in file.tracks:
        for message in track:
            if message.type in ("note_on", "note_off") and message.channel != 9:
                message.note += 12
    out = io.BytesIO()
    file.save(file=out)
    assert [n.pitch for n in files.read(out.getvalue()).piece.tracks[0].notes] == [74, 77]


def test_more_than_sixteen_channels_keep_their_instruments() -> None:
    many = tuple(Track(f"T{n}", (Note(0, 40 + n, 480),), program=n) for n in range(40))
    piece = files.read(without_carried(files.write(Piece(tracks=many, length=1920)))).piece
    assert [(t.name, t.program) for t in piece.tracks] == [(t.name, t.program) for t in many]


def test_running_status_and_a_program_change_in_the_middle() -> None:
    track = (
        b"\x00\xc0\x05\x00\x90\x3c\x50\x83\x60\x3c\x00\x00\xc0\x06\x00\x90\x3e\x50\x83\x60\x3e\x00"
    )
    tracks = files.read(file_of(track + END)).piece.tracks
    assert [(t.program, t.notes) for t in tracks] == [
        (5, (Note(0, 60, 480, 80),)),
        (6, (Note(480, 62, 480, 80),)),
    ]


def test_film_frames_become_ticks() -> None:
    # 25 frames of 40 ticks: 1000 ticks a second, and 480 file ticks are 0.48 s.
    opened = files.read(file_of(ONE_NOTE + END, division=-(25 << 8) + 40))
    assert opened.piece.tracks[0].notes == (Note(0, 60, round(0.48 * 960), 80),)
    assert "SMPTE time" in opened.remarks[0]


@pytest.mark.parametrize(
    ("track", "length", "said"),
    [
        (b"\x00\x90\x3c\x50\x00\x80\x3c\x40" + END, 30, "without a length"),
        (b"\x00\x90\x3c\x50\x83\x60\xb0\x07\x40" + END, 480, "never end"),
        (ONE_NOTE + b"\x00\x90", 480, "damaged"),
        (ONE_NOTE + b"\xff\xff\xff\x7f\xff\x2f\x00", 480, "ilence at the end"),
        (b"\x00\xff\x51\x03\x00\x00\x00" + ONE_NOTE + END, 480, "cannot be played"),
        (b"\x00\xff\x58\x04\x00\x02\x18\x08" + ONE_NOTE + END, 480, "time signature"),
    ],
)
def test_small_faults_are_mended_and_said(track: bytes, length: int, said: str) -> None:
    opened = files.read(file_of(track))
    assert opened.piece.tracks[0].notes == (Note(0, 60, length, 80),)
    assert any(said in remark for remark in opened.remarks), opened.remarks


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not a MIDI file"),
        (b"RIFF" * 40, "not a MIDI file"),
        (file_of(END), "no notes"),
        (file_of(ONE_NOTE + END, division=0), "no time resolution"),
        (file_of(b"\xff\xff\xff\x7f\x90\x3c\x50\x83\x60\x80\x3c\x40" * 8 + END), "too long"),
        (file_of(ONE_NOTE * 1_000_000 + END), "limit of 100,000 notes"),
        (file_of(b"\x00\xb0\x01\x01" + b"\x00\x01\x01" * 600_000 + END), "exceeds the limit"),
        (b"MThd" + bytes(files.MAX_BYTES), "larger than"),
    ],
    ids=range(8),
)
def test_bad_files_are_refused_in_a_sentence(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        files.read(data)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_damage_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    good = bytearray(files.write(SIMPLE))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        piece = files.read(bytes(good[: data.draw(st.integers(0, len(good)))])).piece
    except BadInput:
        return
    assert any(track.notes for track in piece.tracks)


def test_a_carried_bomb_is_not_unpacked() -> None:
    bomb = files._CARRIED + zlib.compress(b"[" * (80 << 20), 9)
    track = b"\x00\xff\x7f" + _length(len(bomb)) + bomb + ONE_NOTE + END
    assert files.read(file_of(track)).piece.tracks[0].notes == (Note(0, 60, 480, 80),)


def _length(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        out.insert(0, value & 0x7F | 0x80)
    return bytes(out)


def test_patterns_of_form_2_follow_each_other() -> None:
    opened = files.read(file_of(ONE_NOTE + END, ONE_NOTE + END, form=2))
    assert [t.notes[0].start for t in opened.piece.tracks] == [0, 480]


def test_an_empty_piece_of_ours_is_not_lost() -> None:
    empty = msgspec.structs.replace(SIMPLE, tracks=())
    assert files.read(files.write(empty)).piece == empty
    with pytest.raises(BadInput, match="no notes"):
        files.read(without_carried(files.write(empty)))

"""The bytes of a Standard MIDI File as timed events, and back. Knows nothing of pieces.

Read by hand and bounded, since the file is a stranger's: a damaged track gives the events before
the damage, and counts are checked while they are read. Source: Standard MIDI Files 1.0 (RP-001).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from studio.api import BadInput
from studio_music.score.piece import MAX_NOTES

MAX_EVENTS: Final = 500_000
META: Final = 0xFF

_DATA_BYTES: Final = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}


class Event(NamedTuple):
    """Something at ``tick``, counted from the start of its track in the file's own ticks.

    ``status`` is that of a channel message, or ``META``; then ``data`` begins with the type.
    """

    tick: int
    status: int
    data: bytes


class MidiTrack(NamedTuple):
    """The events of one track, when it ends, and whether all of it could be read."""

    events: list[Event]
    end: int
    whole: bool


class Header(NamedTuple):
    """``form`` 0, 1 or 2, and the division as it stands in the file (signed)."""

    form: int
    division: int


def read_chunks(data: bytes) -> tuple[Header, list[bytes]]:
    """Return the header and the bytes of each track; chunks of other kinds are skipped.

    Raises:
        BadInput: There is no header where one belongs.
    """
    start = data.find(b"MThd", 0, 64)  # a RIFF envelope may be around it
    if start < 0 or len(data) < start + 14:
        raise BadInput("This is not a MIDI file.", "Choose a file that ends in .mid.")
    size, form, _, division = struct.unpack_from(">IHHh", data, start + 4)
    tracks, at = [], start + 8 + size
    while at + 8 <= len(data):
        name, size = struct.unpack_from(">4sI", data, at)
        if name == b"MTrk":
            tracks.append(data[at + 8 : at + 8 + size])
        at += 8 + size
    return Header(form, division), tracks


def read_track(chunk: bytes, max_notes: int) -> MidiTrack:
    """Return the events of a track up to its end, or up to where it is damaged.

    Raises:
        BadInput: It has more than ``max_notes`` notes, or more than ``MAX_EVENTS`` events.
    """
    events: list[Event] = []
    at = tick = status = notes = 0
    try:
        while at < len(chunk):
            delta, at = _number(chunk, at)
            tick += delta
            if chunk[at] >= 0x80:
                status, at = chunk[at], at + 1
            event, at = _event(chunk, at, status, tick)
            if event is None:
                continue
            if event.status == META and event.data[0] == 0x2F:
                return MidiTrack(events, tick, True)
            events.append(event)
            notes += event.status & 0xF0 == 0x90
            if notes > max_notes or len(events) > MAX_EVENTS:
                raise BadInput(
                    f"This file exceeds the limit of {MAX_NOTES:,} notes or {MAX_EVENTS:,} events.",
                    "Split it into smaller files.",
                )
    except (IndexError, ValueError):
        return MidiTrack(events, tick, False)
    return MidiTrack(events, tick, True)  # many files leave out the end-of-track event


def _event(chunk: bytes, at: int, status: int, tick: int) -> tuple[Event | None, int]:
    """Return the event at ``at`` (None if irrelevant) and the offset of the next."""
    if status == META:
        size, start = _number(chunk, at + 1)
        return Event(tick, META, chunk[at : at + 1] + _slice(chunk, start, size)), start + size
    if status in (0xF0, 0xF7):
        size, start = _number(chunk, at)
        _slice(chunk, start, size)
        return None, start + size
    size = _DATA_BYTES[status >> 4] if 0x80 <= status < 0xF0 else 0
    data = _slice(chunk, at, size)
    if not size or max(data) > 127:
        raise ValueError("no such event")
    return Event(tick, status, data), at + size


def _slice(chunk: bytes, at: int, size: int) -> bytes:
    part = chunk[at : at + size]
    if len(part) < size:
        raise IndexError("the track ends early")
    return part


def _number(chunk: bytes, at: int) -> tuple[int, int]:
    """Return a variable-length number, at most four bytes, and where it ends."""
    value = 0
    for place in range(at, at + 4):
        value = value << 7 | chunk[place] & 0x7F
        if chunk[place] < 0x80:
            return value, place + 1
    raise ValueError("a number of more than four bytes")


# ---- writing -----------------------------------------------------------------------------------


def meta(tick: int, kind: int, data: bytes) -> Event:
    """Return a meta event."""
    return Event(tick, META, bytes([kind]) + data)


def write_file(tracks: Iterable[tuple[list[Event], int]], division: int) -> bytes:
    """Return a file of form 1: for each track its events in order of time, and its last tick."""
    chunks = [_track_bytes(events, end) for events, end in tracks]
    header = b"MThd" + struct.pack(">IHHH", 6, 1, len(chunks), division)
    return header + b"".join(chunks)


def _track_bytes(events: list[Event], end: int) -> bytes:
    out, before = bytearray(), 0
    for tick, status, data in [*events, meta(end, 0x2F, b"")]:
        out += _variable(tick - before)
        before = tick
        out.append(status)
        out += data[:1] + _variable(len(data) - 1) + data[1:] if status == META else data
    return b"MTrk" + struct.pack(">I", len(out)) + bytes(out)


def _variable(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))

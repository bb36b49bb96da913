"""Strips metadata from Standard MIDI files, leaving the music.

Source: Standard MIDI Files 1.0. The remaining events retain their times.
"""

from __future__ import annotations

from studio.protocol.errors import ErrorCode, StudioError

_TOLD = frozenset((0x01, 0x02, 0x04, 0x06, 0x07, 0x08, 0x09, 0x7F))
"""Texts, copyright, instrument, marks, program and device names; what a program keeps for itself.
Lyrics are part of the music, and so are the names of its tracks; that of the first is a title."""
_NAME = 0x03


def without_told(data: bytes) -> bytes:
    """Return the file with the music alone.

    Raises:
        StudioError: ``BAD_INPUT``: it is damaged.
    """
    if data[:4] != b"MThd":
        raise _damaged()
    out, at, track = [], 0, 0
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8])
        body = data[at + 8 : at + 8 + length]
        if len(body) != length:
            raise _damaged()
        if kind == b"MThd":
            out.append(data[at : at + 8 + length])
        elif kind == b"MTrk":
            music = _Track(body, first=track == 0).music()
            out.append(b"MTrk" + len(music).to_bytes(4) + music)
            track += 1
        at += 8 + length
    return b"".join(out)


class _Track:
    """Reads one track, event after event."""

    def __init__(self, data: bytes, *, first: bool) -> None:
        self._data, self._at = data, 0
        self._told = _TOLD | {_NAME} if first else _TOLD

    def music(self) -> bytes:
        out, waited, status = bytearray(), 0, 0
        while self._at < len(self._data):
            waited += self._number()
            start, lead = self._at, self._byte()
            written = b""
            if lead == 0xFF:
                kind = self._byte()
                self._skip(self._number())
                if kind in self._told:
                    continue  # the next event waits for as much longer
            elif lead in (0xF0, 0xF7):
                self._skip(self._number())
            elif lead < 0x80:  # the status of the event before holds on
                if not 0x80 <= status < 0xF0:
                    raise _damaged()
                written = bytes([status])
                self._skip(_operands(status) - 1)
            else:
                status = lead
                self._skip(_operands(lead))
            out += _variable(waited) + written + self._data[start : self._at]
            waited = 0
        return bytes(out)

    def _byte(self) -> int:
        self._skip(1)
        return self._data[self._at - 1]

    def _skip(self, count: int) -> None:
        self._at += count
        if self._at > len(self._data):
            raise _damaged()

    def _number(self) -> int:
        value = 0
        for _ in range(4):
            byte = self._byte()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise _damaged()


def _operands(status: int) -> int:
    if status >= 0xF0:
        raise _damaged()  # has no place in a file
    return 1 if status & 0xF0 in (0xC0, 0xD0) else 2


def _variable(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def _damaged() -> StudioError:
    return StudioError(ErrorCode.BAD_INPUT, "The file is damaged: it is not a whole MIDI file.")

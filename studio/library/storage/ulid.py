"""Identifiers that sort by creation time (ULID). Monotonic, whatever the clock does."""

from __future__ import annotations

import secrets
import threading
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_LENGTH = 26


class _Clock:
    """Hands out growing 128-bit numbers: 48 bits of milliseconds, then 80 random bits."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def tick(self) -> int:
        fresh = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
        with self._lock:
            # A small random stride keeps identifiers of one millisecond in order yet hard to guess.
            self._last = max(fresh, self._last + 1 + secrets.randbits(32))
            return self._last

    def pass_by(self, value: int) -> None:
        with self._lock:
            self._last = max(self._last, value)


_clock = _Clock()


def new_id() -> str:
    """Return an identifier that sorts after all that were made or seen here before."""
    return _encode(_clock.tick())


def seen(identifier: str) -> None:
    """Make coming identifiers sort after ``identifier``, even if the clock was set back."""
    if is_ulid(identifier):
        _clock.pass_by(_decode(identifier))


def is_ulid(text: str) -> bool:
    """Whether ``text`` has the form of an identifier (and so is harmless in a file name)."""
    return len(text) == _LENGTH and text[0] in "01234567" and all(c in _VALUES for c in text)


def _encode(value: int) -> str:
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))


def _decode(identifier: str) -> int:
    value = 0
    for letter in identifier:
        value = value << 5 | _VALUES[letter]
    return value

"""What untrusted programs print, made plain: whole characters, no escape sequences. Pure."""

from __future__ import annotations

import codecs
import re

_ESCAPE = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # control sequences: colours, cursor
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # strings: titles, links
    r"|[ -/]*[0-~]"  # two-character sequences
    r")"
)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]*)\Z")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LONGEST = 4096
"""An escape sequence that does not end within this is none."""


class Plain:
    """A stream of bytes as plain text, in pieces as they come."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""

    def take(self, data: bytes, *, final: bool = False) -> str:
        """Return the text that is certain by now; hold back half a sequence or half a line end."""
        text = self._held + self._decoder.decode(data, final)
        self._held = ""
        if not final:
            match = _UNFINISHED.search(text) or re.search(r"\r\Z", text)
            if match and len(text) - match.start() <= _LONGEST:
                text, self._held = text[: match.start()], text[match.start() :]
        return cleaned(text)


def plain(data: bytes) -> str:
    """Return all of ``data`` as plain text."""
    return Plain().take(data, final=True)


def cleaned(text: str) -> str:
    """Return ``text`` without escape sequences and controls, with plain line ends."""
    text = _ESCAPE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", text)

"""Text that others made, without anything a terminal or a label would obey. Keeps the words."""

from __future__ import annotations

import re

_SEQUENCES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: sets titles, links, the clipboard
    r"|\x1b[PX^_][^\x1b]*\x1b\\"  # DCS, SOS, PM, APC: strings for the terminal
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, erasing
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def clean(text: str) -> str:
    """Return ``text`` without anything a terminal would obey; keeps line ends and tabs.

    Safe for text that arrives in pieces: a sequence cut in two loses its escape character,
    and what is left of it is shown as plain text.
    """
    return _CONTROLS.sub("", _SEQUENCES.sub("", text))

"""The text of an OpenDocument text (.odt): a line for each paragraph, ``#`` before headings.

Format: OASIS OpenDocument 1.3, part 3. Comments and deleted text are left out.
"""

from __future__ import annotations

from studio_chat.documents.parts import Attributes, Parts, walk

MEMBER = "content.xml"
MANIFEST = "META-INF/manifest.xml"

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_LEFT_OUT = frozenset({"tracked-changes", "annotation", "note-citation", "scripts"})
_MOST_SPACES = 100


def read(parts: Parts) -> str:
    """Return the text.

    Raises:
        PermissionError: It is encrypted.
        KeyError, ValueError, SyntaxError: It is damaged.
    """
    _refuse_locked(parts)
    lines: list[str] = []
    inside = skipped = 0  # paragraphs, and elements that are left out, around the place

    def begin(tag: str, given: Attributes) -> None:
        nonlocal inside, skipped
        skipped += tag in _LEFT_OUT
        if skipped:
            return
        if tag in {"p", "h"}:
            inside += 1
            level = given.get(f"{_TEXT}outline-level", "1") if tag == "h" else "0"
            marks = min(6, int(level)) if level.isdecimal() else 1
            lines.append("#" * marks + " " * bool(marks))
        elif tag == "s":
            count = given.get(f"{_TEXT}c", "1")
            lines.append(" " * min(_MOST_SPACES, int(count) if count.isdecimal() else 1))
        elif tag in {"tab", "line-break"}:
            lines.append("\t" if tag == "tab" else "\n")

    def end(tag: str) -> None:
        nonlocal inside, skipped
        if skipped:
            skipped -= tag in _LEFT_OUT
        elif tag in {"p", "h"}:
            inside -= 1
            lines.append("\n")

    def write(text: str) -> None:
        if inside and not skipped:
            lines.append(text)

    walk(parts.read(MEMBER), begin, end, write)
    return "".join(lines).strip("\n")


def _refuse_locked(parts: Parts) -> None:
    def begin(tag: str, _: Attributes) -> None:
        if tag == "encryption-data":
            raise PermissionError(MEMBER)

    if MANIFEST in parts.names:
        walk(parts.read(MANIFEST), begin)

"""Splits a text into chapters and spoken sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from studio_voice.pronunciation.lexicon import sentences
from studio_voice.pronunciation.sentence_stream import plain

_MARKED: Final = re.compile(r"#{1,3}[ \t]+(?P<title>\S.*?)[ \t#]*")
_NAMED: Final = re.compile(
    r"(?:(?:chapter|part|book|section)[ \t]+(?:(?-i:[IVXLCDM]+)|\d+|one|two|three|four|five|six"
    r"|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|twenty)\b.{0,60}"
    r"|(?:prologue|epilogue|preface|introduction|foreword|afterword|appendix))[.:]?",
    re.IGNORECASE,
)
_PAGE: Final = re.compile(r"^#{1,3} (?:Page|Slide) \d+$\n?", re.MULTILINE)
"""What a document's pages are told apart by; nobody wants to hear that."""
_COUNTED: Final = re.compile(r"Chapter \d+")
_LONGEST_TITLE: Final = 80


class Sentence(NamedTuple):
    """A sentence spoken in one breath; ``chapter``: the title of the one that begins with it."""

    text: str
    chapter: str = ""


def spoken(text: str, *, is_marked: bool) -> Iterator[Sentence]:
    """Yield the spoken sentences of a text, headings too.

    Args:
        is_marked: It is Markdown, whose markup is not read aloud.
    """
    text = _PAGE.sub("", text.replace("\r\n", "\n"))
    heading = ""
    for block in re.split(r"\n[ \t]*\n", text):
        lines = block.strip().split("\n")
        if title := _title(lines):
            # The number that a book's reader gives to a chapter stands before its own heading.
            if heading and not _COUNTED.fullmatch(heading):
                yield from _said(heading, heading)
            heading, lines = title, lines[1:]
        if rest := "\n".join(lines).strip():
            if heading:
                yield from _said(heading, heading)
                heading = ""
            yield from _said(plain(rest) if is_marked else rest, "")
    if heading:
        yield from _said(heading, heading)


def _said(text: str, chapter: str) -> Iterator[Sentence]:
    for number, sentence in enumerate(sentences(text)):
        yield Sentence(sentence, "" if number else chapter)


def _title(lines: list[str]) -> str:
    """Return the heading at the start of a block, or nothing."""
    first = lines[0].strip()
    if match := _MARKED.fullmatch(first):
        return match["title"][:_LONGEST_TITLE]
    is_alone = len(lines) == 1 and len(first) <= _LONGEST_TITLE
    return first if is_alone and _NAMED.fullmatch(first) else ""

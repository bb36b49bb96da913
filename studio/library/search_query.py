"""Parsing of the search box: words are made safe for SQLite, terms are read. Runs
nothing.

A line is words and terms, all of which hold::

    fox "in the snow" -night kind:image,text plugin:music model:sd after:2026-11 verdict:passed
    starred in:"Best of" tag:cover steps>20 seed:5 -sampler:euler

A name that is no field is that of a parameter. ``-`` before a term turns it round; a comma stands
between values any of which will do; quotation marks make one value, or words, of what is in them.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from studio.protocol.errors import ErrorCode, StudioError

LONGEST = 1_000
"""Characters of a line; nobody types more, and a pasted page is no search."""
MOST_TERMS = 40

FIELDS = ("kind", "plugin", "task", "model", "after", "before", "verdict", "in", "tag")
"""What a colon may follow that is no parameter."""
STARRED = "starred"
BIN = "bin"
"""``in:bin``; a collection of this name is written in quotation marks."""
VERDICTS = ("passed", "failed", "none")
DATES = "2026-11-28, 2026-11, today, yesterday, 7d"

_WORD = re.compile(r"[^\W_]+")  # as the index cuts words
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
"""Scripts that put no space between words; the index would see a sentence as one word."""
_PIECE = re.compile(
    r"(?P<not>-)?(?:(?P<name>[A-Za-z_][\w.]*)(?P<op>>=|<=|[:><=]))?"
    r"(?P<value>(?:\"[^\"]*(?:\"|$)|[^\s\"])*)"
)
_AGO = re.compile(r"(\d{1,4})([hdwmy])")
_SECONDS = {"h": 3_600, "d": 86_400, "w": 7 * 86_400, "m": 30 * 86_400, "y": 365 * 86_400}


@dataclass(frozen=True)
class Term:
    """One piece of a line.

    Attributes:
        field: In small letters, or the name of a parameter as it was written; empty for words.
        operator: ``:``, ``=``, ``>``, ``>=``, ``<``, ``<=``; empty for words.
        values: Any of them will do.
        quoted: The value is in quotation marks: a name like any other.
        start, end: Where it is in the line.
    """

    field: str
    operator: str
    values: tuple[str, ...]
    negated: bool = False
    quoted: bool = False
    start: int = 0
    end: int = 0

    @property
    def value(self) -> str:
        """The values as they were written, without quotation marks."""
        return ",".join(self.values)

    @property
    def is_parameter(self) -> bool:
        """Whether it is about a parameter of the recipe."""
        return bool(self.field) and self.field not in (*FIELDS, STARRED)


def parse(line: str) -> tuple[Term, ...]:
    """Return the terms of a line.

    Raises:
        StudioError: ``BAD_INPUT``: one sentence about the first term that means nothing.
    """
    terms = terms_of(line)
    for term in terms:
        _check(term)
    return terms


def terms_of(line: str) -> tuple[Term, ...]:
    """Return the terms of a line that may be half typed, without interpreting them.

    Raises:
        StudioError: ``BAD_INPUT``: the line is too long.
    """
    if len(line) > LONGEST:
        raise _bad(
            f"The search has {len(line):,} characters; {LONGEST:,} are the most.",
            "Search for a few words of it.",
        )
    terms = [_term(match) for match in _PIECE.finditer(line) if match[0].strip()]
    if len(terms) > MOST_TERMS:
        raise _bad(
            f"The search has {len(terms)} words; {MOST_TERMS} are the most.",
            "Leave some of them out.",
        )
    return tuple(terms)


def number(value: str) -> float | None:
    """Return a value as a number, None if it is none."""
    try:
        read = float(value)
    except ValueError:
        return None
    return read if abs(read) < 1e300 else None


def moment(value: str, now: datetime | None = None) -> float | None:
    """Return a date as seconds since 1970, its first moment here; None if it is none."""
    now = now or datetime.now().astimezone()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    folded = value.casefold()
    if folded in ("today", "yesterday"):
        return (midnight - timedelta(days=folded == "yesterday")).timestamp()
    if ago := _AGO.fullmatch(folded):
        return now.timestamp() - int(ago[1]) * _SECONDS[ago[2]]
    for form in ("%Y-%m-%d", "%Y-%m", "%Y"):
        try:
            return datetime.strptime(folded, form).astimezone().timestamp()
        except (ValueError, OverflowError, OSError):
            continue
    return None


def match_expression(text: str) -> str:
    """Return an FTS5 expression matching texts with every word of ``text`` as a prefix,
    or with ß for ss, or as the singular or plural that English has of it.

    Quotes and operators lose their meaning: ``"AND`` is a word like others. Empty when there is no
    word, or when the index cannot find it: use ``like_pattern`` then.
    """
    if _UNSPACED.search(text):
        return ""
    return " AND ".join(
        f"({' OR '.join(_expressions(word))})" for word in _WORD.findall(text.replace("\0", " "))
    )


def _expressions(word: str) -> Iterator[str]:
    yield from (f'"{spelling}"*' for spelling in _spellings(word))
    yield from (f'"{other}"' for other in _inflections(word))  # whole: its stem begins too much


def _spellings(word: str) -> list[str]:
    """Return a word with each ss and ß as it is and as the other: the index has not made them one.

    The first is the word itself.
    """
    pieces = re.split(r"(ss|ß)", word, flags=re.IGNORECASE)
    pairs = [
        (piece, "ß" if piece.lower() == "ss" else "ss") if at % 2 else (piece,)
        for at, piece in enumerate(pieces)
    ]
    return ["".join(chosen) for chosen in itertools.islice(itertools.product(*pairs), 8)]


def _inflections(word: str) -> list[str]:
    """Return what an English noun may be in the other number; there need be no such word."""
    word = word.lower()
    if len(word) < 4:
        return []
    if word.endswith("ies"):
        return [f"{word[:-3]}y"]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return [word[:-1], *([word[:-2]] if word.endswith("es") else [])]
    return [f"{word[:-1]}ies"] if word.endswith("y") else []


def phrase_expression(text: str) -> str:
    """Return an FTS5 expression for the words of ``text`` one after another; empty as above."""
    if _UNSPACED.search(text):
        return ""
    words = " ".join(_WORD.findall(text))
    return f'"{words}"' if words else ""


def like_pattern(text: str) -> str:
    """Return a LIKE pattern (escape character ``\\``) for ``text`` anywhere."""
    escaped = re.sub(r"([\\%_])", r"\\\1", text.strip())
    return f"%{escaped}%"


def snippet(terms: tuple[Term, ...], *texts: str, room: int = 160) -> tuple[str, int, int]:
    """Return an excerpt around the first match in ``texts``, and its word's start and end.

    Without a match: the start of the first text, and nothing marked.
    """
    words = [
        _bare(form)
        for term in terms
        if not term.field and not term.negated
        for word in (_WORD.findall(term.value) or [term.value])
        for form in (*_spellings(word), *_inflections(word))
    ]
    for text in texts:
        plain = _bare(text)
        for word in words:
            at = _begin_of(word, plain)
            if at >= 0:
                first = max(0, at - room // 4)
                shown = text[first : first + room]
                before, behind = "…" if first else "", "…" if first + room < len(text) else ""
                start = at - first + len(before)
                return before + shown + behind, start, min(start + len(word), len(shown) + 1)
    whole = next((text for text in texts if text), "")
    return whole[:room] + ("…" if len(whole) > room else ""), 0, 0


def _begin_of(word: str, plain: str) -> int:
    """Return where a word begins with ``word``, else where it is at all; -1 if it is nowhere."""
    if not word:
        return -1
    match = re.search(rf"(?<![^\W_]){re.escape(word)}", plain)
    return match.start() if match else plain.find(word)


def _bare(text: str) -> str:
    """Return ``text`` in small letters without accents, letter for letter."""
    return "".join((unicodedata.normalize("NFD", letter)[0].lower() or " ")[0] for letter in text)


def _term(match: re.Match[str]) -> Term:
    written, name, operator = match["value"], match["name"] or "", match["op"] or ""
    start, end, negated = match.start(), match.end(), bool(match["not"])
    if operator == ":" and written.startswith("//"):  # an address
        name, operator, written = "", "", f"{name}:{written}"
    quoted = '"' in written
    if not name:
        if negated and not written:  # a dash alone
            negated, written = False, "-"
        if not quoted and written.casefold() == STARRED:
            return Term(STARRED, "", (), negated, start=start, end=end)
        value = written.replace('"', "")
        return Term("", "", (value,), negated, quoted, start, end)
    field = name.casefold() if name.casefold() in FIELDS else name
    values = tuple(
        piece.strip('"')
        for piece in re.findall(r'(?:"[^"]*"?|[^,"])+', written)
        if piece.strip('"')
    )
    return Term(field, operator, values, negated, quoted, start, end)


def _check(term: Term) -> None:
    field, operator = term.field, term.operator
    if not operator:
        return
    name = f"{field}{operator}"
    if not term.values:
        raise _bad(f"Nothing follows “{name}”.", f"Write a value after it: {name}{_example(field)}")
    if field in FIELDS and operator not in (":", "="):
        raise _bad(f"“{field}” cannot be compared by “{operator}”.", f"Write {field}:VALUE.")
    if field in ("after", "before") and moment(term.value) is None:
        raise _bad(f"“{term.value}” is not a date.", f"Write one of: {DATES}.")
    if field == "verdict" and (wrong := [v for v in term.values if v.casefold() not in VERDICTS]):
        raise _bad(f"There is no verdict “{wrong[0]}”.", f"Use one of: {', '.join(VERDICTS)}.")
    if term.is_parameter and operator in (">", ">=", "<", "<=") and number(term.value) is None:
        raise _bad(
            f"“{term.value}” is not a number, so nothing can be compared by “{operator}”.",
            f"Write {name}20, or put the words in quotation marks.",
        )


def _example(field: str) -> str:
    return {"kind": "image", "after": "yesterday", "before": "today", "verdict": "passed"}.get(
        field, "…"
    )


def _bad(sentence: str, hint: str) -> StudioError:
    return StudioError(ErrorCode.BAD_INPUT, sentence, hint)

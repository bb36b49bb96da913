"""Reads the words of an ask: keys, metres, tempi, lengths, moods, dances, backings, instruments.

English. Decides nothing: it tells what was said, and what was not understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from studio_music.compose.prompt import form as forms
from studio_music.compose.prompt import lexicon as words
from studio_music.compose.prompt.moods import MOODS

_NUMBER: Final = (
    r"(?P<number>\d+(?:\.\d+)?|"
    + "|".join(sorted(map(re.escape, words.NUMBERS), key=len, reverse=True))
    + ")"
)
_BEATS: Final = "two|three|four|five|six|seven|nine|twelve"
_OLD_MODES: Final = "|".join(words.OLD_MODES)
_MODES: Final = ("major", "minor", *words.OLD_MODES)


class Ask:
    """The text of a prompt; understood parts are removed from it."""

    def __init__(self, text: str) -> None:
        self._rest = " ".join(text.split())
        self._twice: list[str] = []
        self._notes: list[str] = []

    def take(self, pattern: str, flags: int = re.IGNORECASE) -> re.Match[str] | None:
        """Take out the first place that fits, and any further ones, which are remarked upon."""
        matches = list(re.finditer(pattern, self._rest, flags))
        for match in reversed(matches):
            self._rest = self._rest[: match.start()] + " | " + self._rest[match.end() :]
        self._twice += [match[0].strip() for match in matches[1:] if match[0] != matches[0][0]]
        return matches[0] if matches else None

    def word(self, choices: Iterable[str]) -> str | None:
        """Take out one of several words or patterns, longer ones first; return it as written."""
        either = "|".join(sorted(choices, key=len, reverse=True))
        match = self.take(rf"(?<!not )(?<!no )(?<!too )\b(?:{either})s?\b")
        return match[0].lower() if match else None

    def form(self) -> str:
        """Take out the sections that are named in a row; "" for none."""
        form = forms.said(self._rest)
        if form:
            self.take(re.escape(form), 0)
        return form

    def mentions(self, pattern: str) -> bool:
        """Whether words are there that ask for little by themselves; they stay."""
        return bool(re.search(rf"\b(?:{pattern})", self._rest, re.IGNORECASE))

    def agree(self, pattern: str) -> None:
        """Take back the remarks upon words that say the same as the first."""
        same = re.compile(pattern, re.IGNORECASE)
        self._twice = [twice for twice in self._twice if not same.fullmatch(twice)]

    def note(self, sentence: str) -> None:
        """Remark upon something understood that cannot be met to the letter."""
        self._notes.append(sentence)

    def remarks(self) -> Iterator[str]:
        """Yield a sentence for each thing that was not understood, or asked for twice."""
        for part in re.split(r"[|,;.!?()\n]+", self._rest):
            left = [word for word in part.split() if _bare(word) not in words.FILLERS]
            if any(re.search(r"\w|♯|♭", word) for word in left):
                yield f"“{' '.join(left)[:60]}” was not understood."
        yield from self._notes
        for twice in self._twice:
            yield f"“{twice[:60]}” was ignored because it contradicts something earlier."


class Said(msgspec.Struct, frozen=True):
    """The content of the words; None or "" for anything they leave open."""

    bars: int | None
    seconds: float | None
    bpm: float | None
    metre: str | None
    key: tuple[str, str]
    dance: str | None
    genre: str | None
    mood: str | None
    pace: float | None
    program: int | None
    form: str = ""
    arc: str | None = None
    drums: bool | None = None
    loop: bool = False
    lift: bool = False
    lift_at: str = ""

    @classmethod
    def of(cls, ask: Ask) -> Said:
        """Read a prompt; the order matters, since each reader removes the text it consumes."""
        lift_at = _said_lift(ask)
        form = ask.form()
        bars, seconds, bpm = _said_bars(ask), _said_seconds(ask), _said_bpm(ask)
        metre, key, dance = _said_metre(ask), _said_key(ask), _singular(ask, words.DANCES)
        arc, loop, lift = _listed(ask, words.ARCS), ask.word(words.LOOPS), ask.word(words.LIFTS)
        drums = True if ask.word(words.DRUMS) else None
        drums = False if ask.word(words.DRUMLESS) else drums
        genre = _listed(ask, words.GENRES)
        if drums is None and genre is None and ask.mentions(r"melod(?:y|ies)\b"):
            drums = False
        mood = _listed(ask, {name: tuple(m.words.split()) for name, m in MOODS.items() if m.words})
        pace = ask.word(words.TEMPI)
        if ask.take(r"\b(?:(?:in|for) )?(?:(?:four|4)[ -](?:voices?|parts?)|satb)(?: harmony)?\b"):
            ask.note("Composing gives a tune with backing; Harmonise sets it for four voices.")
        length = ask.word(words.LENGTHS) if bars is None and seconds is None else None
        instrument = _singular(ask, words.INSTRUMENTS)
        return cls(
            bars=words.LENGTHS[length] if length else bars,
            seconds=seconds,
            bpm=bpm,
            metre=metre,
            key=key,
            dance=dance,
            genre=genre,
            mood=mood,
            pace=words.TEMPI[pace] if pace else None,
            program=words.INSTRUMENTS[instrument] if instrument else None,
            form=form,
            arc=arc,
            drums=drums,
            loop=bool(loop),
            lift=bool(lift or lift_at),
            lift_at=lift_at,
        )


def _said_lift(ask: Ask) -> str:
    """Take out a key change with its place; return the bar or the section, "" for none."""
    match = ask.take(
        rf"\b(?:{'|'.join(words.LIFTS)})\s+(?:at|in|for|on|from)\s+(?:the\s+)?"
        rf"(?:(?:bar|measure)\s+(?P<bar>\d+)|section\s+(?P<letter>[A-D])\b|(?P<name>{forms.NAMED})\b)"
    )
    return (match["bar"] or match["letter"] or match["name"]).lower() if match else ""


def _said_bars(ask: Ask) -> int | None:
    match = ask.take(rf"(?<![\w.-])(?P<minus>-)?{_NUMBER}[\s-]*(?:bars?|measures?)\b")
    return int(_number(match["number"])) * (-1 if match["minus"] else 1) if match else None


def _said_seconds(ask: Ask) -> float | None:
    match = ask.take(rf"\b{_NUMBER}[\s-]*(?P<unit>seconds?|secs?|minutes?|mins?)\b")
    if not match:
        return None
    return _number(match["number"]) * (60 if match["unit"].lower().startswith("m") else 1)


def _said_bpm(ask: Ask) -> float | None:
    either = (
        rf"(?<![\w.-]){_NUMBER}\s*(?:bpm|beats (?:per|a) minute)\b",
        r"(?:\btempo|\bspeed|♩|\bquarter|\bcrotchet)\s*(?:of|=|:)?\s*(?P<number>\d+(?:\.\d+)?)\b",
        r"\bat (?P<number>\d+(?:\.\d+)?)\b",
    )
    for pattern in either:
        if match := ask.take(pattern):
            return _number(match["number"])
    return None


def _said_metre(ask: Ask) -> str | None:
    if match := ask.take(r"\b(?:in )?(?P<beats>\d+)\s*/\s*(?P<unit>\d+)(?: time)?\b"):
        return f"{int(match['beats'])}/{int(match['unit'])}"
    numbers = rf"(?P<beats>{_BEATS})[ -](?P<unit>two|four|eight)(?: time)?\b"
    if match := ask.take(rf"\b(?:in )?{numbers}"):
        beats, unit = words.NUMBERS[match["beats"].lower()], words.NUMBERS[match["unit"].lower()]
        return f"{beats}/{unit}"
    if named := ask.word(words.METRES):
        return words.METRES[named]
    match = ask.take(rf"\bin (?P<beats>\d+|{_BEATS})\b(?! (?:part|voice))")
    return words.IN_METRES.get(int(_number(match["beats"])), match[0]) if match else None


def _said_key(ask: Ask) -> tuple[str, str]:
    """Return the tonic as written and the mode or scale, "" for either that is open."""
    modes = rf"(?i:(?P<mode>major|minor|maj|min|{_OLD_MODES}))\b(?!\s+(?:key|mode)\b)"
    sign = r"(?P<sign>#|b|♯|♭|[\s-]?(?:sharp|flat))?"
    match = ask.take(
        rf"(?:\b(?:in|key of) )*(?<![\w#♯♭])(?P<tonic>[A-Gb-g]|(?<=in )a|(?<=of )a){sign}"
        rf"[\s-]*{modes}",
        0,
    )
    # A letter alone is a key after "in" or where it cannot be the article.
    match = match or ask.take(
        r"\b(?:in |key of )(?P<tonic>[A-G]|[b-g]|a(?=\s*(?:$|[,;.|#♯♭])))"
        r"(?P<sign>#|b|♯|♭|[ -](?:sharp|flat))?(?P<mode>m)?(?![\w#♯♭])",
        0,
    )
    match = match or ask.take(
        r"(?<![\w#♯♭])(?P<tonic>[B-G]|A(?=[#b♯♭m]|\s*(?:$|[,;.|])))"
        r"(?P<sign>#|b|♯|♭)?(?P<mode>m)?(?![\w#♯♭'’])",
        0,
    )
    if not match:
        return "", ask.word(_MODES) or ""
    sign = (match["sign"] or "").strip(" -").lower()
    sign = {"sharp": "#", "♯": "#", "flat": "b", "♭": "b"}.get(sign, sign)
    mode = (match["mode"] or ask.word(_MODES) or "").lower()
    mode = {"maj": "major", "min": "minor", "m": "minor"}.get(mode, mode)
    return match["tonic"].upper() + sign, mode


def _listed(ask: Ask, groups: dict[str, Any]) -> str | None:
    """Return the group whose words come first."""
    word = ask.word(pattern for patterns in groups.values() for pattern in patterns)
    if word is None:
        return None
    for name, patterns in groups.items():
        either = rf"(?:{'|'.join(patterns)})s?"
        if re.fullmatch(either, word):
            ask.agree(either)
            return name
    raise AssertionError(word)


def _singular(ask: Ask, choices: dict[str, Any]) -> str | None:
    word = ask.word(choice.replace(" ", "[ -]") for choice in choices)
    word = word and word.replace("-", " ")
    return word if word is None or word in choices else word.removesuffix("s")


def _bare(word: str) -> str:
    return word.strip("'’-:").lower()


def _number(text: str) -> float:
    return words.NUMBERS[text.lower()] if text.lower() in words.NUMBERS else float(text)

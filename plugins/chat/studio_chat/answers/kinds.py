"""The kinds of things that questions ask for, and what of a kind stands in a text. Asks no model.

A number is of the kind that its unit says: what weighs 48 kilograms does not cost 48.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

_NUMBER: Final = re.compile(r"(?:\d{1,3}(?:[.,’'\u202f]\d{3}(?!\d))+|\d+)(?:[.,]\d{1,2}(?!\d))?")
_WORD: Final = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_SPELT_PART: Final = re.compile(r"[^\W\d_]+")
_HERE: Final = Path(__file__).parent
WORDS: Final[Mapping[str, Any]] = tomllib.loads((_HERE / "words.toml").read_text("utf-8"))
"""In several languages: kinds, units and signs of things, messages, numbers, what is declined."""


def pattern(expression: str) -> re.Pattern[str]:
    """Compile an expression of ``words.toml``."""
    return re.compile(expression, re.IGNORECASE | re.VERBOSE)


_KINDS: Final = {name: pattern(words) for name, words in WORDS["kinds"].items()}
"""What is asked for, by the words of the question; the first that fits."""
_SIGNS: Final = {name: pattern(words) for name, words in WORDS["signs"].items()}
_UNIT: Final = {
    name: pattern(rf"\s*[-–]?\s*(?:{units})(?![^\W\d_])") for name, units in WORDS["units"].items()
}
_SPELT: Final = {word: int(number) for number, words in WORDS["numbers"].items() for word in words}
_CURRENCY_BEFORE: Final = re.compile(r"(?:[£$€]|\b(?:EUR|GBP|USD|CHF))\s*$")
_IN_QUESTION_ONLY: Final = frozenset(
    ["e-mail", "telephone", "address on the web", "colour", "mass", "money", "length", "age"]
)
"""Kinds whose words a text with such a thing seldom has: nobody writes “the price is” on a bill."""
_DIGITS: Final = re.compile(r"\d(?:[ /()-]{0,2}\d){4,}")
_DIMENSIONS: Final = {
    "money": {"money", "share"},
    "mass": {"mass"},
    "length": {"length"},
    "duration": {"duration"},
    "temperature": {"temperature"},
}


def asked_kind(question: str) -> str:
    """Return which kind of thing is asked for; empty where no rule knows it."""
    bare = question.strip()
    return next((name for name, asked in _KINDS.items() if asked.search(bare)), "")


def without_kind(question: str, kind: str) -> str:
    """Return a question without the words that name its kind, where a text seldom has them."""
    return _KINDS[kind].sub(" ", question) if kind in _IN_QUESTION_ONLY else question


def has_kind(kind: str, text: str) -> bool:
    """Return whether a thing of this kind stands in a sentence."""
    match kind:
        case "e-mail":
            return "@" in text
        case "telephone":
            return _DIGITS.search(text) is not None
        case "address on the web":
            return re.search(r"\w\.\w{2,}", text) is not None
        case "colour":
            return _SIGNS["colours"].search(text) is not None
        case "money":
            return bool(numbers(text)) and _SIGNS["money"].search(text) is not None
        case "age":
            return bool(numbers(text)) and _SIGNS["ages"].search(text) is not None
        case "time":
            return _SIGNS["times"].search(text) is not None
        case "duration":
            return _SIGNS["durations"].search(text) is not None
        case "reason":
            return _SIGNS["reasons"].search(text) is not None
        case "quantity":
            return bool(numbers(text))
        case "mass" | "length" | "temperature":
            unit = _UNIT[kind]
            return any(unit.match(text, found.end()) for found in _NUMBER.finditer(text))
    return True


def fits(kind: str, answer: str, text: str) -> bool:
    """Return whether an answer has the expected kind and agrees with the passages."""
    figures = numbers(answer)
    match kind:
        case "e-mail":
            return "@" in answer and answer.split("@")[0].split()[-1].casefold() in text.casefold()
        case "telephone":
            digits = re.sub(r"\D", "", answer)
            return len(digits) >= 5 and digits[-5:] in re.sub(r"[^\d\n]", "", text)
        case "address on the web":
            return re.search(r"\w\.\w{2,}", answer) is not None
        case "colour":
            return _SIGNS["colours"].search(answer) is not None
        case "person":
            return any(word[0].isupper() for word in _WORD.findall(answer)) or not figures
        case "time":
            return _SIGNS["times"].search(answer) is not None
        case "duration" if not figures:
            return _SIGNS["durations"].search(answer) is not None
        case "money" if not figures:
            return _SIGNS["free"].search(answer) is not None
        case "mass" | "length" | "temperature" | "age" | "quantity" if not figures:
            return False
    wanted = _DIMENSIONS.get(kind)
    return wanted is None or _has_dimension(figures, text, wanted)


def _has_dimension(figures: Iterable[str], text: str, wanted: set[str]) -> bool:
    """Return whether a figure stands in the text with a unit that is wanted, or without any."""
    for found in _NUMBER.finditer(text):
        if _plain(found[0]) not in figures:
            continue
        named = {name for name, unit in _UNIT.items() if unit.match(text, found.end())}
        if _CURRENCY_BEFORE.search(text, max(0, found.start() - 6), found.start()):
            named = {"money"}
        if not named or named & wanted:
            return True
    # One that is spelt out, or stands nowhere, has no unit that could be a wrong one.
    return not any(_plain(found) in figures for found in _NUMBER.findall(text))


def numbers(text: str) -> set[str]:
    """Return the numbers of a text, those in words, too, spelt alike: ``1,555.20`` is 1555.2."""
    found = {_plain(each) for each in _NUMBER.findall(text)}
    total = 0
    for word in [*_SPELT_PART.findall(text.casefold()), ""]:
        value = 1 if word == "one" and 20 <= total < 100 else _SPELT.get(word)
        if value is None:
            found |= {str(total)} if total else set()
            total = 0 if word != "and" or total < 100 else total
        elif value == 100 and total < 10:
            total = max(total, 1) * value
        elif total and (total % 100 == 0 or (total % 10 == 0 and value < 10)):
            total += value  # hundred and twelve, thirty-one
        else:
            found |= {str(total)} if total else set()
            total = value
    return found


def _plain(number: str) -> str:
    bare = re.sub(r"[.,:’' ](?=\d{3}(?!\d))", "", number).replace(",", ".")
    return (bare.rstrip("0").rstrip(".") if "." in bare else bare).lstrip("0") or "0"

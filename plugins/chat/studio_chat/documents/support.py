"""Whether passages carry a short answer to a question, by rules. Asks no model, reads no files.

Three things are looked at: that the answer is of the kind that the question asks for, that its
numbers and names stand in the passages, and that a number there is of the unit asked for: what
weighs 48 kilograms does not cost 48.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from studio_chat.documents import languages

NEAR: Final = 1
"""Lines before and after a line that belong to what it says."""

_NUMBER: Final = re.compile(r"\d+(?:[.,:’' ]\d{3}(?!\d))*(?:[.,]\d+)?")
_WORD: Final = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_PIECE: Final = re.compile(r"(?<=[.!?;:])\s+(?=\S)|\n")
_NO_NAMES: Final = frozenset(
    ["yes", "no", "ja", "nein", "oui", "non", "sí", "sim", "não", "the", "der", "die", "das"]
)
_ONES: Final = """zero null; one ein eins eine einen einem einer; two zwei; three drei; four vier;
five fünf; six sechs; seven sieben; eight acht; nine neun; ten zehn; eleven elf; twelve zwölf;
thirteen dreizehn; fourteen vierzehn; fifteen fünfzehn; sixteen sechzehn; seventeen siebzehn;
eighteen achtzehn; nineteen neunzehn"""
_TENS: Final = """twenty zwanzig; thirty dreißig; forty vierzig; fifty fünfzig; sixty sechzig;
seventy siebzig; eighty achtzig; ninety neunzig; hundred hundert"""
_SPELT: Final = {
    word: number
    for names, first, step in ((_ONES, 0, 1), (_TENS, 20, 10))
    for number, words in enumerate(names.split(";"))
    for word in words.split()
    for number in (first + number * step,)
    if number != 1  # an article, most of the time
}

_UNITS: Final = {
    "money": r"£|\$|€|eur|euros?|gbp|usd|chf|francs?|franken|pounds?|dollars?|pence|p|cents?",
    "mass": r"kg|g|mg|lbs?|kilos?|kilograms?|kilogramm|grams?|gramm|tonnes?|tonnen|tons?|pounds?",
    "length": r"mm|cm|m|km|millimet(?:re|er)s?|centimet(?:re|er)s?|zentimeter|met(?:re|er)s?n?"
    r"|kilomet(?:re|er)s?n?|inch(?:es)?|feet|foot|miles?",
    "duration": r"s|min|h|seconds?|minutes?|hours?|days?|weeks?|months?|years?|sekunden?|minuten?"
    r"|stunden?|tage?n?|wochen?|monate?n?|jahre?n?",
    "volume": r"l|ml|litres?|liters?|litern?|cups?|gallons?",
    "temperature": r"°c?|degrees?|grad|celsius|kelvin",
    "power": r"w|kw|watts?|v|volts?|a|ah|amps?|hz",
    "share": r"%|percent|per cent|prozent",
}
_UNIT: Final = {
    name: re.compile(rf"\s*[-–]?\s*(?:{units})(?![^\W\d_])", re.IGNORECASE)
    for name, units in _UNITS.items()
}
_CURRENCY_BEFORE: Final = re.compile(r"(?:[£$€]|\b(?:EUR|GBP|USD|CHF))\s*$")

_KINDS: Final = {
    name: re.compile(" | ".join(asked), re.IGNORECASE | re.VERBOSE)
    for name, asked in {
        "e-mail": [r"\be-?mail"],
        "telephone": [r"\b(?:tele)?phone | \btelefon | \b(?:mobile|fax)\ number | \bhandynummer"],
        "address on the web": [r"\bweb\ ?(?:site|page|address) | \burl\b | \binternetadresse"],
        "colour": [r"\bcolou?rs?\b | \bfarben?\b | \bfarbton"],
        "mass": [r"\bweigh | \bheavy\b | \bweight\b | \bschwer\b | \bwieg[et] | \bgewicht"],
        "money": [
            r"\bcosts?\b | \bprices?\b | \bfees?\b | \bearns?\b | \bsalary\b | \bexpensive\b",
            r"\bcharges?\b | \bkoste[nt]\b | \bpreis | \bgebühr | \bverdien | \bteuer\b",
            r"\bhow\ much\ (?:is|was|are)\ the\ (?:rent|fine|deposit|bill)\b",
        ],
        "length": [
            r"\bhow\ (?:tall|high|wide|deep|far)\b | \bwie\ (?:breit|tief|weit)\b",
            r"\bwie\ hoch\ ist\ d\w+\ \w*(?:turm|berg|haus)\b",
        ],
        "temperature": [r"\btemperatur"],
        "person": [r"^(?:and\ |but\ |und\ |aber\ )?(?:who|whose|whom|wer|wem|wen|wessen)\b"],
        "time": [r"^(?:when|what\ time|(?:in\ )?(?:what|which)\ year|wann|in\ welchem\ jahr)\b"],
        "quantity": [
            r"\bhow\ (?:many|much|old|long|large|big|loud|fast)\b | \bwieviele?\b",
            r"\bwie\ (?:viele?|alt|lange?|groß|laut|schnell)\b",
        ],
    }.items()
}
"""What is asked for, by the words of the question; the first that fits."""
_DIMENSIONS: Final = {
    "money": {"money", "share"},
    "mass": {"mass"},
    "length": {"length"},
    "temperature": {"temperature"},
}
_FREE: Final = re.compile(r"\b(?:free|nothing|kostenlos|frei|nichts|gratis)", re.IGNORECASE)
_COLOURS: Final = re.compile(
    r"black|white|gr[ae]y|silver|gold|red|blue|green|yellow|orange|purple|violet|pink|brown|beige"
    r"|cream|ivory|turquoise|navy|maroon|teal|lavender|transparent|colou?r"
    r"|schwarz|weiß|weiss|grau|silber|rot|blau|grün|gelb|lila|rosa|braun|türkis|bunt|farb"
    r"|cherry|amber|copper|bronze|oak|walnut|natur",
    re.IGNORECASE,
)
_TIMES: Final = re.compile(
    r"\d|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day|\b(?:january|february|march|april|may|june"
    r"|july|august|september|october|november|december)\b|\b(?:noon|midnight|morning|evening|night"
    r"|daily|weekly|monthly|yearly|annually|spring|summer|autumn|winter|before|after|once|every"
    r"|today|tomorrow|yesterday|end|beginning|immediately)\b"
    r"|\b(?:\w+tags?|mittwochs?|januar|februar|märz|mai|juni|juli|oktober|dezember|mittags?"
    r"|morgens?|abends?|nachts?|früh\w*|sommer|herbst|täglich|wöchentlich|jährlich|monatlich|vor"
    r"|nach|ende|anfang|sofort|heute|gestern)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Support:
    """What the passages have of a short answer.

    Attributes:
        kind: What the question asks for, as ``_KINDS`` names it; empty where no rule knows it.
        fits: Whether the answer is of that kind.
        is_there: Whether its numbers and most of its words stand in the passages.
        nearness: Of the words of the question that tell something, the share that stands beside
            the answer, 0 to 1.
        lines: The lines that carry it: number of the passage, and of its line from 0.
    """

    kind: str = ""
    fits: bool = True
    is_there: bool = True
    nearness: float = 0.0
    lines: tuple[tuple[int, int], ...] = ()

    @property
    def holds(self) -> bool:
        """Whether no rule speaks against the answer."""
        return self.fits and self.is_there


def asked_kind(question: str) -> str:
    """Return which kind of thing is asked for; empty where no rule knows it."""
    bare = question.strip()
    return next((name for name, asked in _KINDS.items() if asked.search(bare)), "")


def support(question: str, answer: str, texts: Sequence[str]) -> Support:
    """Compare a short answer with the question and the passages.

    Args:
        texts: Of the passages.
    """
    kind = asked_kind(question)
    whole = "\n".join(texts)
    lines, nearness = _carrying(question, answer, texts)
    return Support(
        kind,
        _fits(kind, answer, whole),
        _is_there(answer, whole, question),
        nearness,
        lines,
    )


def _fits(kind: str, answer: str, text: str) -> bool:
    """Return whether an answer is of a kind, and what the text has there, too."""
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
            return _COLOURS.search(answer) is not None
        case "person":
            return any(word[0].isupper() for word in _WORD.findall(answer)) or not figures
        case "time":
            return _TIMES.search(answer) is not None
        case "money" if not figures:
            return _FREE.search(answer) is not None
        case "mass" | "length" | "temperature" | "quantity" if not figures:
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


def _is_there(answer: str, text: str, question: str) -> bool:
    """Return whether the numbers and most of the names of an answer stand in the text."""
    known = numbers(text) | numbers(question)
    if not numbers(answer) <= known:
        return False
    language = languages.language_of(f"{question} {answer}")
    stems = {languages.stem(word.casefold(), language) for word in _WORD.findall(text)}
    stems |= {languages.stem(word.casefold(), language) for word in _WORD.findall(question)}
    names = [word for word in _WORD.findall(answer) if _is_name(word)]
    missing = [word for word in names if languages.stem(word.casefold(), language) not in stems]
    return 2 * len(missing) <= len(names)


def _is_name(word: str) -> bool:
    return word[0].isupper() and len(word) > 2 and word.casefold() not in _NO_NAMES


def numbers(text: str) -> set[str]:
    """Return the numbers of a text, those in words, too, spelt alike: ``1,555.20`` is 1555.2."""
    found = {_plain(each) for each in _NUMBER.findall(text)}
    words = (word.casefold() for word in _WORD.findall(text))
    spelt = {part for word in words for part in word.split("-")} & _SPELT.keys()
    return found | {str(_SPELT[word]) for word in spelt}


def _plain(number: str) -> str:
    bare = re.sub(r"[.,:’' ](?=\d{3}(?!\d))", "", number).replace(",", ".")
    return (bare.rstrip("0").rstrip(".") if "." in bare else bare).lstrip("0") or "0"


def nearest(question: str, texts: Sequence[str], most: int = 2) -> list[tuple[int, int]]:
    """Return the lines that have most words of a question: number of the text, and of the line."""
    language = languages.language_of(question)
    asked = set(languages.stems(question, language))
    scored = [
        (len(asked & set(languages.stems(line, language))), number, at)
        for number, text in enumerate(texts)
        for at, line in enumerate(text.split("\n"))
        if line.strip()
    ]
    best = sorted((each for each in scored if each[0]), key=lambda each: -each[0])[:most]
    return [(number, at) for _score, number, at in best]


def _carrying(
    question: str, answer: str, texts: Sequence[str]
) -> tuple[tuple[tuple[int, int], ...], float]:
    """Return the lines that have most of the answer and of the question, and how much of that."""
    language = languages.language_of(question)
    asked = set(languages.stems(question, language)) or {""}
    given = set(languages.stems(answer, language)) | numbers(answer)
    best: list[tuple[float, float, int, int]] = []
    for number, text in enumerate(texts):
        lines = text.split("\n")
        stems = [set(languages.stems(line, language)) | numbers(line) for line in lines]
        for at, own in enumerate(stems):
            share = len(given & own) / max(len(given), 1)
            if not share:
                continue
            around = set().union(*stems[max(0, at - NEAR) : at + NEAR + 1], stems[0])
            near = len(asked & around) / len(asked)
            best.append((share + 0.5 * near, near, number, at))
    if not best:
        return (), 0.0
    top = max(each[0] for each in best)
    kept = tuple((number, at) for score, _near, number, at in best if score >= top - 1e-9)
    return kept, max(near for score, near, *_ in best if score >= top - 1e-9)

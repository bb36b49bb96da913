"""The kinds of things that questions ask for, and what of a kind stands in a text. Asks no model.

A number is of the kind that its unit says: what weighs 48 kilograms does not cost 48.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_NUMBER: Final = re.compile(r"(?:\d{1,3}(?:[.,’'\u202f]\d{3}(?!\d))+|\d+)(?:[.,]\d{1,2}(?!\d))?")
_WORD: Final = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_SPELT_PART: Final = re.compile(r"[^\W\d_]+")
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
        "colour": [
            r"\b(?:what|which)\ colou?r | \bcolou?r\ (?:is|are|was|were|has|have|of)\b",
            r"\bwelche[rn]?\ farb | ^farbe\b",
        ],
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
        "age": [r"\bhow\ old\b | \bwie\ alt\b"],
        "person": [r"^(?:and\ |but\ |und\ |aber\ )?(?:who|whose|whom|wer|wem|wen|wessen)\b"],
        "time": [r"^(?:when|what\ time|(?:in\ )?(?:what|which)\ year|wann|in\ welchem\ jahr)\b"],
        "quantity": [
            r"\bhow\ (?:many|much|long|large|big|loud|fast)\b | \bwieviele?\b",
            r"\bwie\ (?:viele?|lange?|groß|laut|schnell)\b",
        ],
    }.items()
}
"""What is asked for, by the words of the question; the first that fits."""
_IN_QUESTION_ONLY: Final = frozenset(
    ["e-mail", "telephone", "address on the web", "colour", "mass", "money", "length", "age"]
)
"""Kinds whose words a text with such a thing seldom has: nobody writes “the price is” on a bill."""
_AGES: Final = re.compile(
    r"\b(?:aged?|old|born|founded|built|established|alt|jährig|geboren|gegründet|gebaut|erbaut)\b",
    re.IGNORECASE,
)
_MONEY: Final = re.compile(
    r"[£$€]|\b(?:eur|gbp|usd|chf|euros?|pence|pounds?|dollars?|cents?|costs?|prices?|fees?|free"
    r"|preise?|koste[nt]|gebühr|kostenlos)\b",
    re.IGNORECASE,
)
_DIGITS: Final = re.compile(r"\d(?:[ /()-]{0,2}\d){4,}")
_DIMENSIONS: Final = {
    "money": {"money", "share"},
    "mass": {"mass"},
    "length": {"length"},
    "temperature": {"temperature"},
}
_FREE: Final = re.compile(r"\b(?:free|nothing|kostenlos|frei|nichts|gratis)", re.IGNORECASE)
_COLOURS: Final = re.compile(
    r"\b(?:light|dark|bright|pale|hell|dunkel)?[ -]?(?:black|white|gr[ae]y|silver|gold|red|blue"
    r"|green|yellow|orange|purple|violet|pink|brown|beige|cream|ivory|turquoise|navy|maroon|teal"
    r"|lavender|amber|copper|bronze|transparent|colou?r|schwarz|weiß|weiss|grau|silber|rot|blau|grün"
    r"|gelb|lila|rosa|braun|türkis|bunt)(?:e[nmrs]?|n|ed|less|ish)?\b|farbe|farbig",
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
            return _COLOURS.search(text) is not None
        case "money":
            return bool(numbers(text)) and _MONEY.search(text) is not None
        case "age":
            return bool(numbers(text)) and _AGES.search(text) is not None
        case "time":
            return _TIMES.search(text) is not None
        case "quantity":
            return bool(numbers(text))
        case "mass" | "length" | "temperature":
            unit = _UNIT[kind]
            return any(unit.match(text, found.end()) for found in _NUMBER.finditer(text))
    return True


def fits(kind: str, answer: str, text: str) -> bool:
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

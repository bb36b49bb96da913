"""English as it is read: numbers, dates, times, money, abbreviations and signs become words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_SHORT: Final = {month[:3]: month for month in _MONTHS}
_MONEY: Final = {"$": ("dollar", "cent"), "£": ("pound", "penny"), "€": ("euro", "cent")}
SHORTENED: Final = {
    "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Dr.": "Doctor", "Prof.": "Professor",
    "St.": "Saint", "vs.": "versus", "etc.": "et cetera", "e.g.": "for example",
    "i.e.": "that is", "approx.": "approximately", "No.": "number",
}  # fmt: skip
_UNITS: Final = {
    "km": "kilometre", "cm": "centimetre", "mm": "millimetre", "m": "metre", "kg": "kilogram",
    "g": "gram", "mg": "milligram", "s": "second", "ms": "millisecond", "h": "hour",
    "GB": "gigabyte", "MB": "megabyte", "kB": "kilobyte", "Hz": "hertz", "kHz": "kilohertz",
    "mph": "miles an hour", "km/h": "kilometres an hour", "°C": "degrees Celsius",
    "°F": "degrees Fahrenheit",
}  # fmt: skip
_AS_THEY_ARE: Final = ("hertz", "kilohertz", "miles", "kilometres", "degrees")
_SIGNS: Final = {
    "&": " and ",
    "%": " percent",
    "+": " plus ",
    "=": " equals ",
    "@": " at ",
    "°": " degrees",
}
_DIGITS: Final = r"\d{1,3}(?:,\d{3})+|\d+"
_MOST_DIGITS: Final = 15
"""Digits of a number beyond which they are read one by one."""


def read_out(text: str) -> str:
    """Return ``text`` with all that is no word written as words."""
    for short, whole in SHORTENED.items():
        text = re.sub(rf"(?<!\w){re.escape(short)}", whole, text)
    for pattern, call in _RULES:
        text = pattern.sub(call, text)
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    return re.sub(r"[ \t]+", " ", text)


def _words(number: int | float, to: str = "cardinal") -> str:
    from num2words import num2words

    return str(num2words(number, to=to)).replace("-", " ").replace(",", "")


def _whole(digits: str) -> str:
    plain = digits.replace(",", "")
    if len(plain) > _MOST_DIGITS or (len(plain) > 1 and plain.startswith("0")):
        return " ".join(_words(int(digit)) for digit in plain)
    return _words(int(plain))


def _number(match: re.Match[str]) -> str:
    minus = "minus " if match["minus"] else ""
    part = match["part"]
    digits = " point " + " ".join(_words(int(digit)) for digit in part[:20]) if part else ""
    return f"{minus}{_whole(match['whole'])}{digits}"


def _year(match: re.Match[str]) -> str:
    return _words(int(match["year"]), "year")


def _dated(match: re.Match[str]) -> str:
    month, day = match["month"], int(match["day"])
    name = month if month in _MONTHS else _SHORT[month[:3]]
    if not 1 <= day <= 31:
        return match[0]
    return f"{name} {_words(day, 'ordinal')}"


def _iso(match: re.Match[str]) -> str:
    year, month, day = (int(match[name]) for name in ("year", "month", "day"))
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    return f"{_MONTHS[month - 1]} {_words(day, 'ordinal')}, {_words(year, 'year')}"


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match["hour"]), int(match["minute"])
    if hour > 23 or minute > 59:
        return match[0]
    half = " ".join((match["half"] or "").replace(".", "").upper())
    minutes = "o'clock" if minute == 0 else _words(minute)
    if 0 < minute < 10:
        minutes = f"oh {minutes}"
    if minute == 0 and half:
        minutes = ""
    return " ".join(f"{_words(hour)} {minutes} {half}".split())


def _ordinal(match: re.Match[str]) -> str:
    return _words(int(match["whole"].replace(",", "")), "ordinal")


def _money(match: re.Match[str]) -> str:
    whole, part = match["whole"], match["part"] or ""
    coin, small = _MONEY[match["sign"]]
    if match["scale"]:
        point = " point " + " ".join(_words(int(digit)) for digit in part) if part else ""
        return f"{_whole(whole)}{point} {match['scale']} {coin}s"
    text = f"{_whole(whole)} {coin}{'' if whole == '1' else 's'}"
    if len(part) == 2 and part != "00":
        many = "pence" if small == "penny" else f"{small}s"
        text += f" and {_words(int(part))} {small if part == '01' else many}"
    return text


def _unit(match: re.Match[str]) -> str:
    unit = _UNITS[match["unit"]]
    many = "" if match["whole"] == "1" or unit.startswith(_AS_THEY_ARE) else "s"
    return f"{match['whole']}{match['part'] or ''} {unit}{many}"


def _spelled(match: re.Match[str]) -> str:
    """Read capitals one by one: no word has three consonants and nothing else."""
    return " ".join(match[0])


_UNIT = "|".join(map(re.escape, sorted(_UNITS, key=len, reverse=True)))
_YEARS = r"(?P<year>1[1-9]\d\d|20\d\d)"
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)}|{'|'.join(_SHORT)})\.?"
_RULES: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = (
    (
        re.compile(r"\bhttps?://(?:www\.)?([^\s/]+)\S*"),
        lambda match: match[1].replace(".", " dot "),
    ),
    (re.compile(r"\b(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)\b"), _iso),
    (re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)? {_MONTH}(?!\w)"), _dated),
    (re.compile(rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b"), _dated),
    (
        re.compile(r"\b(?P<hour>\d{1,2}):(?P<minute>\d\d)(?: ?(?P<half>[ap]\.?m\b\.?))?", re.I),
        _time,
    ),
    (
        re.compile(
            rf"(?P<sign>[$£€]) ?(?P<whole>{_DIGITS})(?:\.(?P<part>\d+))?"
            r"(?: (?P<scale>thousand|million|billion))?"
        ),
        _money,
    ),
    (re.compile(rf"\b(?P<whole>{_DIGITS})(?:st|nd|rd|th)\b"), _ordinal),
    (
        re.compile(rf"\b(?P<whole>{_DIGITS})(?P<part>\.\d+)? ?(?P<unit>{_UNIT})(?![\w/])"),
        _unit,
    ),
    (re.compile(rf"(?<![\d.,]){_YEARS}(?![\d]|[.,]\d)"), _year),
    (re.compile(rf"(?<!\w)(?P<minus>[-−])?(?P<whole>{_DIGITS})(?:\.(?P<part>\d+))?"), _number),
    (re.compile(r"\b[BCDFGHJKLMNPQRSTVWXZ]{2,5}\b"), _spelled),
)

"""Sums and units that a message asks for, computed exactly. Asks no model.

“What is 17 % of 240?” has one answer, and a small model that writes it token by token may miss it.
What is match stands in the prompt beside the question; where nothing is certain nothing is said.
"""

from __future__ import annotations

import re
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from studio.api import StudioError
from studio_chat.answers.kinds import asked_kind, numbers, pattern
from studio_chat.documents import languages
from studio_chat.tools.arithmetic import calculate

_TABLES: Final[dict[str, dict[str, Any]]] = tomllib.loads(
    Path(__file__).with_name("measures.toml").read_text("utf-8")
)
_ASKED: Final = {name: pattern(words) for name, words in _TABLES.pop("asked").items()}
_SIGNS: Final = {
    sign: pattern(rf"(?<=[\d)%])\s*(?<![^\W\d_])(?:{words})(?![^\W\d_])\s*")
    for sign, words in _TABLES.pop("signs").items()
}
_SIZES: Final = {
    unit: (measure, size)
    for measure, units in _TABLES.items()
    for unit, (size, _names) in units.items()
}
_UNITS: Final = {
    unit: pattern(rf"(?<![^\W\d_])(?<![/'’])(?:{names})(?![\w/])")
    for units in _TABLES.values()
    for unit, (_size, names) in units.items()
}
_SUM: Final = re.compile(r"[\d(√][\d\s.,()+\-−–*/·÷^%√]*[\d)%]")
_OPERATOR: Final = re.compile(r"[\d)%]\s*[+\-−–*/·÷^]\s*[\d(√]")
_DATE: Final = re.compile(r"\d+([-/])\d+\1\d+")
_FIGURE: Final = re.compile(r"\d[\d.,]*\d|\d")
_TAIL: Final = re.compile(r"\s*=?\s*(?P<unit>[^\W\d]{0,12})\s*[?.!]*\s*$")
_RATIO: Final = re.compile(r"\d+/\d+")
"""With a word after it such as “24/7 support” it is no sum."""
_AMOUNT: Final = re.compile(
    r"(?:(?P<figure>-?\d[\d.,]*|\d)|(?<!\w)(?P<word>[^\W\d_]+))\s*[- ]?\s*$"
)
_ONE: Final = frozenset(["a", "an", "one", "ein", "eine", "einer", "einem", "un", "une", "una"])
_PLACES: Final = 6


def computed(message: str) -> str:
    """Return the sum or the conversion that a message asks for, as an equation; else empty."""
    text = message.strip()
    return _sum_in(text) or _conversion_in(text) if "\n" not in text else ""


def _sum_in(text: str) -> str:
    asked = _ASKED["sum"].match(text)
    rest = text[asked.end() if asked else 0 :]
    for sign, words in _SIGNS.items():
        rest = words.sub(f" {sign} ", rest)
    rest = rest.replace("% *", "%*").strip().lstrip(":").strip()
    match = _SUM.match(rest)
    if match is None or not _OPERATOR.search(match[0].replace("%*", "*")) or _DATE.search(match[0]):
        return ""
    if not (asked or rest[match.end() :].strip() in ("", "=", "?", "= ?")):
        return ""
    tail = _TAIL.fullmatch(rest, match.end())
    if tail is None or (tail["unit"] and _RATIO.fullmatch(match[0].strip())):
        return ""
    shown = " ".join(match[0].replace("%*", "% of").split())
    expression = _with_plain_figures(match[0].replace("%*", "/100*"), text)
    try:
        return f"{shown} = {_short(calculate(expression))}"
    except StudioError:
        return ""


def _conversion_in(text: str) -> str:
    """Return one amount of one unit in another that is named without an amount."""
    if not _ASKED["conversion"].search(text) or asked_kind(text) == "money":  # pounds, cents
        return ""
    amounts: list[tuple[Fraction, str]] = []
    wanted: list[str] = []
    for unit, names in _UNITS.items():
        for match in names.finditer(text):
            amount = _amount_before(text[: match.start()], text)
            if amount is None:
                wanted.append(unit)
            else:
                amounts.append((amount, unit))
    if len(amounts) != 1 or len(set(wanted)) != 1:
        return ""
    (amount, unit), target = amounts[0], wanted[0]
    measure, size = _SIZES[unit]
    if unit == target or _SIZES[target][0] != measure:
        return ""
    if measure == "temperature":
        value = (amount - 32) * 5 / 9 if target == "celsius" else amount * 9 / 5 + 32
    else:
        value = amount * Fraction(size) / Fraction(_SIZES[target][1])
    return " ".join([_digits(amount), _title(unit), "=", _digits(value), _title(target)])


def _amount_before(before: str, text: str) -> Fraction | None:
    """Return the number in front of a unit, also one in words; a unit without any is asked for."""
    match = _AMOUNT.search(before)
    if match is None:
        return None
    if match["figure"]:
        try:
            return Fraction(_with_plain_figures(match["figure"], text))
        except ValueError:
            return None
    word = match["word"].casefold()
    if word in _ONE:
        return Fraction(1)
    return next((Fraction(number) for number in numbers(word)), None)


def _with_plain_figures(expression: str, text: str) -> str:
    """Return an expression whose figures are written with a point and without groups."""
    comma_is_point = languages.language_of(text) not in ("", "english")

    def plain(match: re.Match[str]) -> str:
        figure = match[0]
        group = "." if comma_is_point else ","
        return re.sub(rf"\{group}(?=\d{{3}}(?!\d))", "", figure).replace(",", ".")

    return _FIGURE.sub(plain, expression)


def _digits(value: Fraction) -> str:
    return _short(calculate(f"{value.numerator}/{value.denominator}"))


def _short(value: str) -> str:
    """Return a value with six places at most; whole numbers keep all their digits."""
    return f"{float(value):.{_PLACES}g}" if "." in value else value


def _title(unit: str) -> str:
    return unit.replace("_", " ")

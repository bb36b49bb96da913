"""Judges answers to everyday questions by rule: words, figures, form, length and language."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”»)*]*\s+(?=[\"“«(*]*[A-ZÀ-Ý¿¡\d])|\n+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?:\D|$))")
_LIST_ITEM = re.compile(r"^\W*(?:\d+[.)]|[-*•])\s+\S", re.MULTILINE)
_OTHER_SCRIPT = re.compile(
    "[\u0400-\u04ff\u0590-\u06ff\u0900-\u0dff\u0e00-\u0e7f\u3040-\u9fff\uac00-\ud7af]"
)
"""Letters that no question of the bench is written in."""
_EDGE = " \t\n.!?,;:*_`\"'“”„«»‘’"


def faults_of(
    answer: str, question: Mapping[str, Any], language_of: Callable[[str], str]
) -> list[str]:
    """Name the rules of a question that an answer breaks: none for a right one.

    Args:
        language_of: Tells the language that most of the little words of a text are of.
    """
    faults = [name for name, rule in _RULES.items() if not rule(answer, question.get(name))]
    if _OTHER_SCRIPT.search(answer):
        faults.append("script")
    wanted = question.get("language")
    if wanted is not None and language_of(answer) != wanted:
        faults.append("language")
    return faults


def _has(answer: str, word: str) -> bool:
    """Tell whether one of the words between bars is in an answer, as a word of its own."""
    alternatives = "|".join(map(re.escape, word.split("|")))
    return bool(re.search(rf"(?<!\w)(?:{alternatives})(?!\w)", answer, re.IGNORECASE))


def _has_number(answer: str, wanted: float) -> bool:
    """Tell whether the first or the last sentence with figures has this one."""
    rows = [_NUMBER.findall(_THOUSANDS.sub("", part)) for part in _sentences(answer)]
    figures = [[float(each.replace(",", ".")) for each in row if _is_plain(each)] for row in rows]
    told = [row for row in figures if row]
    return bool(told) and (wanted in told[0] or wanted in told[-1])


def _is_plain(figure: str) -> bool:
    return len(re.findall("[.,]", figure)) < 2


def _sentences(text: str) -> list[str]:
    return [part for part in _SENTENCE_END.split(text.strip()) if re.search(r"\w", part)]


def _within(bounds: Sequence[int], count: int) -> bool:
    return bounds[0] <= count <= bounds[1]


def _has_json(answer: str, wanted: Mapping[str, Any]) -> bool:
    body = re.sub(r"\A\s*```(?:json)?\s*|\s*```\s*\Z", "", answer)
    try:
        return bool(json.loads(body) == wanted)
    except ValueError:
        return False


def _items(answer: str) -> int:
    """Count the lines of a list; of one without marks, all lines."""
    return len(_LIST_ITEM.findall(answer)) or len([x for x in answer.split("\n") if x.strip()])


def _first_word(answer: str) -> str:
    return next(iter(re.findall(r"\w+", answer)), "").casefold()


_RULES: Mapping[str, Callable[[str, Any], bool]] = {
    "any": lambda text, rule: rule is None or any(_has(text, word) for word in rule),
    "all": lambda text, rule: rule is None or all(_has(text, word) for word in rule),
    "match": lambda text, rule: rule is None or bool(re.search(rule, text)),
    "exact": lambda text, rule: (
        rule is None or text.strip(_EDGE).casefold() in [each.casefold() for each in rule]
    ),
    "begins": lambda text, rule: rule is None or _first_word(text) == rule,
    "number": lambda text, rule: rule is None or _has_number(text, rule),
    "words": lambda text, rule: rule is None or _within(rule, len(re.findall(r"\w[\w'’-]*", text))),
    "sentences": lambda text, rule: rule is None or _within(rule, len(_sentences(text))),
    "paragraphs": lambda text, rule: (
        rule is None or _within(rule, len(re.split(r"\n\s*\n", text.strip())))
    ),
    "items": lambda text, rule: rule is None or _items(text) == rule,
    "json": lambda text, rule: rule is None or _has_json(text, rule),
}

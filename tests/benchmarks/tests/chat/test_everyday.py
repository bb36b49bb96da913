"""The judges of the everyday questions take right answers and refuse wrong ones, by rule."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

import pytest

from benchmarks.chat.everyday import QUESTIONS
from benchmarks.chat.everyday.rules import faults_of

KNOWN_RULES = {
    *("any", "all", "match", "exact", "begins", "number", "words", "sentences", "paragraphs"),
    *("items", "json", "language"),
}


def language_of(text: str) -> str:
    return "german" if "der" in text.split() else "english"


def faults(answer: str, **question: Any) -> list[str]:
    return faults_of(answer, question, language_of)


def test_there_are_a_hundred_different_questions_each_with_a_rule() -> None:
    rows: list[Mapping[str, Any]] = tomllib.loads(QUESTIONS.read_text("utf-8"))["questions"]
    assert len({row["ask"] for row in rows}) == len(rows) == 100
    for row in rows:
        rules = row.keys() - {"ask"}
        assert rules, row["ask"]
        assert rules <= KNOWN_RULES, row["ask"]
        re.compile(row.get("match", ""))


@pytest.mark.parametrize(
    ("right", "wrong", "question"),
    [
        ("The capital is Bern.", "Bernadette knows it.", {"any": ["Bern"]}),
        ("Bonjour, mon ami !", "Bonjour, monsieur !", {"all": ["Bonjour", "ami|amie"]}),
        ("**Green.**", "It is green.", {"exact": ["green"]}),
        ("No, it is not.", "Not at all; no.", {"begins": "no"}),
        ("9 × 12 = 108", "It is 1,080.", {"number": 108}),
        ("It has 1,080 rows.", "It has 108 rows. I counted.", {"number": 1080}),
        ("4.5 litres", "45 litres", {"number": 4.5}),
        ("Fish and milk", "They like fish and milk", {"words": [3, 3]}),
        ("It rains, e.g. today.", "It rains. It pours.", {"sentences": [1, 1]}),
        ("One.\n\nTwo.", "One.\nTwo.", {"paragraphs": [2, 2]}),
        ("1. a\n2. b", "1. a\n2. b\n3. c", {"items": 2}),
        ("flute\nharp", "flute, harp", {"items": 2}),
        ('```json\n{"age": 3}\n```', '{"age": "3"}', {"json": {"age": 3}}),
        ("Das ist der Turm.", "This is it.", {"language": "german"}),
        ("stingy", "“吝啬”, stingy", {"any": ["stingy"]}),
    ],
)
def test_a_rule_tells_right_from_wrong(right: str, wrong: str, question: Mapping[str, Any]) -> None:
    assert not faults(right, **question)
    assert faults(wrong, **question)

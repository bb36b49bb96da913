"""Which encoder finds passages: that of English only where all is English."""

from __future__ import annotations

import pytest

from studio_chat.documents import languages, ranking
from studio_chat.documents.languages import is_english

ENGLISH = "The synopsis of a package should be brief, and it must not have its name in it. " * 4
GERMAN = "Die Beschreibung eines Pakets soll kurz sein, und sein Name darf darin nicht stehen. " * 4


@pytest.mark.parametrize(
    ("question", "texts", "wanted"),
    [
        ("How long may it be?", [ENGLISH], True),
        ("Synopsis length", [ENGLISH, "a, b\n1, 2"], True),
        ("How long may it be?", [ENGLISH, GERMAN], False),
        ("Wie lang darf sie sein?", [ENGLISH], False),
        ("Größe?", [ENGLISH], False),
    ],
)
def test_english_is_told_from_other_languages(
    question: str, texts: list[str], wanted: bool
) -> None:
    assert is_english(question, texts) is wanted


def test_ranks_of_both_ways_count_together() -> None:
    by_meaning, by_words = [0.9, 0.8, 0.1, -0.2], [0.0, 9.0, 3.0, 0.0]
    scores = ranking.together(by_meaning, by_words)
    assert sorted(range(4), key=lambda n: -scores[n]) == [1, 2, 0, 3]


def test_stems_are_of_the_language_and_little_words_are_left_out() -> None:
    german = "Wie werden die Pakete und Häuser gebaut, und wer baut sie?"
    assert languages.language_of(german) == "german"
    assert languages.stems("die Häuser", "german") == languages.stems("das Haus", "german")
    assert languages.stems("Houses of the town", "english") == ["hous", "town"]
    assert languages.language_of("Où est la gare de cette ville ?") == "french"
    assert languages.language_of("zzz 123") == ""
    assert languages.stems("Zebras", "") == ["zebras"]
    assert languages.stems("the", "english") == ["the"], "all that there is"

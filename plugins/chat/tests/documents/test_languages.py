"""Which encoder finds passages: that of English only where all is English."""

from __future__ import annotations

import pytest

from studio_chat.documents import ranking
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

"""How well texts fit words."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from studio.api import bm25

TEXTS = [Counter(text.split()) for text in ("a fox ran", "an owl saw a fox and a fox", "rain")]


def test_a_rare_word_counts_more_and_a_text_without_any_has_nothing() -> None:
    fox, owl, rain = bm25(TEXTS, {"fox", "owl"})
    assert owl > fox > rain == 0
    assert bm25([], {"fox"}) == []


def test_it_is_the_formula_of_the_paper() -> None:
    rarity = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    norm = 1.2 * (1 - 0.75 + 0.75 * 8 / 4)
    assert bm25(TEXTS, {"owl"})[1] == pytest.approx(rarity * 2.2 / (1 + norm))


def test_texts_may_hold_only_what_is_wanted_where_their_lengths_are_known() -> None:
    lengths = [sum(text.values()) for text in TEXTS]
    few = [Counter({"fox": text["fox"]}) if text["fox"] else Counter[str]() for text in TEXTS]
    assert bm25(few, {"fox"}, lengths=lengths) == bm25(TEXTS, {"fox"})

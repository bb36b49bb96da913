"""Measures of text find what was copied and what repeats itself."""

from __future__ import annotations

import random

import numpy as np
import pytest

from studio_lab.datasets.texts import from_text
from studio_lab.measures.assessment import BITS, Finding, Role, assess_texts, text_baseline
from studio_lab.measures.data_measures import SampleSet
from studio_lab.measures.text import TextExamples, distinct, longest_copied, pairs_of, perplexity
from studio_lab.measures.text_baseline import NGrams
from studio_lab.measures.text_measures import measured_texts

LINES = (
    "the river runs past old mills and green hills where slow boats carry grain or stone to",
    "small towns that wake when bells ring over bright water and cold early light finds them",
)
WORDS = " ".join(LINES).split()


def written(seed: int, count: int = 60, words: int = 40) -> list[str]:
    """Texts of words that follow each other by chance, always different."""
    draw = random.Random(seed)
    return [" ".join(draw.choice(WORDS) for _ in range(words)) for _ in range(count)]


TRAINING, HELD_OUT = written(1, 200), written(2)
EXAMPLES = TextExamples(TRAINING, HELD_OUT, 200)


def test_new_texts_are_good() -> None:
    assert assess_texts("new", written(3), EXAMPLES).is_good


def test_a_copier_is_exposed() -> None:
    texts = [*TRAINING[:20], *written(3, 40)]
    found = assess_texts("copier", texts, EXAMPLES)
    assert found.findings == (Finding.COPIES,)


def test_repetition_is_exposed() -> None:
    texts = ["bells ring over water " * 10] * 30
    assert Finding.COLLAPSE in assess_texts("repeats", texts, EXAMPLES).findings


def test_real_text_has_not_collapsed_however_little_was_held_out() -> None:
    """More text repeats more: its share of different pairs is below half of that of a little."""
    few = ["red blue green", "blue red green", "green red blue"]
    real = [few[at % 3] + f" {at % 40}" for at in range(400)]
    examples = TextExamples(real[:300], real[300:304], 200, ends=True)
    assert distinct(pairs_of(real[300:])) < distinct(pairs_of(real[300:304])) / 2, "the control"
    assert Finding.COLLAPSE not in assess_texts("real", real[300:], examples).findings
    assert Finding.COLLAPSE in assess_texts("same", [few[0] + " 1"] * 60, examples).findings


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 31, 64, 100])
def test_the_longest_copied_span_is_exact(length: int) -> None:
    source = random.Random(5)
    training = "".join(source.choice("abcdefgh") for _ in range(3000))
    text = "X" * 40 + training[500 : 500 + length] + "Y" * 60
    assert longest_copied([text], [training[:1500], training[1500:]]) == [length]


def test_spans_do_not_run_from_one_text_into_the_next() -> None:
    assert longest_copied(["abcdef"], ["xxabc", "defyy"]) == [3]
    assert longest_copied(["", "q"], ["abc"]) == [0, 0]


def test_an_n_gram_model_sums_to_one_and_learns() -> None:
    model = NGrams(TRAINING)
    for context in ("", "the riv", "zzz"):
        total = sum(model.probability(context, each) for each in model.alphabet)
        assert total == pytest.approx(1, abs=0.05)  # what is left is for characters never seen
        assert total < 1
    assert model.bits_per_character(HELD_OUT) < NGrams(["abc"]).bits_per_character(HELD_OUT)
    text = model.sample(np.random.default_rng(0), 80)
    assert 0 < len(text) <= 80


def test_the_baseline_is_measured_like_any_other() -> None:
    found, _ = text_baseline(TextExamples(TRAINING[:50], HELD_OUT[:20], 80), 6)
    assert 0 < found.values[BITS].value < 5


def test_pieces_of_a_running_text_have_no_ends_to_learn() -> None:
    pieces = [text[:64] for text in TRAINING]
    with_ends, without = (NGrams(pieces, ends=ends).bits_per_character(pieces) for ends in (1, 0))
    assert without < with_ends
    assert len(NGrams(pieces, ends=False).sample(np.random.default_rng(0), 90)) == 90


def test_bits_are_of_characters_whatever_the_tokens() -> None:
    text = "\n".join(TRAINING)
    for tokens in ("characters", "byte_pairs"):
        data, _ = from_text("Words", text, tokens=tokens)  # type: ignore[arg-type]
        rows, words = data.rows[data.split.test], data.meta["vocabulary"]
        characters = np.array([[len(words[token]) for token in row] for row in rows])
        made = SampleSet("two bits each", rows, characters.mean(1) * 2 * np.log(2))
        _, found = measured_texts(data, [made], 0)
        value = next(each for each in found if each.role is Role.WEIGHTS).values[BITS]
        assert value.value == value.low == value.high == pytest.approx(2)


def test_plain_figures() -> None:
    assert perplexity(2 * np.log(8), 2) == pytest.approx(8)
    assert distinct(pairs_of(["a b a b"])) == pytest.approx(2 / 3)
    assert distinct(pairs_of(["alone"])) == 0

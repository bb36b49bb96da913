"""Texts are cut into tokens and come back whole; the vocabulary is the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import BadInput
from studio_lab.datasets.texts import LONG, from_text
from studio_lab.datasets.tokens import as_characters, encoded, written

TEXT = "".join(f"The {word} of line {at} isn't there,\n\tnor is it here…\n" for at, word in
               enumerate(["reader", "writer", "reading", "writing"] * 300))  # fmt: skip


@pytest.mark.parametrize("tokens", ["characters", "byte_pairs"])
def test_a_text_comes_back_from_its_tokens(tokens: str) -> None:
    data, notes = from_text("Lines", TEXT, tokens=tokens)  # type: ignore[arg-type]
    assert notes == []
    whole = "".join(written(data.rows, data.meta["vocabulary"]))
    assert TEXT.startswith(whole)
    assert len(whole) > len(TEXT) * 0.95
    again = encoded(TEXT[:500], data.meta["vocabulary"])
    assert "".join(data.meta["vocabulary"][each] for each in again) == TEXT[:500]


def test_byte_pairs_are_fewer_and_learned_equally_each_time() -> None:
    (one, _), (other, _) = (from_text("Lines", TEXT, tokens="byte_pairs") for _ in range(2))
    assert one.meta == other.meta
    assert np.array_equal(one.rows, other.rows)
    assert one.rows.size < len(TEXT) / 2
    assert " reader" in one.meta["vocabulary"] or " reading" in one.meta["vocabulary"]


def test_spaces_before_a_line_are_tokens_together() -> None:
    text = "".join(f"if {word}:\n            return {word}\n" for word in ["one", "two"] * 200)
    data, _ = from_text("Code", text, 16, tokens="byte_pairs")
    assert " " * 11 in data.meta["vocabulary"]
    assert text.startswith("".join(written(data.rows, data.meta["vocabulary"])))


def test_a_long_text_is_cut_into_byte_pairs_and_a_short_one_into_characters() -> None:
    short, long = (from_text("Lines", text, tokens="auto")[0] for text in (
        TEXT[:LONG], TEXT * (1 + LONG // len(TEXT))))  # fmt: skip
    assert short.meta["tokens"] == "characters"
    assert long.meta["tokens"] == "byte_pairs"


def test_rare_characters_are_told() -> None:
    odd = "".join(map(chr, range(0x4E00, 0x4E00 + 500)))
    data, notes = from_text("Odd", TEXT + odd)
    assert "are replaced by “�”" in notes[0]
    assert "�" in written(data.rows, data.meta["vocabulary"])[-1]


def test_what_counts_characters_counts_tokens() -> None:
    assert as_characters(["a", "b"]) == ["a", "b"]
    assert [len(each) for each in as_characters(["", "60 ", "d4 "])] == [0, 1, 1]


@pytest.mark.parametrize(("text", "told"), [("ab" * 50, "100 characters"), ("a" * 9000, "again")])
def test_texts_that_nothing_can_be_learned_from(text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        from_text("Short", text)

"""SMILES become tokens and come back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_molecules.smiles.vocabulary import END, START, Vocabulary, split

LINES = ["C[C@@H](N)C(=O)O", "c1cc[nH]c1", "ClC%12CC%12Br", "C/C=C\\C"]


def test_atoms_in_brackets_and_long_ones_are_one_token() -> None:
    assert split("C[C@@H]ClBr%12") == ["C", "[C@@H]", "Cl", "Br", "%12"]


def test_what_is_no_smiles_is_refused() -> None:
    with pytest.raises(ValueError, match="not the characters"):
        split("C C")


@pytest.mark.parametrize("line", LINES)
def test_round_trip(line: str) -> None:
    vocabulary = Vocabulary.learned(LINES)
    numbers = vocabulary.encode(line)
    assert numbers is not None
    assert vocabulary.decode([START, *numbers, END, *numbers]) == line


def test_an_unknown_token_is_told_not_guessed() -> None:
    assert Vocabulary.learned(["CCO"]).encode("CCN") is None


VOCABULARY = Vocabulary.learned(LINES)


@given(st.text(max_size=50))
def test_no_text_breaks_it(text: str) -> None:
    VOCABULARY.encode(text)


def test_a_beginning_ends_before_what_is_unknown() -> None:
    vocabulary = Vocabulary.learned(["CCOc1ccccc1"])
    assert vocabulary.beginning("COc1ccccc1I") == list("COc1ccccc1")
    assert vocabulary.beginning("[2H]CO") == []

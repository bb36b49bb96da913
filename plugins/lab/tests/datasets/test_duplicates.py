"""Duplicates are found, nearly equal ones too, and those between splits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio_lab.datasets.duplicates import (
    equal_arrays,
    equal_rows,
    near_pictures,
    near_rows,
    near_texts,
)
from studio_lab.datasets.statistics import table_card
from studio_lab.datasets.table import with_target
from studio_lab.datasets.table_file import parse_table

TEXT = (
    "In the morning the baker opens the shop and sets out loaves of rye, rolls with seeds, and a "
    "tray of buns. By noon most of it is gone, and the rest is given away to whoever asks for it "
    "before the doors close for the day."
)


def scaled(picture: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    planes = (Image.fromarray(plane.astype(np.float32)) for plane in picture)
    return np.stack([np.asarray(plane.resize((side, side)), np.float64) for plane in planes])


def test_leaks_between_splits() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (10, 3, 6, 6), np.uint8)
    pictures[7] = pictures[2]
    pictures[9] = pictures[8]
    found = equal_arrays(pictures)
    assert found.groups == ((2, 7), (8, 9))
    assert found.extra == 2
    assert found.leaks(range(6), range(6, 10)) == ((2, 7),)
    assert found.unique_rows().tolist() == [0, 1, 2, 3, 4, 5, 6, 8]


def test_pictures_that_look_the_same() -> None:
    rng = np.random.default_rng(0)
    pictures = [scaled(rng.random((3, 4, 4)), 48) for _ in range(30)]
    changed = scaled(pictures[4], 31) * 0.8 + 0.1 + rng.normal(0, 0.003, (3, 31, 31))
    assert near_pictures([*pictures, changed]).groups == ((4, 30),)
    assert equal_arrays([*pictures, changed]).groups == (), "the control: not equal"


def test_texts_with_small_changes() -> None:
    changed = TEXT.upper().replace("BUNS.", "cakes!")
    other = " ".join(sorted(TEXT.split()))
    assert near_texts([other, TEXT, "Something else entirely.", changed]).groups == ((1, 3),)


def test_the_card_of_a_table_says_what_there_is() -> None:
    rows = [f"{at % 7},{'a' if at % 2 else 'b'},{'yes' if at % 4 else 'no'}" for at in range(40)]
    text = "\n".join(["size,sort,good", *rows, rows[0]])
    table, target = with_target(parse_table(text.encode()), "good")
    assert equal_rows(table).extra == 41 - 14
    card = "\n".join(table_card(table, target))
    assert "yes 30 (73.2%), no 11 (26.8%)" in card
    assert "27 of 41 are duplicates" in card
    assert "| size | number | 0 to 6, median 3 |" in card


def test_rows_that_were_rounded_are_found_and_dense_tables_have_none() -> None:
    rows = np.random.default_rng(0).normal(size=(200, 5))
    rounded = np.concatenate([rows, rows[[3, 7]].round(2), rows[[3]]])
    assert near_rows(rounded).groups == ((3, 200, 202), (7, 201))
    dense = np.random.default_rng(0).normal(size=(2000, 1))
    assert near_rows(dense).extra < 200, "near is nothing odd there"
    few = np.random.default_rng(0).integers(0, 3, size=(300, 2)).astype(float)
    assert len(near_rows(few).groups) == 9, "equal rows alone"

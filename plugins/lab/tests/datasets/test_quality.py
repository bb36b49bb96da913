"""What is there twice is found, by the kind of data, and what of it leaks between splits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from studio_lab.datasets.dataset import Dataset, Shape, Split
from studio_lab.datasets.duplicates import near_pictures
from studio_lab.datasets.examples import digits
from studio_lab.datasets.molecules import from_smiles
from studio_lab.datasets.quality import quality
from studio_lab.datasets.tunes import Note, from_tunes

SPLIT = Split(np.arange(40), np.arange(40, 45), np.arange(45, 50))


def pictures() -> Dataset:
    rows = np.random.default_rng(0).integers(0, 256, (50, 3, 16, 16), np.uint8)
    return Dataset("Noise", Shape("pictures", 3, 16, 16), rows, SPLIT)


def test_nothing_is_said_of_data_without_fault() -> None:
    assert quality(pictures()).sentences() == []


def test_pictures_that_leak_are_counted_by_what_is_held_out() -> None:
    data = pictures()
    data.rows[3] = data.rows[7]  # within the training
    data.rows[41] = data.rows[5]
    data.rows[47] = data.rows[6] // 2 + 20  # darker, and with less contrast
    data.rows[48] = data.rows[43]  # both are held out
    found = quality(data)
    assert found.equal.groups == ((3, 7), (5, 41), (43, 48))
    assert found.near.groups == ((3, 7), (5, 41), (6, 47), (43, 48))
    assert found.leaks == ((5, 41), (6, 47), (43, 48))
    assert found.leaked == 2
    assert found.sentences()[0] == "Duplicates: 3 of 50 examples (6.0%)."
    assert found.sentences()[2].startswith("Leaks: 2 of 10 held-out examples")


def test_digits_that_only_resemble_each_other_are_no_duplicates() -> None:
    assert near_pictures(digits()[0].rows[:600]).extra == 0


def test_a_tune_in_another_key_is_the_same_tune() -> None:
    draws = np.random.default_rng(0)
    tunes = [[Note(2 * at, 2, int(pitch)) for at, pitch in enumerate(draws.integers(50, 70, 40))]
             for _ in range(50)]  # fmt: skip
    tunes[45] = [replace_pitch(note, 5) for note in tunes[0]]
    data, _ = from_tunes("Tunes", tunes)
    assert quality(replace(data, split=SPLIT)).leaks == ((0, 45),)


def replace_pitch(note: Note, by: int) -> Note:
    return note._replace(pitch=note.pitch + by)


def test_molecules_are_the_same_only_if_they_are_equal() -> None:
    smiles = [f"{'C' * at}O" for at in range(1, 51)]
    data, _ = from_smiles("Alcohols", smiles)
    assert quality(data).near.extra == 0
    data, _ = from_smiles("Alcohols", [*smiles[:-1], smiles[0]])
    assert quality(replace(data, split=SPLIT)).leaks == ((0, 49),)

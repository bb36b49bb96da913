"""Molecules and tunes are measured by what they are, and not by their characters alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from studio_lab.datasets import molecules, tunes
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.tokens import as_characters, written
from studio_lab.datasets.tunes import Note
from studio_lab.measures.contents import Contents


def texts(data: Dataset, sequences: list[list[str]]) -> list[str]:
    vocabulary = list(data.meta["vocabulary"])
    characters = as_characters(vocabulary)
    return ["".join(characters[vocabulary.index(token)] for token in each) for each in sequences]


def test_molecules_are_valid_unique_and_novel() -> None:
    pytest.importorskip("rdkit")
    known = ["C" * length + end for length in range(1, 30) for end in ("O", "N", "(=O)O")]
    data, _ = molecules.from_smiles("Chains", known)
    learned = written(data.rows[data.split.training[:1]], data.meta["vocabulary"])[0]
    made = [learned, "OCCOCCO", "OCCOCCO", "CC("]
    values = Contents(data).values(texts(data, [molecules.tokens(each) or [] for each in made]))
    assert values["valid"].value == 3 / 4
    assert values["unique"].value == 2 / 3
    assert values["novel"].value == 1 / 2


def test_tunes_are_near_where_notes_are_alike_and_far_where_not() -> None:
    rng = np.random.default_rng(0)
    scale = [60, 62, 64, 65, 67, 69, 71]
    lines = [[Note(2 * at, 2, int(rng.choice(scale))) for at in range(60)] for _ in range(60)]
    data, _ = tunes.from_tunes("Scales", lines)
    sharp = [replace_pitch(line) for line in lines]
    both = tunes.from_tunes("Both", lines + sharp)[0]
    data = replace(data, rows=rows_in(data, both), meta=both.meta)
    contents = Contents(data)
    near, far = (
        contents.values(texts(data, [next(iter(tunes.pieces(line))) for line in some[:20]]))
        for some in (lines, sharp)
    )
    assert near["pitch classes apart"].value < 0.2
    assert far["pitch classes apart"].value > 0.9
    assert far["lengths apart"].value == near["lengths apart"].value


def replace_pitch(line: list[Note]) -> list[Note]:
    """The black keys alone."""
    return [note._replace(pitch=(61, 63, 66, 68, 70)[note.pitch % 5]) for note in line]


def rows_in(data: Dataset, other: Dataset) -> np.ndarray:
    """The rows of a data set in the vocabulary of another."""
    own, wanted = data.meta["vocabulary"], list(other.meta["vocabulary"])
    return np.array([wanted.index(token) for token in own])[data.rows]

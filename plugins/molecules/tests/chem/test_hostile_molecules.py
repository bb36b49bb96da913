"""Lists of molecules made to keep their reader busy: work grows with their length."""

from __future__ import annotations

import contextlib
from collections import deque

import pytest

from studio.testing.growth import repeated, traps
from studio_molecules.chem import file_reader
from studio_molecules.smiles import vocabulary

SIGNS = [
    "C",
    "C\n",
    "(",
    "[",
    "[C",
    "C1",
    "%",
    ",",
    '"',
    ' "a',
    ";",
    "\t",
    " ",
    "\n",
    "$$$$\n",
    "> <a>\n1\n",
    "<a",
    ">",
]


@pytest.mark.parametrize(
    ("head", "suffix"), [("", ".smi"), ("smiles,name\n", ".csv"), ("", ".sdf")]
)
def test_no_list_takes_more_than_linear_work(head: str, suffix: str) -> None:
    texts = [repeated(sign, head) for sign in SIGNS]
    assert traps(lambda text: deque(file_reader.read(text.encode(), suffix, "x"), 1), texts) == []


def test_no_smiles_takes_more_than_linear_work_to_split() -> None:
    def split(text: str) -> None:
        with contextlib.suppress(ValueError):
            vocabulary.split(text)

    assert traps(split, [repeated(sign) for sign in SIGNS]) == []

"""Data sets that come with the studio's packages."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.resources import files
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

import numpy as np

from studio.api import BadInput
from studio_lab.datasets.dataset import Dataset, Shape, Split, Tokens
from studio_lab.datasets.molecules import from_smiles
from studio_lab.datasets.pairs import from_pairs
from studio_lab.datasets.phantoms import phantoms
from studio_lab.datasets.table import Column, Table
from studio_lab.datasets.tables import from_table
from studio_lab.datasets.texts import from_text
from studio_lab.datasets.tokens import written
from studio_lab.datasets.tunes import Note, from_tunes

SPLIT_SEED = 0
"""One split for all, so that models that are compared were held to the same rows."""
_MANUAL_CHARACTERS = 400_000
_NCI = "Data/NCI/first_5K.smi"


def digits() -> tuple[Dataset, list[str]]:
    """Return 1,797 handwritten digits, 8 × 8 pixels with 17 levels of grey."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    rows = bunch.images.astype(np.uint8)[:, None]
    shape = Shape("pictures", 1, 8, 8, levels=17, classes=10)
    data = Dataset(
        title="Handwritten digits",
        shape=shape,
        rows=rows,
        split=Split.drawn(len(rows), SPLIT_SEED),
        labels=bunch.target.astype(np.int64),
        classes=tuple(map(str, bunch.target_names)),
        licence="Optical Recognition of Handwritten Digits (Alpaydin, Kaynak; UCI), CC BY 4.0; "
        "as carried by scikit-learn (BSD-3-Clause).",
    )
    return data, []


def _measurements(name: str, title: str, licence: str) -> tuple[Dataset, list[str]]:
    """Return a table of scikit-learn's, with its classes as a column."""
    import sklearn.datasets

    bunch = getattr(sklearn.datasets, f"load_{name}")()
    columns = [
        Column(label, "number", values, decimals=3)
        for label, values in zip(bunch.feature_names, bunch.data.T)
    ]
    names = tuple(map(str, bunch.target_names))
    columns.append(Column("class", "category", bunch.target.astype(np.float64), names))
    return from_table(title, Table(tuple(columns)), licence)


def manual(tokens: Tokens = "characters") -> tuple[Dataset, list[str]]:
    """Return a part of the manual of Python's language, which each Python carries."""
    from pydoc_data.topics import topics

    text = "\n\n".join(topics[name] for name in sorted(topics))[:_MANUAL_CHARACTERS]
    licence = "The Python Language Reference (Python Software Foundation), PSF License Version 2."
    return from_text("Python manual", text, licence=licence, tokens=tokens)


def swaps() -> tuple[Dataset, list[str]]:
    """Return words of that manual with two letters in the wrong order, and as they should be."""
    data, _ = manual()
    text = "".join(written(data.rows, data.meta["vocabulary"]))
    words = sorted(set(re.findall(r"[a-z]{5,12}", text)))
    draws, pairs = np.random.default_rng(SPLIT_SEED), []
    for word in words:
        at = int(draws.integers(1, len(word) - 1))
        swapped = (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :] if at + 1 < len(word) else word
        )
        pairs.append((swapped, word))
    return from_pairs("Swapped letters", pairs, data.licence)


def chorales() -> tuple[Dataset, list[str]]:
    """Return 382 four-part chorales of Bach, in the split that papers report on."""
    packed = files("studio_lab") / "corpora" / "jsb_chorales.json.gz"
    pieces = json.loads(gzip.decompress(packed.read_bytes()))
    tunes, parts = [], []
    for part, name in enumerate(("training", "validation", "test")):
        for voices in pieces[name]:
            tunes.append([note for voice in voices for note in _held(voice)])
            parts.append(part)
    return from_tunes("Chorales", tunes, licence=pieces["source"], split_of=parts)


def _held(pitches: Sequence[int]) -> Iterator[Note]:
    """Yield the notes of a voice, one pitch for each sixteenth; the same one again is held."""
    start = 0
    for pitch, held in groupby(pitches):
        length = len(list(held))
        if pitch >= 0:
            yield Note(start, length, pitch)
        start += length


def molecules() -> tuple[Dataset, list[str]]:
    """Return 4,999 molecules of the National Cancer Institute, which RDKit carries.

    Raises:
        BadInput: RDKit is not installed.
    """
    spec = find_spec("rdkit")
    path = Path(spec.origin).parent / _NCI if spec and spec.origin else Path()
    if not path.is_file():
        raise BadInput(
            "These molecules come with RDKit, which is not installed.",
            "Turn on the plugin Molecules, or choose a file of your own.",
        )
    smiles = [line.split()[0] for line in path.read_text().splitlines() if line.strip()]
    licence = (
        "The first 5,000 molecules of the NCI Open Database (U.S. National Cancer Institute, "
        "public domain); as carried by RDKit (BSD-3-Clause)."
    )
    return from_smiles("Molecules", smiles, licence)


EXAMPLES: Mapping[str, Callable[[], tuple[Dataset, list[str]]]] = {
    "digits": digits,
    "wine": partial(
        _measurements, "wine", "Wine", "Wine (Aeberhard, Forina; UCI), CC BY 4.0; as carried by "
        "scikit-learn (BSD-3-Clause)."
    ),
    "breast_cancer": partial(
        _measurements, "breast_cancer", "Breast cancer", "Breast Cancer Wisconsin (Wolberg et al.; "
        "UCI), CC BY 4.0; as carried by scikit-learn (BSD-3-Clause)."
    ),
    "manual": manual,
    "chorales": chorales,
    "molecules": molecules,
    "swaps": swaps,
    "phantoms": phantoms,
}  # fmt: skip

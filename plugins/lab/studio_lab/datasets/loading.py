"""From what the user chose, or an example, to a data set of the kind an architecture takes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from studio.api import BadInput
from studio_lab.datasets import pairs, pictures, tables, texts
from studio_lab.datasets.dataset import DataKind, Dataset
from studio_lab.datasets.examples import EXAMPLES

USUAL: dict[DataKind, str] = {
    "pictures": "digits",
    "table": "wine",
    "text": "manual",
    "pairs": "swaps",
}
"""The example of each kind, where none is chosen."""
_WORDS: dict[DataKind, str] = {
    "pictures": "a folder of pictures", "text": "text", "table": "a table (CSV)",
    "pairs": "a table (CSV) of pairs of texts",
}  # fmt: skip


def load(
    path: str, example: str, takes: Sequence[DataKind], side: int, seed: int
) -> tuple[Dataset, list[str]]:
    """Return the data set of ``path``, or the example where that is empty, and notes about it.

    Args:
        example: Its name; ``auto`` for the usual one of what the architecture takes.
        side: Of pictures.

    Raises:
        BadInput: It cannot be used; says why, and what can.
    """
    if not path:
        name = USUAL[takes[0]] if example == "auto" else example
        data, notes = EXAMPLES[name]()
    else:
        place = Path(path).expanduser()
        if not place.exists():
            raise BadInput(f"“{place}” does not exist.", "Check the path.")
        is_table = place.suffix.lower() in (".csv", ".tsv")
        if is_table and "pairs" in takes:
            data, notes = pairs.read_pairs(place)
        elif is_table and "table" in takes:
            data, notes = tables.read_rows(place)
        elif "text" in takes and takes[0] == "text":
            data, notes = texts.read_texts(place)
        elif place.is_dir():
            data, notes = pictures.read_pictures(place, side, seed)
        else:
            raise _unfit(place.name, takes)
    if data.shape.kind not in takes:
        raise _unfit(data.title, takes)
    return data, notes


def digest(data: Dataset) -> str:
    """Return what is equal for equal rows in equal splits."""
    told = hashlib.sha256(data.rows.tobytes())
    for part in (data.split.training, data.split.validation, data.split.test, data.labels):
        told.update(part.tobytes())
    return told.hexdigest()


def _unfit(name: str, takes: Sequence[DataKind]) -> BadInput:
    wanted = " or ".join(_WORDS[kind] for kind in takes)
    return BadInput(
        f"This architecture cannot learn from “{name}”: it takes {wanted}.",
        "Choose other data, or another architecture.",
    )

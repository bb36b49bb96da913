"""Where a data set comes from: a file or a folder that was chosen, or an example."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from studio.api import BadInput
from studio_lab.datasets import molecules, pairs, pictures, sounds, tables, texts, tunes
from studio_lab.datasets.dataset import DataKind, Dataset, Tokens
from studio_lab.datasets.examples import EXAMPLES, manual
from studio_lab.datasets.folders import files_in
from studio_lab.datasets.table_file import USUAL as USUAL_READING
from studio_lab.datasets.table_file import Reading

USUAL: dict[DataKind, str] = {
    "pictures": "digits",
    "table": "wine",
    "text": "manual",
    "pairs": "swaps",
}
"""The example of each kind, where none is chosen."""
_TABLES = (".csv", ".tsv")


@dataclass(frozen=True)
class Preparation:
    """Preprocessing of a data set.

    Attributes:
        side: Pixels along the shorter side of a picture; bands of a sound.
        seed: For the random subset of a data set that is too large.
        tokens: Unit of the tokens of texts.
        cut: Whether pictures are cut to squares.
        reading: The user's choices for a table.
    """

    side: int = 32
    seed: int = 0
    tokens: Tokens = "characters"
    cut: bool = True
    reading: Reading = USUAL_READING


@dataclass(frozen=True)
class Format:
    """A way in which people have data.

    Attributes:
        kind: What its rows are to a network.
        words: What it is, for a sentence.
        suffixes: Of its files, in lower case.
        read: What was chosen, the files in it or itself, and the preparation → data set, notes.
        folders: Whether a folder of such files is one data set.
    """

    kind: DataKind
    words: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, Sequence[Path], Preparation], tuple[Dataset, list[str]]]
    folders: bool = True


FORMATS: Mapping[str, Format] = {
    "pictures": Format(
        "pictures",
        "a folder of pictures",
        pictures.SUFFIXES,
        lambda place, files, how: pictures.read_pictures(
            place, files, how.side, how.seed, how.cut
        ),
    ),
    "sounds": Format(
        "pictures", "a folder of sounds (WAV)", sounds.SUFFIXES,
        lambda place, files, how: sounds.read_sounds(place, files, how.side),
    ),
    "texts": Format(
        "text", "text", texts.SUFFIXES,
        lambda place, files, how: texts.read_texts(place, files, how.tokens),
    ),
    "tunes": Format(
        "text", "tunes (MIDI)", tunes.SUFFIXES,
        lambda place, files, how: tunes.read_tunes(place, files),
    ),
    "molecules": Format(
        "text", "molecules (SMILES)", molecules.SUFFIXES,
        lambda place, files, how: molecules.read_molecules(place), folders=False,
    ),
    "table": Format(
        "table", "a table (CSV)", _TABLES,
        lambda place, files, how: tables.read_rows(place, how.reading), folders=False,
    ),
    "pairs": Format(
        "pairs", "a table (CSV) of pairs of texts", _TABLES,
        lambda place, files, how: pairs.read_pairs(place), folders=False,
    ),
}  # fmt: skip


def load(
    path: str,
    example: str,
    takes: Sequence[DataKind],
    side: int,
    seed: int,
    *,
    tokens: Tokens = "characters",
    cut: bool = True,
    reading: Reading = USUAL_READING,
) -> tuple[Dataset, list[str]]:
    """Return the data set of ``path``, or the example where that is empty, and notes about it.

    Args:
        example: Its name; ``auto`` for the usual one of what the architecture takes.
        takes: Kinds of data that are of use, the best first.
        side, seed, tokens, cut, reading: As ``Preparation`` has them.

    Raises:
        BadInput: It cannot be used; says why, and what can.
    """
    how = Preparation(side, seed, tokens, cut, reading)
    if not path:
        name = USUAL[takes[0]] if example == "auto" else example
        data, notes = manual(tokens) if name == "manual" else EXAMPLES[name]()
        if data.shape.kind not in takes:
            raise _unfit(data.title, takes)
        return data, notes
    place = Path(path).expanduser()
    if not place.exists():
        raise BadInput(f"“{place}” does not exist.", "Check the path.")
    files = list(files_in(place)) if place.is_dir() else [place]
    chosen = format_of(place, files, takes)
    if chosen.kind not in takes or (not chosen.folders and place.is_dir()):
        raise _unfit(place.name, takes)
    own = [file for file in files if file.suffix.lower() in chosen.suffixes]
    return chosen.read(place, own if place.is_dir() else files, how)


def format_of(place: Path, files: Sequence[Path], takes: Sequence[DataKind]) -> Format:
    """Return the format of a file or a folder, by file suffixes.

    A table counts as the first of ``takes``: pairs, a table, or molecules (with a column of them).
    """
    counts = Counter(file.suffix.lower() for file in files)
    if not place.is_dir() and place.suffix.lower() in _TABLES:
        for kind in ("pairs", "table"):
            if kind in takes:
                return FORMATS[kind]
        return FORMATS["molecules" if molecules.has_smiles(place) else "texts"]
    formats = [format for format in FORMATS.values() if format.folders or not place.is_dir()]
    shares = [sum(counts[suffix] for suffix in format.suffixes) for format in formats]
    if max(shares):
        return formats[shares.index(max(shares))]
    usual = "texts" if "text" in takes and (not place.is_dir() or takes[0] == "text") else ""
    if not usual and not (place.is_dir() and "pictures" in takes):
        raise _unfit(place.name, takes)
    return FORMATS[usual or "pictures"]


def digest(data: Dataset) -> str:
    """Return a digest of the rows and their splits."""
    hashed = hashlib.sha256(data.rows.tobytes())
    for part in (data.split.training, data.split.validation, data.split.test, data.labels):
        hashed.update(part.tobytes())
    return hashed.hexdigest()


def _unfit(name: str, takes: Sequence[DataKind]) -> BadInput:
    wanted = [format.words for kind in takes for format in FORMATS.values() if format.kind == kind]
    names = " or ".join([", ".join(wanted[:-1]), wanted[-1]] if wanted[1:] else wanted)
    return BadInput(
        f"“{name}” cannot be used here, where the choice is {names}.",
        "Choose other data, or another architecture.",
    )

"""Pictures of a folder with their captions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from studio.api import BadInput, read_regular, sentence
from studio_lab.datasets.pictures import SUFFIXES, picture_of
from studio_lab.datasets.table import only

FEWEST = 6
MOST = 2_000
_MOST_WORDS = 1_000


@dataclass(frozen=True)
class Captioned:
    """Captioned pictures.

    Attributes:
        pixels: (N, H, W, 3) uint8.
        captions: The distinct ones, indexed by ``labels``.
        labels: (N,) int64.
        notes: Sentences about skipped files.
    """

    title: str
    pixels: np.ndarray
    captions: tuple[str, ...]
    labels: np.ndarray
    notes: tuple[str, ...] = ()


def read_captioned(folder: Path, side: int, usual: str) -> Captioned:
    """Return the pictures of a folder and of those in it, cut to squares.

    The words are in a text file of the same name beside a picture, or the name of the folder in
    ``folder`` that it lies in, or else ``usual``.

    Raises:
        BadInput: There are too few.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    notes: list[str] = []
    if len(paths) > MOST:
        notes.append(
            sentence(
                "The folder has {all} pictures; the first {some} are used.",
                all=f"{len(paths):,}", some=f"{MOST:,}",
            )
        )  # fmt: skip
    rows, words = [], []
    for path in paths[:MOST]:
        if (picture := picture_of(path, (side, side))) is not None:
            rows.append(picture[0])
            words.append(_caption(path, folder) or usual)
    if left := len(paths[:MOST]) - len(rows):
        notes.append(
            sentence("Not readable as pictures, and left out: {count}.", count=f"{left:,}")
        )
    if len(rows) < FEWEST:
        raise BadInput(
            f"“{folder.name}” has {only(len(rows), 'pictures')}; at least {FEWEST} are needed.",
            "Choose a folder with more pictures.",
        )
    captions = tuple(dict.fromkeys(words))
    labels = np.array([captions.index(caption) for caption in words], np.int64)
    return Captioned(folder.name, np.stack(rows), captions, labels, tuple(notes))


def _caption(path: Path, folder: Path) -> str:
    beside = path.with_suffix(".txt")
    if beside.is_file():
        text = read_regular(beside).decode("utf-8", "replace")
        return " ".join(text.split())[:_MOST_WORDS]
    return path.parent.name.replace("_", " ") if path.parent != folder else ""

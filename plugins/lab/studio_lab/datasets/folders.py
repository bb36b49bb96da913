"""Derive classes and splits from the subfolders of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.api import sentence
from studio_lab.datasets.dataset import Split

_PARTS = {
    "train": 0, "training": 0,
    "val": 1, "valid": 1, "validation": 1,
    "test": 2, "testing": 2,
}  # fmt: skip
_HELD_OUT = 0.1


@dataclass(frozen=True)
class Arrangement:
    """What subfolders say of files.

    Attributes:
        labels: (N,), the class of each; empty where there is one class.
        classes: Names of the subfolders that are classes.
        split: That of folders called ``training`` and ``test``, else a drawn one.
        notes: What of it a person should know.
    """

    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    split: Split
    notes: tuple[str, ...] = ()


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder and its subfolders, in order; hidden ones are left out."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))


def arranged(folder: Path, files: Sequence[Path]) -> Arrangement:
    """Return the classes and splits of files from the subfolders of ``folder``."""
    inside = [file.relative_to(folder).parts[:-1] for file in files]
    split, notes = Split.drawn(len(files), 0), list[str]()
    given = [_PARTS.get(parts[0].lower(), -1) if parts else -1 for parts in inside]
    if min(given) >= 0 and 0 in given and len(set(given)) > 1:
        split = _given(np.array(given))
        inside = [parts[1:] for parts in inside]
        notes.append(sentence("The folders for training and test are the split."))
    names = [parts[0] if parts else "" for parts in inside]
    classes = tuple(sorted(set(names)))
    if len(classes) < 2:
        return Arrangement(np.zeros(0, np.int64), (), split, tuple(notes))
    place = {name: number for number, name in enumerate(classes)}
    labels = np.array([place[name] for name in names], np.int64)
    return Arrangement(labels, classes, split, tuple(notes))


def _given(parts: NDArray[np.int64]) -> Split:
    """Complete a given split; draw missing parts from the training rows."""
    draws = np.random.default_rng(0)
    for part in (1, 2):
        if part not in parts:
            training = np.flatnonzero(parts == 0)
            count = max(1, round(len(training) * _HELD_OUT))
            parts[draws.choice(training, count, replace=False)] = part
    return Split(*(np.flatnonzero(parts == part) for part in range(3)))

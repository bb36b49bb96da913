"""Find defects of a data set: duplicates, and examples that leak between splits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from studio.api import sentence
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.duplicates import (
    Duplicates,
    equal,
    equal_arrays,
    near_pictures,
    near_rows,
    near_texts,
)
from studio_lab.datasets.tokens import tokens_of, written
from studio_lab.datasets.tunes import notes_of

MOST_NEAR = 10_000
"""Among so many examples near duplicates are looked for; equal ones among all."""


@dataclass(frozen=True)
class Quality:
    """Examples of a data set that are there twice.

    Attributes:
        equal, near: Groups of them; near ones have the equal ones, too.
        leaks: Groups of near ones with an example in more than one split.
        leaked: How many examples of validation and test are, or nearly are, in the training.
        held_out: How many examples validation and test have.
    """

    equal: Duplicates
    near: Duplicates
    leaks: tuple[tuple[int, ...], ...]
    leaked: int
    held_out: int

    def sentences(self) -> list[str]:
        """Return the defects in words; empty for none."""
        sentences = list[str]()
        rows = self.equal.rows
        if self.equal.extra:
            sentences.append(
                sentence(
                    "Duplicates: {count} of {rows} examples ({share}).",
                    count=f"{self.equal.extra:,}", rows=f"{rows:,}",
                    share=f"{self.equal.extra / rows:.1%}",
                )
            )  # fmt: skip
        if more := self.near.extra - self.equal.extra:
            sentences.append(
                sentence(
                    "Near duplicates: {count} of {rows} examples.",
                    count=f"{more:,}", rows=f"{min(rows, MOST_NEAR):,}",
                )
            )  # fmt: skip
        if self.leaked:
            sentences.append(
                sentence(
                    "Leaks: {count} of {rows} held-out examples are in the training, too, or "
                    "nearly so, so scores on them are inflated.",
                    count=f"{self.leaked:,}", rows=f"{self.held_out:,}",
                )
            )  # fmt: skip
        return sentences


def quality(data: Dataset) -> Quality:
    """Return which examples are there twice, and which of them leak between splits.

    Of more than ``MOST_NEAR`` examples, near duplicates are looked for among as many, evenly taken.
    """
    some = np.unique(np.linspace(0, len(data.rows) - 1, min(len(data.rows), MOST_NEAR)).astype(int))
    same = equal_arrays(data.rows)
    look = _NEAR.get(data.shape.kind)
    duplicates = look(data, some) if look else Duplicates((), len(some))
    groups = tuple(tuple(int(some[row]) for row in group) for group in duplicates.groups)
    near = _joined(same, Duplicates(groups, len(some)))
    split = data.split
    leaks = near.leaks(split.training, split.validation, split.test)
    training = set(split.training.tolist())
    leaked = {
        row for group in leaks if training & set(group) for row in group if row not in training
    }
    return Quality(same, near, leaks, len(leaked), len(split.validation) + len(split.test))


def _pictures(data: Dataset, rows: np.ndarray) -> Duplicates:
    return near_pictures(data.rows[rows])


def _texts(data: Dataset, rows: np.ndarray) -> Duplicates:
    """Find pieces that share most words, and tunes that share most steps, in any key."""
    vocabulary, content = data.meta["vocabulary"], data.meta.get("content")
    if content == "molecules":
        return Duplicates((), len(rows))
    if content != "tunes":
        return near_texts(written(data.rows[rows], vocabulary))
    return near_texts([_steps(tokens_of(row, vocabulary)) for row in data.rows[rows]])


def _steps(tokens: list[str]) -> str:
    """Return a tune as words, one for each note: how far from the one before, in pitch and time."""
    notes = notes_of(tokens)
    return " ".join(
        f"{note.pitch - before.pitch + 128}_{note.start - before.start}"
        for before, note in pairwise(notes)
    )


def _pairs(data: Dataset, rows: np.ndarray) -> Duplicates:
    """Pairs with one source."""
    return equal([row.tobytes() for row in data.rows[rows, 0]])


def _rows(data: Dataset, rows: np.ndarray) -> Duplicates:
    return near_rows(np.nan_to_num(data.rows[rows].astype(np.float64)))


_NEAR: Mapping[str, Callable[[Dataset, np.ndarray], Duplicates]] = {
    "pictures": _pictures, "text": _texts, "pairs": _pairs, "table": _rows,
}  # fmt: skip


def _joined(one: Duplicates, other: Duplicates) -> Duplicates:
    """Return the groups of both; those with a common row become one."""
    group_of: dict[int, int] = {}
    groups: dict[int, set[int]] = {}
    for group in (*one.groups, *other.groups):
        joined = {group_of[row] for row in group if row in group_of}
        whole = set(group).union(*(groups.pop(name) for name in joined))
        groups[name := min(whole)] = whole
        group_of.update(dict.fromkeys(whole, name))
    ordered = tuple(sorted(tuple(sorted(members)) for members in groups.values()))
    return Duplicates(ordered, one.rows)

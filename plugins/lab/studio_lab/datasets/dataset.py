"""A data set in memory: arrays, their meaning, and the split of the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from studio_lab.datasets.table import Table

DataKind = Literal["pictures", "text", "table", "pairs"]
Tokens = Literal["auto", "characters", "byte_pairs"]
"""What a text is cut into."""

FEWEST_GROUPS = 10


@dataclass(frozen=True)
class Shape:
    """Facts about a data set that a network needs, as plain data.

    Attributes:
        kind: Kind of a row.
        channels, height, width: Of pictures.
        levels: Number of values of a picture's channel: 256 for a usual one.
        vocabulary, length: Of text and of pairs: number of tokens, and tokens per row.
        columns: Of a table: numbers per row.
        classes: Number of labels; 0 for none.
    """

    kind: DataKind
    channels: int = 0
    height: int = 0
    width: int = 0
    levels: int = 256
    vocabulary: int = 0
    length: int = 0
    columns: int = 0
    classes: int = 0

    @property
    def dimensions(self) -> int:
        """How many numbers or tokens a row has: a bound is in nats for each of them."""
        if self.kind == "pictures":
            return self.channels * self.height * self.width
        return self.columns if self.kind == "table" else self.length

    @property
    def sides(self) -> tuple[int, ...]:
        """Lengths of the axes of a row."""
        if self.kind == "pictures":
            return self.channels, self.height, self.width
        return (self.dimensions,)


@dataclass(frozen=True)
class Split:
    """Which rows are for what: three arrays of row numbers without a common one.

    Attributes:
        training: What networks learn from.
        validation: When to stop, and which weights are best.
        test: How good the result is; looked at once, at the end.
    """

    training: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @classmethod
    def drawn(cls, rows: int, seed: int, held_out: float = 0.1) -> Split:
        """Draw ``held_out`` of the rows for validation and as many for the test; at least one."""
        order = np.random.default_rng(seed).permutation(rows)
        count = max(1, round(rows * held_out))
        return cls(*(np.sort(part) for part in np.split(order, [rows - 2 * count, rows - count])))

    @classmethod
    def of_groups(cls, groups: np.ndarray, parts: Sequence[int] | None = None) -> Split:
        """Return a split in which the rows of a group stay together.

        Where there are fewer than ``FEWEST_GROUPS``, rows are drawn one by one.

        Args:
            groups: (N,) int, from 0: the group of each row.
            parts: For each group 0, 1 or 2: training, validation, test; drawn without them.
        """
        count = int(groups.max()) + 1
        if parts is None:
            drawn = cls.drawn(count, 0)
            where = np.zeros(count, np.int64)
            where[drawn.validation], where[drawn.test] = 1, 2
        else:
            where = np.asarray(parts)
        rows = [np.flatnonzero(where[groups] == part) for part in range(3)]
        if (parts is None and count < FEWEST_GROUPS) or not all(map(len, rows)):
            return cls.drawn(len(groups), 0)
        return cls(*rows)


@dataclass(frozen=True)
class Dataset:
    """Rows to learn from.

    Attributes:
        title: What a person reads.
        shape: What a row is.
        rows: Pictures: (N, C, H, W) uint8, from 0 to ``shape.levels`` - 1. Text: (N, L) int64,
            tokens. A table: (N, C) float32, standardised. Pairs: (N, 2, L) int64, source and
            target.
        split: Which rows are for what.
        labels: (N,) int64, the class of each row; empty where there are none.
        classes: The names of the labels.
        licence: Whose it is, and what may be done with it, in a sentence; empty if not known.
        meta: Plain data that leads from rows back to what a person reads: the names of columns;
            of text the ``vocabulary``, what each token writes, and ``content``, what the writing
            is: ``words`` without it, ``tunes`` or ``molecules``; of pictures ``sounds``.
        table: The rows of a table as they were read: with gaps, and columns that are not used.
    """

    title: str
    shape: Shape
    rows: np.ndarray
    split: Split
    labels: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    classes: tuple[str, ...] = ()
    licence: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    table: Table | None = None

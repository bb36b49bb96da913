"""Examples that are there twice, and those of one split that leak into another.

What a network has seen in training it need not have learned: a test on it says nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio_lab.datasets.table import Table

HASH_SIDE = 8
NEAR_BITS = 4
"""Of the 64 bits of a picture's hash, as many may differ in a near duplicate."""
SMALL_SIDE = 16
NEAR_PICTURE = 0.99
"""Correlation of two pictures, made small, from which they are near duplicates."""

ROUNDED = 0.01
"""Deviations of a column that a near duplicate of a row of a table may be off."""

SHINGLE = 3
"""Words of a shingle."""

PERMUTATIONS = 64
BANDS = 16
NEAR_TEXT = 0.7
"""Share of common shingles from which texts are near duplicates."""


@dataclass(frozen=True)
class Duplicates:
    """Groups of examples that are the same, or nearly.

    Attributes:
        groups: Row numbers of each group, two or more, in order.
        rows: How many examples there are in all.
    """

    groups: tuple[tuple[int, ...], ...]
    rows: int

    @property
    def extra(self) -> int:
        """How many examples could go without losing one."""
        return sum(len(group) - 1 for group in self.groups)

    def unique_rows(self) -> NDArray[np.intp]:
        """Return the rows with the first of each group only."""
        gone = [row for group in self.groups for row in group[1:]]
        return np.setdiff1d(np.arange(self.rows), gone)

    def leaks(self, *splits: Iterable[int]) -> tuple[tuple[int, ...], ...]:
        """Return the groups that have examples in more than one of the splits of row numbers."""
        where = {int(row): at for at, split in enumerate(splits) for row in split}
        return tuple(
            group for group in self.groups if len({where[row] for row in group if row in where}) > 1
        )


def equal(keys: Sequence[Hashable]) -> Duplicates:
    """Return groups of examples with equal keys."""
    rows: defaultdict[Hashable, list[int]] = defaultdict(list)
    for row, key in enumerate(keys):
        rows[key].append(row)
    return Duplicates(tuple(tuple(group) for group in rows.values() if len(group) > 1), len(keys))


def equal_arrays(arrays: Iterable[NDArray[Any]]) -> Duplicates:
    """Return groups of arrays, such as pictures or tunes, that are equal byte for byte."""
    return equal(
        [hashlib.sha256(np.ascontiguousarray(array).tobytes()).digest() for array in arrays]
    )


def equal_rows(table: Table) -> Duplicates:
    """Return groups of equal rows of a table; gaps are equal to each other."""
    return equal_arrays(np.nan_to_num(table.cells(), nan=np.inf))


def near_rows(rows: NDArray[np.float64]) -> Duplicates:
    """Return groups of rows, (n, columns) standardised, that differ by rounding alone.

    They differ by a hundredth of a deviation at most in every column, and by a tenth of what lies
    between other rows and their neighbours: where a table is dense, near is nothing odd.
    """
    from scipy.spatial import cKDTree

    different, where = np.unique(rows, axis=0, return_inverse=True)
    links = _Links(len(rows))
    for same in equal(where.ravel().tolist()).groups:
        links.join_all(same[0], same[1:])
    if len(different) > 2:
        tree = cKDTree(different)
        gaps = tree.query(different, k=2, p=np.inf)[0][:, 1]
        first = np.unique(where.ravel(), return_index=True)[1]
        for one, other in tree.query_pairs(min(ROUNDED, float(np.median(gaps)) / 10), p=np.inf):
            links.join(int(first[one]), int(first[other]))
    return links.groups()


def near_pictures(pictures: Sequence[NDArray[Any]]) -> Duplicates:
    """Return groups of pictures that look the same: other size, compression or brightness.

    Pictures (C, H, W) of any size. Candidates have nearly the same difference hash (Krawetz 2013):
    whether each cell of a grid is brighter than its right neighbour. They are the same if they
    correlate when they are small. Two pictures of one colour each are the same.
    """
    hashes = np.array([_difference_hash(picture) for picture in pictures], np.uint64)
    return _near_hashes(hashes, np.array([_small(picture) for picture in pictures], np.float32))


def _difference_hash(picture: NDArray[Any]) -> int:
    cells = _resized(np.asarray(picture, np.float32).mean(0), HASH_SIDE + 1, HASH_SIDE)
    bits = (cells[:, 1:] > cells[:, :-1]).ravel()
    return int.from_bytes(np.packbits(bits).tobytes())


def _small(picture: NDArray[Any]) -> NDArray[np.float32]:
    """Return a picture as a unit vector, independent of size, brightness and contrast."""
    planes = [_resized(plane, SMALL_SIDE, SMALL_SIDE) for plane in picture.astype(np.float32)]
    vector = np.stack(planes).ravel()
    vector -= vector.mean()
    length = float(np.linalg.norm(vector))
    flat = np.full_like(vector, len(vector) ** -0.5)
    return vector / length if length > 1e-3 * len(vector) ** 0.5 else flat


def _resized(plane: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    from PIL import Image

    image = Image.fromarray(plane).resize((width, height), Image.Resampling.BOX)
    return np.asarray(image, np.float32)


def _near_hashes(hashes: NDArray[np.uint64], small: NDArray[np.float32]) -> Duplicates:
    """Return groups of hashes that differ in ``NEAR_BITS`` bits at most, and are alike when small.

    Of five pieces of a hash one is equal then, so only those with an equal piece are compared.
    """
    pieces = NEAR_BITS + 1
    edges = [64 * at // pieces for at in range(pieces + 1)]
    links = _Links(len(hashes))
    for low, high in pairwise(edges):
        piece = hashes >> np.uint64(low) & np.uint64((1 << (high - low)) - 1)
        order = np.argsort(piece, kind="stable")
        for group in np.split(order, np.flatnonzero(np.diff(piece[order])) + 1):
            for at, row in enumerate(group[:-1]):
                others = group[at + 1 :]
                others = others[np.bitwise_count(hashes[others] ^ hashes[row]) <= NEAR_BITS]
                links.join_all(row, others[small[others] @ small[row] >= NEAR_PICTURE])
    return links.groups()


def near_texts(texts: Sequence[str]) -> Duplicates:
    """Return groups of texts that share seven tenths of their spans of three words.

    Candidates are found by minima of hashes (Broder 1997) in bands, then compared. Case, spaces
    and punctuation count for nothing.
    """
    shingles = [_shingles(text) for text in texts]
    signatures = [_signature(shingle_set) for shingle_set in shingles]
    links = _Links(len(texts))
    width = PERMUTATIONS // BANDS
    for band in range(BANDS):
        keys = [
            shingle_set[band * width : (band + 1) * width].tobytes() for shingle_set in signatures
        ]
        for group in equal(keys).groups:
            for one, other in combinations(group[:200], 2):
                if not links.same(one, other) and _alike(shingles[one], shingles[other]):
                    links.join(one, other)
    return links.groups()


def _shingles(text: str) -> frozenset[int]:
    words = re.findall(r"\w+", text.lower())
    spans = range(max(1, len(words) - SHINGLE + 1))
    texts = (" ".join(words[at : at + SHINGLE]).encode() for at in spans)
    return frozenset(
        int.from_bytes(hashlib.blake2b(shingle, digest_size=4).digest()) for shingle in texts
    )


def _signature(shingles: frozenset[int]) -> NDArray[np.uint64]:
    rng = np.random.default_rng(0)
    factors = rng.integers(1, 2**32, size=(2, PERMUTATIONS, 1), dtype=np.uint64) | np.uint64(1)
    values = np.fromiter(shingles, np.uint64, len(shingles))
    return np.asarray((values * factors[0] + factors[1] >> np.uint64(20)).min(1))


def _alike(one: frozenset[int], other: frozenset[int]) -> bool:
    return len(one & other) >= NEAR_TEXT * len(one | other)


class _Links:
    """Rows that belong together, by union and find."""

    def __init__(self, rows: int) -> None:
        self._parent = list(range(rows))

    def _root(self, row: int) -> int:
        while self._parent[row] != row:
            self._parent[row] = self._parent[self._parent[row]]
            row = self._parent[row]
        return row

    def same(self, one: int, other: int) -> bool:
        return self._root(one) == self._root(other)

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self._root(one), self._root(other)))
        self._parent[high] = low

    def join_all(self, row: int, others: Iterable[int]) -> None:
        for other in others:
            self.join(int(row), int(other))

    def groups(self) -> Duplicates:
        return equal([self._root(row) for row in range(len(self._parent))])

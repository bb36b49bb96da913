"""Folders of pictures: classes, splits that were given, shapes, and too many of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio_lab.datasets import pictures
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.folders import files_in


def read(
    folder: Path, names: Sequence[str], size: tuple[int, int] = (30, 20), **how: bool
) -> tuple[Dataset, list[str]]:
    draws = np.random.default_rng(0)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shown = draws.integers(256, size=(size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(shown).save(path)
    return pictures.read_pictures(folder, list(files_in(folder)), 16, 0, **how)


def test_subfolders_are_classes(tmp_path: Path) -> None:
    data, _ = read(tmp_path, [f"{'cat' if at % 3 else 'dog'}/{at}.png" for at in range(20)])
    assert data.classes == ("cat", "dog")
    assert np.bincount(data.labels).tolist() == [13, 7]


@pytest.mark.parametrize(("parts", "sizes"), [
    (("train", "test"), (18, 2, 10)), (("Training", "validation", "test"), (10, 10, 10)),
])  # fmt: skip
def test_folders_for_training_and_test_are_the_split(
    tmp_path: Path, parts: tuple[str, ...], sizes: tuple[int, ...]
) -> None:
    shares = [20, 10] if len(parts) == 2 else [10, 10, 10]
    names = [f"{part}/{'ab'[at % 2]}/{at}.png" for part, n in zip(parts, shares) for at in range(n)]
    data, notes = read(tmp_path, names)
    split = data.split
    assert tuple(map(len, (split.training, split.validation, split.test))) == sizes
    assert data.classes == ("a", "b")
    assert notes == ["The folders for training and test are the split."]


@pytest.mark.parametrize(("size", "shape"), [((30, 20), (16, 24)), ((20, 90), (64, 16))])
def test_pictures_keep_their_shape_if_asked(
    tmp_path: Path, size: tuple[int, int], shape: tuple[int, int]
) -> None:
    data, _ = read(tmp_path, [f"{at}.png" for at in range(16)], size, cut=False)
    assert (data.shape.height, data.shape.width) == shape
    assert read(tmp_path, [])[0].rows.shape == (16, 3, 16, 16), "the control: squares"


def test_of_very_many_pictures_some_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "MOST_BYTES", 18 * 3 * 16 * 16)
    data, notes = read(tmp_path, [f"{at}.png" for at in range(25)])
    assert notes == ["The folder has 25 pictures; 18 of them are used."]
    assert len(data.rows) == 18

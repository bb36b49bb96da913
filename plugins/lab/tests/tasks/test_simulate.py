"""Phantoms are written as pictures that a training takes; nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from studio.api import BadInput, finished
from studio.testing.plugins import run_task
from studio_lab.datasets.phantoms import Drawing, drawn
from studio_lab.datasets.source import load
from studio_lab.schema import Simulate
from studio_lab.tasks.simulate import simulate


def asked(folder: Path) -> Simulate:
    return Simulate.parse({"count": 40, "side": 32, "lesions": 0.25, "folder": str(folder)})


def test_what_is_drawn_is_a_data_set_with_classes(tmp_path: Path) -> None:
    made = run_task(simulate, asked(tmp_path / "heads"), seed=1)
    data, _ = load(str(tmp_path / "heads"), "auto", ("pictures",), 32, 0)
    assert data.classes == ("with lesion", "without lesion")
    assert list(np.bincount(data.labels)) == [10, 30]
    assert data.shape.channels == 1
    assert all("Drawn phantoms, not medical pictures" in each.title for each in made.artifacts)
    card = made.artifacts[-1].text
    assert "never use it for a diagnosis" in card
    table = made.artifacts[-2].text.splitlines()
    assert len([row for row in table if row.startswith("with lesion/")]) == 10
    with pytest.raises(BadInput, match="not an empty folder"):
        run_task(simulate, asked(tmp_path / "heads"))


def test_a_lesion_is_bright_where_the_table_says() -> None:
    how = Drawing(side=64, share=1.0, contrast=0.8, noise=0.0, blur=0.0)
    with_lesion, without = (
        finished(drawn(20, d, 3)) for d in (how, Drawing(64, 1.0, 0.02, 0.0, 0.0))
    )
    for bright, plain, (x, y, _) in zip(with_lesion.pictures, without.pictures, without.lesions):
        row, column = (int((place + 1) / 2 * 64) for place in (y, x))
        near = np.s_[row - 6 : row + 7, column - 6 : column + 7]
        more = bright.astype(int) - plain
        assert more[near].max() > 60
        more[near] = 0
        assert np.abs(more).max() < 60 or np.abs(more).sum() < 5000


def test_noise_and_blur_change_the_picture() -> None:
    plain = finished(drawn(4, Drawing(32, noise=0.0, blur=0.0), 1)).pictures.astype(float)
    blurred = finished(drawn(4, Drawing(32, noise=0.0, blur=60.0), 1)).pictures.astype(float)
    assert np.abs(np.diff(blurred, axis=2)).max() < np.abs(np.diff(plain, axis=2)).max() / 2

"""A picture of a page becomes its lines, whichever way up it lies."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from plugins.chat.tests.reading import pretend
from studio.api import StudioError, finished
from studio_chat.reading import weights
from studio_chat.reading.page import ReadPage, reading_order

pytestmark = pytest.mark.torch

LINES = ["ABCD", "AB", "ACBD"]


def read(gray: np.ndarray) -> ReadPage:
    return finished(pretend.reader().read(np.repeat(gray[..., None], 3, axis=2)))


@pytest.mark.parametrize("quarters", range(4))
def test_a_page_is_read_whichever_way_up_it_lies(quarters: int) -> None:
    upright = pretend.page(LINES)
    found = read(np.ascontiguousarray(np.rot90(upright, -quarters)))
    assert [line.text for line in found.lines] == LINES
    assert found.turned == quarters
    scale = np.array(np.rot90(upright, -quarters).shape)[::-1] / 10_000
    for line in found.lines:  # a box is where the ink of its line is on the page as it lies
        left, top, right, bottom = (np.array(line.box).reshape(2, 2) * scale).ravel().astype(int)
        inside = np.rot90(upright, -quarters)[top:bottom, left:right]
        assert (inside < 200).mean() > 0.3


def test_an_empty_page_and_one_with_stains_have_no_text() -> None:
    assert read(pretend.page([])).lines == ()
    stained = pretend.page([])
    stained[100:103, 100:103] = 0
    assert read(stained).text == ""


def quads(*boxes: tuple[float, float, float, float]) -> list[np.ndarray]:
    return [np.array([[a, b], [c, b], [c, d], [a, d]], np.float32) for a, b, c, d in boxes]


def test_columns_are_read_one_after_the_other_and_rows_across() -> None:
    title = (0, 0, 900, 20)
    left = [(0, 40 + 30 * n, 400, 60 + 30 * n) for n in range(5)]
    right = [(500, 45 + 30 * n, 900, 65 + 30 * n) for n in range(5)]
    mixed = quads(title, *(box for pair in zip(right, left, strict=True) for box in pair))
    assert reading_order(mixed) == [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9]
    row = quads((600, 3, 700, 22), (0, 0, 100, 20), (0, 40, 100, 60), (600, 41, 700, 61))
    assert reading_order(row) == [1, 0, 2, 3]


def test_weights_that_are_none_are_told(tmp_path: Path) -> None:
    path = tmp_path / "reader.ocr"
    with tarfile.open(path, "w") as archive:
        for name in ("det.onnx", "rec.onnx"):
            entry = tarfile.TarInfo(name)
            entry.size = 4
            archive.addfile(entry, io.BytesIO(b"none"))
    loader = weights.loader()
    facts = loader.recognise(path)
    assert facts is not None
    assert facts.capabilities == ("text-recognition",)
    with pytest.raises(StudioError, match=r"reader\.ocr"):
        finished(loader.load(path, "cpu"))
    assert loader.recognise(tmp_path) is None

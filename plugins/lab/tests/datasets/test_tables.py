"""Tables that nothing can be learned from are a sentence; gaps and too many columns are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from studio.api import BadInput
from studio_lab.datasets.tables import as_csv, read_rows


def table_of(path: Path, columns: int, cell: str = "", rows: int = 50) -> Path:
    draws = np.random.default_rng(0)
    names = ",".join(f"c{at}" for at in range(columns))
    cells = draws.integers(0, 999, (rows, columns)).astype(str)
    if cell:
        cells[1, 0], cells[2, 0] = cell, cell
    path.write_text("\n".join([names, *map(",".join, cells)]))
    return path


@pytest.mark.parametrize("cell", ["NaN", "", "n/a"])
def test_what_is_no_number_becomes_the_middle(tmp_path: Path, cell: str) -> None:
    data, _ = read_rows(table_of(tmp_path / "t.csv", 3, cell or " "))
    assert np.isfinite(data.rows).all()
    assert data.rows[1, 0] == data.rows[2, 0] == pytest.approx(0, abs=1e-6)


def test_ten_thousand_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has 10,000 columns once"):
        read_rows(table_of(tmp_path / "t.csv", 10_000, rows=40))


def test_rows_that_are_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1,2\n" * 60)
    with pytest.raises(BadInput, match="All 60 rows of “t” are the same"):
        read_rows(path)


def test_a_gap_in_a_category_is_a_category_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "".join(f"{at},{['x', 'y', ''][at % 3]}\n" for at in range(60)))
    data, notes = read_rows(path)
    assert data.meta["columns"][1]["names"] == ["x", "y", ""]
    assert data.rows[2].tolist()[1:] == [-1, -1, 1]
    assert any("a category of their own" in note for note in notes)
    assert as_csv(data.rows[2:3], data.meta["columns"]).splitlines()[1] == "2,"

"""The example: what becomes of tables, good and bad."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from studio.api import BadInput
from studio.api.plot import Plot
from studio.testing.plugins import Made, importable, run_task

PROJECT = Path(__file__).parents[1]
TABLE = "day;rain;sun\n1;0,5;7\n2;;6\n3;1,5;x\n"


@pytest.fixture
def worker() -> Iterator[ModuleType]:
    with importable(PROJECT, PROJECT.parent / "csv_columns"):
        import studio_csv_plot.worker as worker

        yield worker


def run(worker: ModuleType, folder: Path, text: str = TABLE, **params: Any) -> Made:
    from studio_csv_plot.schema import Draw

    (folder / "weather.csv").write_text(text, "utf-8")
    given = {"file": str(folder / "weather.csv"), **params}
    return run_task(worker.draw, Draw.parse(given))


def test_columns_become_series(worker: ModuleType, tmp_path: Path) -> None:
    made = run(worker, tmp_path, x="day", form="bars")
    plot = Plot.decode(made.artifacts[0].read())
    assert (plot.title, plot.x.label) == ("weather", "day")
    assert [(each.name, each.x, each.y) for each in plot.series] == [
        ("rain", [1, 2, 3], [0.5, None, 1.5]),
        ("sun", [1, 2, 3], [7, 6, None]),
    ]
    assert made.result == {"columns": ["day", "rain", "sun"], "drawn": ["rain", "sun"], "rows": 3}


def test_words_across_are_names(worker: ModuleType, tmp_path: Path) -> None:
    made = run(worker, tmp_path, "town,people\nUlm,128\nBonn,336\n", x="town")
    plot = Plot.decode(made.artifacts[0].read())
    assert plot.x.categories == ["Ulm", "Bonn"]
    assert [each.y for each in plot.series] == [[128, 336]]


@pytest.mark.parametrize(
    ("text", "params", "words"),
    [
        (TABLE, {"x": "dya"}, "There is no column “dya”. Did you mean “day”?"),
        (TABLE, {"y": ["snow"]}, "Its columns: day, rain, sun."),
        ("a,b\nx,y\n", {}, "No column of weather.csv has numbers."),
        ("only one line", {}, "it has no rows below its first"),
        ("a,a\n1,2\n", {}, "two columns have the same name"),
    ],
)
def test_what_cannot_be_drawn_is_told(
    worker: ModuleType, tmp_path: Path, text: str, params: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInput) as told:
        run(worker, tmp_path, text, **params)
    assert words in str(told.value)


def test_a_file_that_is_gone_is_told(worker: ModuleType, tmp_path: Path) -> None:
    from studio_csv_plot.schema import Draw

    with pytest.raises(BadInput, match="cannot be read as a table"):
        run_task(worker.draw, Draw.parse({"file": str(tmp_path / "gone.csv")}))

"""A plot is data that is checked: what is written is read back, nonsense is refused in words."""

from __future__ import annotations

import json

import numpy as np
import pytest

from studio.api.errors import StudioError
from studio.api.plot import MAX_BYTES, Axis, Bars, Heat, Histogram, Line, Plot, Points


def test_what_is_written_is_read_back() -> None:
    plot = Plot(
        "All",
        x=Axis("x in m", log=True, minimum=0.5, maximum=8),
        y=Axis("y", categories=["low", "high"]),
        series=[
            Line(y=[1, None, 3], x=[1, 2, 4], name="line"),
            Points(y=[1, 2], labels=["a", "b"]),
            Bars(y=[3, -1]),
            Histogram([1, 1, 2], bins=2),
            Heat([[1, 2], [3, None]]),
        ],
    )
    assert Plot.decode(plot.encode()) == plot
    assert json.loads(plot.encode())["series"][0]["type"] == "line"


def test_arrays_are_lists_and_what_is_no_number_is_a_gap() -> None:
    rows = np.array([1.5, np.nan, np.inf, 2.0], np.float32)
    plot = Plot(series=[Line(rows), Heat(np.ones((2, 3))), Line([np.float64(4), np.int64(5)])])  # type: ignore[arg-type]
    line, heat, numbers = Plot.decode(plot.encode()).series
    assert line == Line([1.5, None, None, 2.0])
    assert heat == Heat([[1, 1, 1], [1, 1, 1]])
    assert numbers == Line([4, 5])


@pytest.mark.parametrize(
    ("plot", "words"),
    [
        (Plot(series=[Line([1, 2], x=[1])]), "1 values of x and 2 of y"),
        (Plot(series=[Points([1, 2], labels=["a"])]), "1 labels for 2 points"),
        (Plot(series=[Heat([[1], [1, 2]])]), "differ in length"),
        (Plot(series=[Histogram([1], bins=2000)]), "2000 bins"),
        (Plot(series=[Line([])] * 41), "41 series"),
        (Plot(series=[Line([1.0] * 100_001)]), "100,001 values"),
        (Plot(x=Axis("t", minimum=2, maximum=2)), "ends at 2, before it begins"),
        (Plot(y=Axis("t", log=True, minimum=0)), "must begin above 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused_where_it_is_made(plot: Plot, words: str) -> None:
    with pytest.raises(StudioError, match=words):
        plot.encode()


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff", b"[]", b'{"series": 3}', b'{"series": [{"type": "pie", "y": []}]}',
     b'{"series": [{"type": "line", "y": ["1"]}]}', b'{"colour": "red"}', b"[" * 100_000],
)  # fmt: skip
def test_files_of_others_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(StudioError, match="This plot cannot be drawn"):
        Plot.decode(data)


def test_a_huge_file_is_not_even_read() -> None:
    with pytest.raises(StudioError, match="more than 16 MiB"):
        Plot.decode(b" " * (MAX_BYTES + 1))

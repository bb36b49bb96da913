"""A plot as a result: data from a worker, drawn by the window.

    plot = Plot("Loss", x=Axis("step"), y=Axis("loss", log=True), series=[Line(y=losses)])
    yield ctx.artifact(Kind.PLOT, plot.encode(), suffix=Plot.SUFFIX, title=plot.title)

Data are lists of numbers or numpy arrays; NaN, infinity and None are gaps. Colours come from the
theme. The file format is JSON with the same fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec

from studio.api.stability import since
from studio.protocol.errors import ErrorCode, StudioError

MAX_BYTES = 16 << 20
MAX_SERIES = 40
MAX_VALUES = 100_000
"""Of all series together."""

Values = list[float | None]


class Axis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One direction of a plot.

    Attributes:
        label: What is measured, with its unit: ``Time in s``.
        log: Logarithmic; values that are not above 0 are left out, and the plot says how many.
        minimum, maximum: Where it begins and ends; by default where the values do.
        categories: Names in place of the numbers 0, 1, 2, …
    """

    label: str = ""
    log: bool = False
    minimum: float | None = None
    maximum: float | None = None
    categories: list[str] = []


class Series(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    """Values under one name; ``x`` is 0, 1, 2, … where it is left out."""

    y: Values
    x: Values = []
    name: str = ""


class Line(Series, frozen=True, tag="line"):
    """Points that belong together, in their order."""


class Points(Series, frozen=True, tag="points"):
    """Single points; ``labels`` says what each one is, when it is pointed at."""

    labels: list[str] = []


class Bars(Series, frozen=True, tag="bars"):
    """Bars from 0; those of several series stand beside each other."""


class Histogram(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type",
                tag="histogram"):  # fmt: skip
    """How many ``values`` lie in each of ``bins`` ranges of one width; 0: a fitting number."""

    values: Values
    bins: int = 0
    name: str = ""


class Heat(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="heat"):
    """A colour for each cell of a grid; ``values[0]`` is the row at y = 0, at the bottom."""

    values: list[Values]
    name: str = ""


AnySeries = Line | Points | Bars | Histogram | Heat


@since("1.1")
class Plot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Series over a pair of axes."""

    title: str = ""
    series: list[AnySeries] = []
    x: Axis = Axis()
    y: Axis = Axis()

    SUFFIX: ClassVar[str] = ".plot.json"

    def encode(self) -> bytes:
        """Return the payload of an artifact of the kind ``plot``.

        Raises:
            StudioError: ``BAD_INPUT``: it cannot be drawn; says why.
        """
        data = msgspec.json.encode(self, enc_hook=_plain)
        Plot.decode(data)
        return data

    @classmethod
    def decode(cls, data: bytes) -> Plot:
        """Return the plot that was encoded, whoever did.

        Raises:
            StudioError: ``BAD_INPUT``: it is no plot, or too large.
        """
        if len(data) > MAX_BYTES:
            raise _bad(f"it has more than {MAX_BYTES >> 20} MiB")
        try:
            plot = msgspec.json.decode(data, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise _bad(str(error)) from error
        for why in _faults(plot):
            raise _bad(why)
        return plot


def _faults(plot: Plot) -> Iterator[str]:
    if len(plot.series) > MAX_SERIES:
        yield f"it has {len(plot.series)} series, and {MAX_SERIES} at most are drawn"
    count = 0
    for series in plot.series:
        if isinstance(series, Heat):
            if len({len(row) for row in series.values}) > 1:
                yield f"the rows of “{series.name}” differ in length"
            count += sum(map(len, series.values))
        elif isinstance(series, Histogram):
            if not 0 <= series.bins <= 1000:
                bins = f"“{series.name}” has {series.bins} bins"
                yield f"{bins}: 1 to 1000, or 0 for a fitting number"
            count += len(series.values)
        else:
            if series.x and len(series.x) != len(series.y):
                yield f"“{series.name}” has {len(series.x)} values of x and {len(series.y)} of y"
            if isinstance(series, Points) and series.labels and len(series.labels) != len(series.y):
                yield f"“{series.name}” has {len(series.labels)} labels for {len(series.y)} points"
            count += len(series.y)
    if count > MAX_VALUES:
        yield f"it has {count:,} values, and {MAX_VALUES:,} at most are drawn"
    for axis in (plot.x, plot.y):
        low, high = axis.minimum, axis.maximum
        if low is not None and high is not None and not low < high:
            yield f"the axis “{axis.label}” ends at {high:g}, before it begins at {low:g}"
        if axis.log and min(low if low is not None else 1, high if high is not None else 1) <= 0:
            yield f"the axis “{axis.label}” is logarithmic and must begin above 0"


def _plain(value: Any) -> Any:
    """Return the list that an array of numpy is, or the number."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise NotImplementedError(f"{type(value).__name__} is not a number")


def _bad(why: str) -> StudioError:
    return StudioError(
        ErrorCode.BAD_INPUT, f"This plot cannot be drawn: {why}.", "Correct what made it."
    )

"""Parameters of the palette."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import ColumnsOf, File, Group, Label, Params, Range, ShownIf


class PaletteOf(Params):
    """Which picture, and how many colours."""

    picture: Annotated[str, File((".png", ".jpg")), Label("Picture")]
    colors: Annotated[int, Range(2, 16), Label("Colours")] = 5


class PixelsOf(Params):
    """Which picture."""

    picture: Annotated[str, File((".png", ".jpg")), Label("Picture")]


class Chart(Params):
    """A column of a table, and how it is drawn."""

    table: Annotated[str, File((".csv", ".tsv")), Label("Table")]
    column: Annotated[str, ColumnsOf("table"), Label("Column")]
    form: Annotated[Literal["line", "histogram"], Label("Form")] = "line"
    bins: Annotated[int, Range(1, 200), Label("Bars"), ShownIf("form", "histogram")] = 20
    log: Annotated[bool, Label("Logarithmic"), Group("Axes")] = False
    low: Annotated[float | None, Label("From"), Group("Range", advanced=True, inside="Axes")] = None
    high: Annotated[float | None, Label("To"), Group("Range", advanced=True, inside="Axes")] = None

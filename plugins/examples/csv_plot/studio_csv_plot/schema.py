"""Parameters of the example."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import ColumnsOf, File, Label, Params


class Draw(Params, frozen=True):
    """Which columns of which file are drawn, and how."""

    file: Annotated[str, File((".csv", ".tsv", ".txt")), Label("File", "A table with a header.")]
    x: Annotated[
        str, ColumnsOf("file"), Label("Across", "Name of the column; empty for the row numbers.")
    ] = ""
    y: Annotated[
        list[str],
        ColumnsOf("file"),
        Label("Upwards", "Names of the columns; none for all with numbers."),
    ] = []
    form: Annotated[Literal["line", "points", "bars"], Label("Form")] = "line"

"""Parameters of a look at data."""

from __future__ import annotations

from typing import Annotated

from studio.api import ColumnsOf, Label, Params
from studio_lab.schema.training_fields import Data, Example, FirstRow, Side


class Describe(Params, frozen=True):
    """Which data are looked at, and how they would be prepared."""

    data: Data = ""
    example: Example = "auto"
    target: Annotated[
        str,
        ColumnsOf("data"),
        Label("Target", "Of a table: the column whose classes are to be predicted."),
    ] = ""
    first_row: FirstRow = "auto"
    side: Side = 32

"""The worker half of the example: reads a table with a package of its own, and draws it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from csv_columns import is_numeric, numbers, read_columns
from studio.api import BadInput, Event, Kind, Task, TaskContext, hookimpl, read_regular
from studio.api.plot import Axis, Bars, Line, Plot, Points
from studio_csv_plot.schema import Draw

MAX_BYTES = 32 << 20
MOST_SERIES = 12
_FORMS: dict[str, type[Line] | type[Points] | type[Bars]] = {
    "line": Line,
    "points": Points,
    "bars": Bars,
}


@hookimpl
def studio_tasks() -> Mapping[str, Task]:
    """Return the one task."""
    return {"csv_plot.draw": draw}


def draw(ctx: TaskContext, params: Draw) -> Iterator[Event]:
    """Draw the columns of a file."""
    path = Path(params.file)
    yield ctx.progress(0, 2, "Reading")
    columns = _columns(path)
    across = columns[_known(params.x, columns)] if params.x else []
    chosen = [_known(name, columns) for name in params.y] or [
        name for name, values in columns.items() if name != params.x and is_numeric(values)
    ][:MOST_SERIES]
    if not chosen:
        raise BadInput(f"No column of {path.name} has numbers.", "Choose another file.")
    yield ctx.progress(1, 2, "Drawing")
    is_scale = is_numeric(across)
    form = _FORMS[params.form]
    plot = Plot(
        path.stem,
        x=Axis(params.x, categories=[] if is_scale else list(across)),
        y=Axis(chosen[0] if len(chosen) == 1 else ""),
        series=[
            form(y=numbers(columns[name]), x=numbers(across) if is_scale else [], name=name)
            for name in chosen
        ],
    )
    text = ", ".join(chosen)
    yield ctx.artifact(Kind.PLOT, plot.encode(), suffix=Plot.SUFFIX, title=path.stem, text=text)
    yield ctx.result(columns=list(columns), drawn=chosen, rows=len(next(iter(columns.values()))))


def _columns(path: Path) -> dict[str, list[str]]:
    try:
        data = read_regular(path)
        if len(data) > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES >> 20} MiB")
        return read_columns(data)
    except (OSError, ValueError) as error:
        words = f"{path.name} cannot be read as a table: {error}."
        raise BadInput(words, "Choose a CSV file whose first row has the names.") from error


def _known(name: str, columns: Mapping[str, Sequence[str]]) -> str:
    if name in columns:
        return name
    near = difflib.get_close_matches(name, columns, n=1)
    hint = f"Did you mean “{near[0]}”?" if near else f"Its columns: {', '.join(columns)}."
    raise BadInput(f"There is no column “{name}”.", hint)

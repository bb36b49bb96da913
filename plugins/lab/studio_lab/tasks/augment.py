"""Generate examples for the chosen data, and report whether they help, harm, or leak."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from studio.api import Event, TaskContext
from studio_lab.schema import Augment
from studio_lab.tasks.augmentation import pictures, series, table, texts

_KINDS: Mapping[str, Callable[[TaskContext, Augment], Iterator[Event]]] = {
    "table": table.augment,
    "series": series.augment,
    "pictures": pictures.augment,
    "texts": texts.augment,
}


def augment(ctx: TaskContext, params: Augment) -> Iterator[Event]:
    """Try methods in repeated splits, then make examples with the best, or the one asked for."""
    yield from _KINDS[params.kind](ctx, params)

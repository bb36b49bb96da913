"""The task ``molecules.convert``: one structure from one notation to the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from studio.api import Event, TaskContext
from studio_molecules.chem import notation
from studio_molecules.schema import Convert


def convert(ctx: TaskContext, params: Convert) -> Iterator[Event | None]:
    """Convert it; the result says what ``Notation`` has.

    A page hands in what it draws: the input ``structure``, a text.
    """
    text = ctx.inputs.text("structure", params.structure)
    result = notation.convert(text, query=params.query, clean=params.clean)
    yield ctx.result(**asdict(result))

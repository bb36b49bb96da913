"""The task ``molecules.draw``: structures in the plane, and what care they ask for."""

from __future__ import annotations

from collections.abc import Iterator

from studio.api import Event, TaskContext
from studio_molecules.chem import depiction, hazard_screen, parser
from studio_molecules.schema import Draw


def draw(ctx: TaskContext, params: Draw) -> Iterator[Event | None]:
    """Draw each structure: ``svgs`` in the order that was asked, and the notice of care of each."""
    pattern = depiction.pattern_of(params.highlight)
    svgs, notices = [], []
    for smiles in params.smiles:
        mol = parser.parse(smiles).mol
        found = hazard_screen.notice(mol)
        notices.append(found.sentence if found else "")
        svg = depiction.draw(mol, params.width, params.height, dark=params.dark, pattern=pattern)
        svgs.append(svg)
        yield None
    yield ctx.result(svgs=svgs, notices=notices)

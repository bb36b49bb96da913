"""The task ``molecules.draw``: structures in the plane, and what care they ask for."""

from __future__ import annotations

from collections.abc import Iterator

from studio.api import Event, TaskContext
from studio_molecules.chem import depiction, hazard_screen, parser
from studio_molecules.schema import Draw


def draw(ctx: TaskContext, params: Draw) -> Iterator[Event | None]:
    """Draw each structure: ``svgs`` in the order that was asked, and the notice of care of each.

    ``shared`` is how many atoms all have in common, where differences are marked.
    """
    pattern = depiction.pattern_of(params.highlight)
    common = None
    if params.differing:
        mols = [parser.parse(smiles).mol for smiles in params.smiles]
        common = yield from ctx.in_thread(lambda: depiction.common_part(mols))
    svgs, notices = [], []
    for smiles in params.smiles:
        mol = parser.parse(smiles).mol
        found = hazard_screen.notice(mol)
        notices.append(found.sentence if found else "")
        size = params.width, params.height
        svg = depiction.draw(mol, *size, dark=params.dark, pattern=pattern, common=common)
        svgs.append(svg)
        yield None
    shared = common.GetNumAtoms() if common is not None else 0
    yield ctx.result(svgs=svgs, notices=notices, shared=shared)

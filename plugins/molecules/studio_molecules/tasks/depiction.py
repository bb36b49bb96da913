"""The task ``molecules.draw``: structures in the plane, and what care they ask for."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rdkit import Chem

from studio.api import BadInput, Event, TaskContext
from studio_molecules.admet import prediction
from studio_molecules.admet.network import Ensemble
from studio_molecules.admet.prediction import Contributions
from studio_molecules.chem import depiction, hazard_screen, parser
from studio_molecules.chem.own_model import OwnModel
from studio_molecules.objectives import OWN
from studio_molecules.properties import BY_ATOM, SUMS
from studio_molecules.schema import Draw
from studio_molecules.tasks import own_score


def draw(ctx: TaskContext, params: Draw) -> Iterator[Event | None]:
    """Draw each structure: ``svgs`` in the order that was asked, and the notice of care of each.

    ``shared`` is how many atoms all have in common, where differences are marked. ``by_atom`` says
    for each structure the ``figure``, the ``strongest`` contribution of an atom, whether they are
    ``exact``, and all of them as ``values``.
    """
    pattern = depiction.pattern_of(params.highlight)
    common = None
    if params.differing:
        mols = [parser.parse(smiles).mol for smiles in params.smiles]
        common = yield from ctx.in_thread(lambda: depiction.common_part(mols))
    svgs, notices, by_atom = [], [], list[dict[str, Any]]()
    lent = yield from teller(ctx, params.by_atom)
    with lent as model:
        for smiles in params.smiles:
            mol = parser.parse(smiles).mol
            notice = hazard_screen.notice(mol)
            notices.append(notice.sentence if notice else "")
            size = params.width, params.height
            shades = yield from shades_of(mol, params.by_atom, model)
            svg = depiction.draw(
                mol,
                *size,
                dark=params.dark,
                pattern=pattern,
                common=common,
                shades=shades.values if shades else (),
            )
            svgs.append(svg)
            if shades:
                by_atom.append(
                    {
                        "figure": shades.figure,
                        "strongest": shades.strongest,
                        "exact": shades.exact,
                        "values": list(shades.values),
                    }
                )
            yield None
    shared = common.GetNumAtoms() if common is not None else 0
    yield ctx.result(svgs=svgs, notices=notices, shared=shared, by_atom=by_atom)


def teller(
    ctx: TaskContext, figure: str
) -> Generator[Event | None, None, AbstractContextManager[Model]]:
    """Return what lends the networks, or the model, of a figure that is asked for by atom.

    Raises:
        BadInput: It is a figure of which contributions are not known.
    """
    if figure.startswith(OWN):
        return nullcontext((yield from own_score.fitted(ctx, [figure]))[figure])
    if figure and figure not in BY_ATOM:
        raise BadInput(
            f"What atoms add to “{figure[:40]}” is not known.", f"Choose one of: {_KNOWN}."
        )
    return prediction.borrowed(ctx) if figure and figure not in SUMS else nullcontext()


Model = Ensemble | OwnModel | None
"""What is asked without each atom; None for a sum."""


_KNOWN = ", ".join(BY_ATOM)


def shades_of(
    mol: Chem.Mol, figure: str, model: Model
) -> Generator[Event | None, None, Contributions | None]:
    """Return the contributions of a molecule's atoms to a figure, one step per masked atom.

    Raises:
        BadInput: It needs the networks, and they are not installed.
    """
    if not figure:
        return None
    if figure in SUMS:
        return prediction.of_sum(mol, figure)
    if isinstance(model, OwnModel):
        return prediction.of_own(mol, model)
    if model is None:
        raise BadInput("The model for ADMET is not installed.", "Run setup again to download it.")
    for step in prediction.by_occlusion(mol, model, figure):
        if step is not None:
            return step
        yield None
    return None

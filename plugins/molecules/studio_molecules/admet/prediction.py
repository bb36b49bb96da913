"""Figures of a molecule by the ensemble: means, spreads, and whether it is in the domain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from studio.api import ErrorCode, StudioError, TaskContext
from studio_molecules.admet import applicability_domain
from studio_molecules.admet.endpoints import ENDPOINTS, SPREAD
from studio_molecules.admet.features import graph
from studio_molecules.admet.limits import is_possible
from studio_molecules.admet.network import Ensemble
from studio_molecules.admet.weights import WEIGHTS
from studio_molecules.chem import parser

MISSING = (
    "ADMET properties are left out because their model is not installed. Run setup again to "
    "download it."
)

_IDS = {endpoint.column: endpoint.id for endpoint in ENDPOINTS.values()}
_DIGITS = 6


@contextmanager
def borrowed(ctx: TaskContext) -> Iterator[Ensemble | None]:
    """Lend the ensemble, or None where its weights are not installed.

    Raises:
        StudioError: They are there, but cannot be used.
    """
    with ExitStack() as held:
        try:
            ensemble = held.enter_context(ctx.lease(WEIGHTS))
        except StudioError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            ensemble = None
        yield ensemble


def describe(ensemble: Ensemble, smiles: str) -> dict[str, float]:
    """Return the endpoints, their spreads and the domain of a canonical SMILES.

    It is read again here: the order of the atoms decides the last bits, and that of a canonical
    SMILES is always the same. Where RDKit does not take back what it wrote, nothing is returned. A
    value that nature does not allow, such as a negative half-life, is left out: for that endpoint
    the molecule is outside of the domain.
    """
    mol = parser.valid(smiles)
    if mol is None:
        return {}
    outcome = ensemble(graph(mol))
    ids = [_IDS[column] for column in ensemble.columns]
    means = dict(zip(ids, outcome.means, strict=True))
    spreads = dict(zip(ids, outcome.spreads, strict=True))
    possible = [id for id in ENDPOINTS if id in means and is_possible(id, means[id])]
    return {
        **applicability_domain.describe(mol, spreads),
        **{id: round(means[id], _DIGITS) for id in possible},
        **{id + SPREAD: round(spreads[id], _DIGITS) for id in possible},
    }

"""Figures of a molecule by the ensemble: means, spreads, and whether it is in the domain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
from rdkit import Chem
from rdkit.Chem import Crippen, rdMolDescriptors

from studio.api import BadInput, ErrorCode, StudioError, TaskContext
from studio_molecules.admet.endpoints import ENDPOINTS, SPREAD
from studio_molecules.admet.features import Graph, graph
from studio_molecules.admet.limits import is_possible
from studio_molecules.admet.network import Ensemble
from studio_molecules.admet.weights import WEIGHTS
from studio_molecules.chem import own_model, parser, synthesis
from studio_molecules.chem.own_model import OwnModel

FAMILIAR = 0.9
"""Least share of surroundings of atoms that must be in the table."""

ATOMS = range(8, 61)
"""Heavy atoms of a usual molecule."""

CHARGES = range(-1, 2)

LOGP = (-2.0, 7.0)
"""Crippen's estimate; watery and fatty extremes are rare in the data."""


TYPICAL = {
    "hia": 0.0005, "bioavailability": 0.0401, "solubility": 0.2463, "lipophilicity": 0.1833,
    "hydration": 1.0766, "caco2": 0.1016, "pampa": 0.0403, "pgp": 0.0289, "bbb": 0.0586,
    "ppbr": 3.7263, "vdss": 1.892, "cyp1a2": 0.0378, "cyp2c19": 0.0386, "cyp2c9": 0.0195,
    "cyp2d6": 0.0346, "cyp3a4": 0.0207, "cyp2c9_substrate": 0.0454, "cyp2d6_substrate": 0.042,
    "cyp3a4_substrate": 0.0542, "half_life": 8.079, "clearance_hepatocyte": 8.0906,
    "clearance_microsome": 7.1217, "herg": 0.0488, "clintox": 0.0429, "ames": 0.0677,
    "dili": 0.0587, "carcinogens": 0.0625, "ld50": 0.1514, "skin": 0.1051, "nr_ar": 0.0057,
    "nr_ar_lbd": 0.0035, "nr_ahr": 0.0172, "nr_aromatase": 0.0075, "nr_er": 0.0209,
    "nr_er_lbd": 0.0056, "nr_ppar_gamma": 0.0027, "sr_are": 0.0302, "sr_atad5": 0.0037,
    "sr_hse": 0.0061, "sr_mmp": 0.0165, "sr_p53": 0.0104,
}  # fmt: skip
"""Median spread of an endpoint over the medicines of ``chem/common_molecules.csv``."""

MOST_DISAGREEMENT = 2.28
"""Of those medicines 95 % are below it."""
_STRONGEST = 5.0
"""One endpoint counts at most that much: some spreads are nearly nothing for usual drugs."""


def disagreement(spreads: Mapping[str, float]) -> float:
    """Return the mean spread of endpoints relative to that typical of drugs; 0 for none."""
    shares = [min(_STRONGEST, spreads[id] / TYPICAL[id]) for id in spreads if id in TYPICAL]
    return fmean(shares) if shares else 0.0


def domain_figures(mol: Chem.Mol, spreads: Mapping[str, float]) -> dict[str, float]:
    """Return ``domain``, 1 inside and 0 outside, and the criteria behind it.

    Args:
        spreads: Disagreement of the networks per endpoint.
    """
    apart = disagreement(spreads)
    familiar = synthesis.familiarity(mol)
    inside = (
        familiar >= FAMILIAR
        and apart <= MOST_DISAGREEMENT
        and mol.GetNumHeavyAtoms() in ATOMS
        and Chem.GetFormalCharge(mol) in CHARGES
        and LOGP[0] <= Crippen.MolLogP(mol) <= LOGP[1]
    )
    return {
        "domain": float(inside),
        "familiar": round(familiar, 6),
        "disagreement": round(apart, 4),
    }


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
        **domain_figures(mol, spreads),
        **{id: round(means[id], _DIGITS) for id in possible},
        **{id + SPREAD: round(spreads[id], _DIGITS) for id in possible},
    }


@dataclass(frozen=True)
class Contributions:
    """What atoms add to a figure.

    Attributes:
        values: One for each heavy atom, in the unit of the figure.
        figure: The value of the molecule.
        exact: Whether ``values`` sum up to ``figure``; else each is from hiding its atom.
    """

    values: Sequence[float]
    figure: float
    exact: bool

    @property
    def strongest(self) -> float:
        """The largest value without its sign."""
        return max(map(abs, self.values), default=0.0)


def of_sum(mol: Chem.Mol, figure: str) -> Contributions:
    """Return the terms of logP or TPSA.

    Raises:
        BadInput: It is another figure.
    """
    if figure == "logp":
        whole = Chem.AddHs(mol)
        terms = [logp for logp, _refractivity in rdMolDescriptors._CalcCrippenContribs(whole)]
        values = terms[: mol.GetNumAtoms()]
        for atom in list(whole.GetAtoms())[mol.GetNumAtoms() :]:
            values[atom.GetNeighbors()[0].GetIdx()] += terms[atom.GetIdx()]
    elif figure == "tpsa":
        values = list(rdMolDescriptors._CalcTPSAContribs(mol))
    else:
        raise BadInput(f"Contributions of atoms to “{figure[:40]}” are not known.")
    return Contributions(values, sum(values), exact=True)


def by_occlusion(mol: Chem.Mol, ensemble: Ensemble, figure: str) -> Iterator[Contributions | None]:
    """Yield None for each atom that was hidden from the networks, then the contributions."""
    place = ensemble.columns.index(ENDPOINTS[figure].column)
    whole, values = graph(mol), []
    value = ensemble(whole).means[place]
    for atom in range(mol.GetNumAtoms()):
        values.append(value - ensemble(_without(whole, atom)).means[place])
        yield None
    yield Contributions(values, value, exact=False)


def of_own(mol: Chem.Mol, model: OwnModel) -> Contributions:
    """Return what atoms add to the value that a model of the user's own column tells."""
    hydrogen = Chem.GetPeriodicTable().GetAtomicWeight(1)
    weights = [atom.GetMass() + atom.GetTotalNumHs() * hydrogen for atom in mol.GetAtoms()]
    shares = [weights, *(of_sum(mol, name).values for name in own_model.SHARED[1:])]
    value = model.predict(mol)
    without = model.tell(own_model.hidden(mol, np.array(shares).T))
    return Contributions([float(value - masked) for masked in without], value, exact=False)


def _without(whole: Graph, atom: int) -> Graph:
    """Return a graph whose atom, and the bonds to it, have no features."""
    atoms, bonds = whole.atoms.copy(), whole.bonds.copy()
    atoms[atom] = 0
    bonds[(whole.source == atom) | (whole.target == atom)] = 0
    return replace(whole, atoms=atoms, bonds=bonds)

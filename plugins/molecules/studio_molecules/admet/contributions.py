"""How much each atom adds to a figure of a molecule: exact for sums over atoms, else by occlusion.

logP is Crippen's sum over atoms, TPSA Ertl's: their contributions are the terms of the sum, those
of hydrogens with the atom they are on. An endpoint of the networks is no sum, nor is what a model
of the user's own column says: each atom is hidden in turn, and what the value falls by is its
contribution.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from studio.api import BadInput
from studio_molecules.admet.endpoints import ENDPOINTS
from studio_molecules.admet.features import Graph, graph
from studio_molecules.admet.network import Ensemble
from studio_molecules.chem import own_model
from studio_molecules.chem.own_model import OwnModel


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

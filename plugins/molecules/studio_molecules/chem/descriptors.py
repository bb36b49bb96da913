"""Figures of a molecule by RDKit: descriptors, QED, synthetic accessibility, alerts."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable

from rdkit import Chem, DataStructs
from rdkit.Chem import QED, Crippen, Descriptors, Lipinski, rdMolDescriptors
from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams
from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

from studio_molecules.chem import synthesis

_MORGAN = GetMorganGenerator(radius=2, fpSize=2048)


def describe(mol: Chem.Mol, names: Iterable[str] = ()) -> dict[str, float]:
    """Return figures of ``figures.DESCRIPTORS``: those named, or all but the similarity."""
    return {name: float(_CALLS[name](mol)) for name in names or _CALLS}


def fingerprint(mol: Chem.Mol) -> DataStructs.ExplicitBitVect:
    """Return Morgan bits of radius 2, 2,048 long."""
    bits: DataStructs.ExplicitBitVect = _MORGAN.GetFingerprint(mol)
    return bits


def similarity(mol: Chem.Mol, lead: DataStructs.ExplicitBitVect) -> float:
    """Return the Tanimoto likeness of ``mol`` to the fingerprint of a lead."""
    return float(DataStructs.TanimotoSimilarity(fingerprint(mol), lead))


def alerts(mol: Chem.Mol) -> list[str]:
    """Return the names of the PAINS and BRENK patterns that it holds."""
    return [entry.GetDescription() for entry in _catalogue().GetMatches(mol)]


@functools.cache
def _catalogue() -> FilterCatalog:
    params = FilterCatalogParams()
    params.AddCatalog(FilterCatalogParams.FilterCatalogs.PAINS)
    params.AddCatalog(FilterCatalogParams.FilterCatalogs.BRENK)
    return FilterCatalog(params)


def _broken_rules(mol: Chem.Mol) -> int:
    return sum(
        (
            Descriptors.MolWt(mol) > 500,
            Crippen.MolLogP(mol) > 5,
            Lipinski.NumHDonors(mol) > 5,
            Lipinski.NumHAcceptors(mol) > 10,
        )
    )


_CALLS: dict[str, Callable[[Chem.Mol], float]] = {
    "mw": Descriptors.MolWt,
    "logp": Crippen.MolLogP,
    "tpsa": rdMolDescriptors.CalcTPSA,
    "hbd": Lipinski.NumHDonors,
    "hba": Lipinski.NumHAcceptors,
    "rotatable": rdMolDescriptors.CalcNumRotatableBonds,
    "rings": rdMolDescriptors.CalcNumRings,
    "aromatic": rdMolDescriptors.CalcNumAromaticRings,
    "fsp3": rdMolDescriptors.CalcFractionCSP3,
    "heavy": Chem.Mol.GetNumHeavyAtoms,
    "charge": Chem.GetFormalCharge,
    "stereo": lambda mol: len(Chem.FindMolChiralCenters(mol, includeUnassigned=True)),
    "qed": QED.qed,
    "sa": synthesis.score,
    "alerts": lambda mol: len(alerts(mol)),
    "lipinski": _broken_rules,
}

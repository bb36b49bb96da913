"""A model of a column of the user's own: ridge or gradient boosting, whichever errs less.

Fingerprints and descriptors go in; the error is that of five-fold cross-validation. A model is
never kept: it is fitted again from the rows, in seconds, and the same rows give the same model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem.rdFingerprintGenerator import AdditionalOutput, GetMorganGenerator

from studio.api import BadInput
from studio_molecules.chem import descriptors
from studio_molecules.chem.parser import valid

FEWEST, MOST = 20, 5000
"""Rows with a value: fewer teach nothing, of more an even choice is taken."""
_FOLDS = 5
_BOOSTED_MOST = 2000
"""Rows up to which boosting is tried, too: it takes minutes beyond."""
_FIGURES = ("mw", "logp", "tpsa", "hbd", "hba", "rotatable", "rings", "aromatic", "fsp3", "charge")
_PLACES = 1024
_COUNTS = GetMorganGenerator(radius=2, fpSize=_PLACES)
SHARED = ("mw", "logp", "tpsa")
"""Descriptors that are sums over atoms, the first of those that go in."""


@dataclass(frozen=True)
class OwnModel:
    """A fitted model and how far it errs on molecules that it did not see.

    Attributes:
        method: "ridge" or "boosting".
        error: Root of the mean squared error, cross-validated. ``r2``: the share explained.
        unseen: What it says of each row it was fitted on, by the fold that did not see it.
        tell: Rows of features (n, 1,034) → values (n).
    """

    method: str
    error: float
    r2: float
    unseen: list[float]
    tell: Callable[[np.ndarray], np.ndarray]

    def predict(self, mol: Chem.Mol) -> float:
        """Return the value of a molecule."""
        return float(self.tell(features(mol)[None])[0])


def features(mol: Chem.Mol) -> np.ndarray:
    """Return Morgan counts (radius 2, 1,024 places) and ten descriptors, float32."""
    counts = np.log1p(_COUNTS.GetCountFingerprintAsNumPy(mol).astype(np.float32))
    figures = descriptors.describe(mol, _FIGURES)
    return np.concatenate([counts, np.array(list(figures.values()), np.float32)])


def hidden(mol: Chem.Mol, shares: np.ndarray) -> np.ndarray:
    """Return the features of a molecule without each of its atoms (atoms, 1,034), float32.

    What lies around an atom within the radius counts where the hidden one is not in it.

    Args:
        shares: What each atom adds to the descriptors of ``SHARED`` (atoms, 3).
    """
    output = AdditionalOutput()
    output.AllocateBitInfoMap()
    _COUNTS.GetCountFingerprint(mol, additionalOutput=output)
    away = Chem.GetDistanceMatrix(mol)  # in bonds
    counts = np.zeros((mol.GetNumAtoms(), _PLACES), np.float32)
    for place, circles in output.GetBitInfoMap().items():
        for centre, radius in circles:
            counts[:, place] += away[centre] > radius
    figures = np.tile(features(mol)[_PLACES:], (len(counts), 1))
    figures[:, : len(SHARED)] -= shares
    return np.concatenate([np.log1p(counts), figures], 1).astype(np.float32)


@lru_cache(maxsize=2)
def cached_fit(smiles: tuple[str, ...], values: tuple[float, ...], called: str) -> OwnModel:
    """Return what :func:`fit` does, of the same rows at once: a page asks again and again."""
    return fit(smiles, values, called)


def fit(smiles: Sequence[str], values: Sequence[float], called: str) -> OwnModel:
    """Return the better of the two models. Takes seconds, up to a minute.

    Args:
        smiles: Molecules, and what ``values`` says of each; those that cannot be read are left out.

    Raises:
        BadInput: There are too few, or all have the same value.
    """
    from sklearn.ensemble import GradientBoostingRegressor
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    mols = [valid(text) for text in smiles]
    pairs = [(mol, value) for mol, value in zip(mols, values, strict=True) if mol is not None]
    if len(pairs) < FEWEST:
        raise BadInput(
            f"“{called}” has a number for {len(pairs)} molecules only.",
            f"A model needs at least {FEWEST}.",
        )
    wanted = np.array([value for _mol, value in pairs], float)
    if np.ptp(wanted) == 0:
        raise BadInput(f"“{called}” is the same for all molecules.", "Choose another column.")
    rows = np.stack([features(mol) for mol, _value in pairs])
    makers: dict[str, Callable[[], Any]] = {
        "ridge": lambda: make_pipeline(StandardScaler(), RidgeCV(np.logspace(0, 5, 11)))
    }
    if len(pairs) <= _BOOSTED_MOST:
        makers["boosting"] = lambda: GradientBoostingRegressor(
            max_features=0.1, subsample=0.7, random_state=0
        )
    folds = KFold(_FOLDS, shuffle=True, random_state=0)
    unseen = {
        name: cross_val_predict(make(), rows, wanted, cv=folds) for name, make in makers.items()
    }
    errors = {
        name: float(np.mean((predictions - wanted) ** 2)) for name, predictions in unseen.items()
    }
    best = min(errors, key=lambda name: errors[name])
    model = makers[best]().fit(rows, wanted)
    return OwnModel(
        best,
        float(np.sqrt(errors[best])),
        1 - errors[best] / float(np.var(wanted)),
        [float(value) for value in unseen[best]],
        model.predict,
    )


def thinned(count: int) -> list[int]:
    """Return which of ``count`` rows are fitted on: all, or ``MOST`` of them evenly."""
    return [int(place) for place in np.linspace(0, count - 1, min(count, MOST)).round()]

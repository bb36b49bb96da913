"""How good a molecule is for a goal, counted once for each molecule. Makes no molecules."""

from __future__ import annotations

import heapq
from bisect import insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from rdkit import Chem
from rdkit.Chem.Scaffolds import MurckoScaffold

from studio_molecules.chem import descriptors, parser
from studio_molecules.chem.constraints import Constraints
from studio_molecules.goals import stereo
from studio_molecules.objectives import DOCKING, Profile

Goal = Callable[[Chem.Mol], tuple[float, Mapping[str, float]]]
"""Molecule → its score in 0…1, and the figures that the score is made of."""


Predictor = Callable[[str], Mapping[str, float]]
"""Canonical SMILES → what networks guess of it; nothing where they cannot."""


@dataclass
class Scored:
    """One molecule that was scored.

    Attributes:
        held: What RDKit made of it; None once it is not needed often.
        step: How many were scored when it was, itself included.
    """

    smiles: str
    held: Chem.Mol | None
    score: float
    figures: Mapping[str, float]
    parent: str = ""
    operation: str = ""
    step: int = 0

    @property
    def mol(self) -> Chem.Mol:
        """The molecule, read again where it was let go."""
        return self.held if self.held is not None else Chem.MolFromSmiles(self.smiles)

    @cached_property
    def scaffold(self) -> str:
        """The SMILES of the Murcko scaffold; empty for a molecule without rings."""
        scaffold: str = MurckoScaffold.MurckoScaffoldSmiles(mol=self.mol)
        return scaffold


@dataclass
class Judge:
    """Scores molecules, remembers each, and counts. What breaks ``asked`` scores nothing."""

    goal: Goal
    constraints: Constraints = field(default_factory=Constraints)
    seen: dict[str, Scored] = field(default_factory=dict)
    top: float = 0.0
    """The best score so far."""
    broken: int = 0
    """How many broke what was constraints."""
    is_flat: bool = False
    """Whether stereochemistry is left out."""
    _best: list[Scored] = field(default_factory=list, init=False)

    def __call__(self, mol: Chem.Mol, parent: str = "", operation: str = "") -> Scored | None:
        """Return the scored molecule; None if it was there before."""
        mol = stereo.flat(mol) if self.is_flat else mol
        smiles = Chem.MolToSmiles(mol)
        if smiles in self.seen:
            return None
        breaks = bool(self.constraints.broken(mol))
        self.broken += breaks
        score, figures = (0.0, {}) if breaks else self.goal(mol)
        step = len(self.seen) + 1
        self.seen[smiles] = Scored(smiles, mol, score, figures, parent, operation, step)
        self.top = max(self.top, score)
        if len(self._best) < _AT_HAND or _rank(self.seen[smiles]) > _rank(self._best[-1]):
            insort(self._best, self.seen[smiles], key=_loss)
            del self._best[_AT_HAND:]
        return self.seen[smiles]

    def best(self, count: int) -> list[Scored]:
        """Return the best so far; of equal scores those most like the lead, then the first ones."""
        if count <= _AT_HAND:
            return self._best[:count]
        return heapq.nlargest(count, self.seen.values(), key=_rank)


_AT_HAND = 256
"""So many of the best are kept in order."""


def _rank(scored: Scored) -> tuple[float, float]:
    return round(scored.score, _DIGITS), scored.figures.get("similarity", 0.0)


def _loss(scored: Scored) -> tuple[float, float]:
    score, similarity = _rank(scored)
    return -score, -similarity


_DIGITS = 9
"""Of a score: what differs after these is the order in which a computer adds."""


Docker = Callable[[str], float | None]
"""Canonical SMILES → energy of its best pose in kcal/mol; None where it cannot be docked."""


def of_profile(
    profile: Profile,
    predict: Predictor | None = None,
    own: Mapping[str, Callable[[Chem.Mol], float]] | None = None,
    dock: Docker | None = None,
) -> Goal:
    """Return the goal that a profile stands for.

    Args:
        predict: Tells ADMET figures, where it asks for some.
        own: Tells each of the user's own columns that it asks for.
        dock: Where it asks for docking: slow, so only what meets the rest is docked.

    Raises:
        BadInput: its lead is not a molecule.
    """
    lead = descriptors.fingerprint(parser.parse(profile.lead).mol) if profile.lead else None
    predicted, models = profile.predicted(), own or {}
    apart = {"similarity", DOCKING, *predicted, *profile.own()}
    names = tuple(name for name in profile.figures() if name not in apart)
    rest = profile.without(DOCKING)

    def goal(mol: Chem.Mol) -> tuple[float, Mapping[str, float]]:
        figures = descriptors.describe(mol, names) if names else {}
        if lead is not None:
            figures["similarity"] = descriptors.similarity(mol, lead)
            if figures["similarity"] < profile.similarity:
                return 0.0, figures
        if predict is not None:
            profile_values = predict(Chem.MolToSmiles(mol))
            figures |= {name: profile_values[name] for name in predicted if name in profile_values}
        figures |= {name: model(mol) for name, model in models.items()}
        if dock is not None:
            promising = not rest.objectives or rest.score(figures) > 0
            energy = dock(Chem.MolToSmiles(mol)) if promising else None
            if energy is None:
                return 0.0, figures
            figures[DOCKING] = energy
        return profile.score(figures), figures

    return goal

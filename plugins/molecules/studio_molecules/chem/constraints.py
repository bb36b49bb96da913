"""Structural constraints: required and forbidden patterns, preserved part. Scores nothing."""

from __future__ import annotations

from dataclasses import dataclass

from rdkit import Chem

from studio.api import BadInput
from studio_molecules.chem.oddities import oddities

MAX_PATTERNS = 20
MAX_CHARS = 2000


@dataclass(frozen=True)
class Constraints:
    """Constraints on every molecule.

    Attributes:
        required, forbidden: Patterns that must, and must not, match.
        keep: Preserved part; None if there is none.
        copies: Required number of its matches, as in the lead.
        odd: Number of kinds of unusual groups allowed; None for any.
    """

    required: tuple[Chem.Mol, ...] = ()
    forbidden: tuple[Chem.Mol, ...] = ()
    keep: Chem.Mol | None = None
    copies: int = 1
    odd: int | None = None

    def broken(self, mol: Chem.Mol) -> str:
        """Return the first that a molecule breaks, as the name of its parameter; empty if none."""
        if not all(_holds(mol, pattern) for pattern in self.required):
            return "must_have"
        if any(_holds(mol, pattern) for pattern in self.forbidden):
            return "must_not_have"
        if self.keep is not None and len(_matches(mol, self.keep)) < self.copies:
            return "keep"
        return "odd" if self.odd is not None and len(oddities(mol)) > self.odd else ""

    def fixed_atoms(self, mol: Chem.Mol) -> frozenset[int]:
        """Return the atoms of a molecule that no edit may touch."""
        matches = _matches(mol, self.keep) if self.keep is not None else ()
        return frozenset(atom for match in matches for atom in match)


def constraints(
    must_have: str, must_not_have: str, keep: str, *, odd: bool, lead: Chem.Mol | None = None
) -> Constraints:
    """Return the parsed constraints.

    Args:
        must_have, must_not_have: SMARTS, separated by white space.
        keep: One SMARTS.
        odd: Whether unusual groups are allowed; else no more than the lead has.

    Raises:
        BadInput: A pattern is invalid, there are too many, or the lead lacks the part to preserve.
    """
    part = _one(keep, "Keep")
    copies = len(_matches(lead, part)) if part is not None and lead is not None else 1
    if not copies:
        raise BadInput(
            f"The lead does not contain the part to keep, “{keep.strip()[:60]}”.",
            "Copy that part from the SMILES of the lead.",
        )
    borne = None if odd else len(oddities(lead)) if lead is not None else 0
    return Constraints(
        _all(must_have, "Must have"), _all(must_not_have, "Must not have"), part, copies, borne
    )


def _one(smarts: str, called: str) -> Chem.Mol | None:
    patterns = _all(smarts, called)
    if len(patterns) > 1:
        raise BadInput(f"“{called}” holds {len(patterns)} patterns; it takes one.")
    return patterns[0] if patterns else None


def _all(text: str, called: str) -> tuple[Chem.Mol, ...]:
    words = text.split()
    if len(words) > MAX_PATTERNS or len(text) > MAX_CHARS:
        raise BadInput(f"“{called}” is too long: {MAX_PATTERNS} patterns at most.")
    patterns = []
    for word in words:
        pattern = Chem.MolFromSmarts(word)
        if pattern is None or not pattern.GetNumAtoms():
            raise BadInput(
                f"“{word[:60]}” under “{called}” is not a valid SMARTS pattern.",
                "Write it like C(=O)N for an amide, several with spaces between them.",
            )
        patterns.append(pattern)
    return tuple(patterns)


def _holds(mol: Chem.Mol, pattern: Chem.Mol) -> bool:
    return bool(mol.HasSubstructMatch(pattern, useChirality=True))


def _matches(mol: Chem.Mol, pattern: Chem.Mol) -> tuple[tuple[int, ...], ...]:
    matches: tuple[tuple[int, ...], ...] = mol.GetSubstructMatches(pattern, useChirality=True)
    return matches

"""Rule-based charges of a ligand in water at pH 7.4, which determine its donors.

A group is charged if its usual pKa implies so for most of its molecules (values after Perrin's and
Serjeant's tables). Rules that decide one group at a time overcharge piperazines; here a base beside
another stays neutral, as its pKa falls by three units or more. Of two the stronger is charged: it
has fewer electron-withdrawing groups around it.
"""

from __future__ import annotations

from functools import cache, partial

from rdkit import Chem

_ACIDS = {
    "carboxylic acid, pKa 4": "[OX2H1]-[CX3]=[OX1]",
    "sulphonic acid, pKa below 0": "[OX2H1]-[SX4](=O)=O",
    "phosphonic and phosphoric acid, pKa 2 and 7": "[OX2H1]-[PX4]=O",
    "acyl sulphonamide, pKa 5": "[NX3H1](-[CX3]=O)-[SX4](=O)=O",
    "4-hydroxycoumarin, pKa 5": "[OX2H1]-c1:c:c(=[OX1]):o:c:c1",
    "thiazolidinedione, pKa 6.5": "[NX3H1]1-[CX3](=O)-[SX2]-[#6]-[CX3]1=O",
    "tetrazole, pKa 5": "[nX3H1]1:n:n:n:c:1",
    "tetrazole, other tautomer": "[nX3H1]1:n:n:c:n:1",
}
_BASES = {
    "guanidine, pKa 13": "[NX2;!$(N-[!#6;!#1]);!$(N-[#6]=[O,S,N]);!$(N-C#N)]"
    "=[CX3]([NX3;!$(N-C=O);!$(N-C#N)])[NX3;!$(N-C#N)]",
    "amidine, pKa 12": "[NX2;!$(N-a);!$(N-[!#6;!#1])]=[CX3]([#6])[NX3;!$(N-C=O);!$(N-a)]",
    "amine, pKa 8 to 11": "[NX3;!$(N~[!#6;!#1]);!$(N-[#6]=,#,:*);!$(N-[CX4]C(F)(F)F)]",
}
_NEAR = 3
"""Bonds between two bases of which one alone takes a proton."""


def at_ph(mol: Chem.Mol) -> Chem.Mol:
    """Return a molecule, without explicit hydrogens, as most of it is at pH 7.4.

    What has a charge already keeps it.
    """
    ion = Chem.RWMol(mol)
    for pattern in _patterns(*_ACIDS.values()):
        for match in ion.GetSubstructMatches(pattern):
            _charge(ion.GetAtomWithIdx(match[0]), -1)
    away, weak = Chem.GetDistanceMatrix(mol), partial(_drawing_groups, mol)
    charged = [atom.GetIdx() for atom in ion.GetAtoms() if atom.GetFormalCharge() > 0]
    for pattern in _patterns(*_BASES.values()):
        bases = sorted((match[0] for match in ion.GetSubstructMatches(pattern)), key=weak)
        for base in bases:
            atom = ion.GetAtomWithIdx(base)
            if atom.GetFormalCharge() == 0 and all(away[base, at] > _NEAR for at in charged):
                _charge(atom, 1)
                charged.append(base)
    Chem.SanitizeMol(ion)
    return ion.GetMol()


def _drawing_groups(mol: Chem.Mol, base: int) -> int:
    """Return how many atoms two bonds from an atom draw its electrons: all but those of alkyl."""
    alkyl = Chem.HybridizationType.SP3
    return sum(
        far.GetSymbol() != "C" or far.GetHybridization() != alkyl
        for near in mol.GetAtomWithIdx(base).GetNeighbors()
        for far in near.GetNeighbors()
        if far.GetIdx() != base
    )


def _charge(atom: Chem.Atom, charge: int) -> None:
    hydrogens = atom.GetTotalNumHs() + charge
    atom.SetFormalCharge(charge)
    atom.SetNoImplicit(True)
    atom.SetNumExplicitHs(hydrogens)


@cache
def _patterns(*smarts: str) -> tuple[Chem.Mol, ...]:
    return tuple(Chem.MolFromSmarts(pattern) for pattern in smarts)

"""Groups that generators write and chemists do not make: unstable, or unknown outside of theory.

Not the structural alerts: those trouble assays and patients, these fall apart in the flask.
"""

from __future__ import annotations

import functools
from typing import Final

from rdkit import Chem

ODDITIES: Final = {
    "nitrogen–halogen": "[#7][F,Cl,Br,I]",
    "oxygen–halogen": "[OX2][F,Cl,Br,I]",
    "sulfur(II)–halogen": "[SX2][F,Cl,Br,I]",
    "peroxide": "[OX2]-;!@[OX2]",
    "oxygen–sulfur(II)": "[OX2;!a][SX2;!a]",
    "chain of three heteroatoms": "[N,O,S;X2,X3;+0]-;!@[N,O;X2,X3;+0]-;!@[N,O;X2,X3;+0]",
    "ynol or ynamine": "[OX2,SX2,NX3;!$(N[C,S]=O)]-C#C",
    "halogen at an alkyne": "[F,Cl,Br]C#C",
    "alpha-halo alcohol or amine": "[$([OX2H1]),$([NX3;!$(N[C,S]=O)]);!a][CX4][F,Cl,Br,I]",
    "hemiaminal": "[OX2H1][CX4;!$(C[F])][NX3;!$(N[C,S]=O);!a]",
    "open aminal": "[NX3;!$(N[C,S]=O);!a]-;!@[CX4;H1,H2]-;!@[NX3,OX2;!a]",
    "alkoxyamine": "[NX3;+0;!$(N[C,S]=O);!a]-;!@[OX2;!$(O[C,P,S]=O)]",
    "geminal diol": "[OX2H1][CX4;!$(CC(F)(F)F)][OX2H1]",
    "cumulated double bonds": "[#6]=[#6]=[#6]",
    "ketene": "[#6]=[#6]=[O,S]",
    "cyclopropene": "[#6;r3]=[#6;r3]",
    "sulfurane": "[#16;v4,v6;+0;!$([#16]=[O,N,S]);!a]",
    "phosphorane": "[#15;v5;!$([#15]=[O,N,S])]",
    "phosphine": "[#15;v3]",
    "enol": "[CX3;!$(C-C=O);!$(C-C#N)]=[CX3;!$(C-C=O)][OX2H1]",
}
"""Name → SMARTS."""


def oddities(mol: Chem.Mol) -> list[str]:
    """Return the names of those that a molecule holds."""
    return [name for name, pattern in _patterns() if mol.HasSubstructMatch(pattern)]


@functools.cache
def _patterns() -> tuple[tuple[str, Chem.Mol], ...]:
    return tuple((name, Chem.MolFromSmarts(smarts)) for name, smarts in ODDITIES.items())

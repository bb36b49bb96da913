"""A notice for molecules that resemble scheduled chemical weapons. It blocks nothing.

After the Annex on Chemicals of the Chemical Weapons Convention (schedules 1 to 3, as amended in
2020): the weapons themselves and their nearest precursors, not every precursor of schedules 2 and
3. Substructures are drawn wide, so medicines of the same families are marked too: the nitrogen
mustards among cancer drugs.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from rdkit import Chem

VERSION = "1"
"""Changes with every change of the table, and is kept in the record of a result."""

MEASURED = (4, 214)
"""So many of so many ordinary medicines are marked; ``make bench molecules-care`` counts them."""


@dataclass(frozen=True)
class Rule:
    """One family: where it stands in the schedules, and how it is recognised.

    Attributes:
        whole: It is this molecule and no larger one.
    """

    title: str
    schedule: int
    smarts: str
    whole: bool = False


RULES = (
    Rule("phosphonofluoridates, like sarin", 1, "[#6][PX4](=[O,S])(F)[OX2]"),
    Rule("phosphonofluoridates with nitrogen", 1, "[#6,#7,#8][PX4](=[O,S])(F)[NX3,NX2]"),
    Rule("phosphoramidocyanidates, like tabun", 1, "[NX3][PX4](=[O,S])(C#N)[OX2]"),
    Rule("phosphonothiolates, like VX", 1, "[PX4](=[O,S])[SX2]CC[NX3,NX4+]"),
    Rule("phosphonites and phosphonyl halides of the same families", 1, "[#6][PX3,PX4](F)F"),
    Rule("sulfur mustards", 1, "ClCC[SX2,SX3]"),
    Rule("sulfur mustards with oxygen", 1, "ClCCSCCOCCSCCCl"),
    Rule("nitrogen mustards", 1, "[NX3,NX4+](CC[Cl,Br])CC[Cl,Br]"),
    Rule("lewisites and chlorovinyl arsines", 1, "[As][CX3]=[CX3]Cl"),
    Rule("bisquaternary carbamates", 1, "[n+]1ccccc1OC(=O)N(C)C.[n+]1ccccc1OC(=O)N(C)C"),
    Rule("saxitoxin", 1, "NC(=O)OCC1~N~C(~N)~N2CCC(O)(O)C23~N~C(~N)~N~C13"),
    Rule("amiton and its family", 2, "[OX2][PX4](=O)([OX2])[SX2]CC[NX3]"),
    Rule("benzilates of quinuclidinol, like BZ", 2, "OC(c1ccccc1)(c1ccccc1)C(=O)OC1CN2CCC1CC2"),
    Rule("alkyl phosphonyl chlorides", 2, "[CH3,CH2][PX4](=O)(Cl)[Cl,O]"),
    Rule("perfluoroisobutene", 2, "FC(F)=C(C(F)(F)F)C(F)(F)F", whole=True),
    Rule("arsenic trichloride", 2, "Cl[As](Cl)Cl", whole=True),
    Rule("thiodiglycol", 2, "OCCSCCO", whole=True),
    Rule("phosgene", 3, "O=C(Cl)Cl", whole=True),
    Rule("cyanogen chloride", 3, "N#CCl", whole=True),
    Rule("hydrogen cyanide", 3, "C#N", whole=True),
    Rule("chloropicrin", 3, "ClC(Cl)(Cl)[N+](=O)[O-]", whole=True),
    Rule("phosphorus chlorides", 3, "[PX3,PX4,PX5;!$(P[#6]);!$(PO[#6])](Cl)(Cl)Cl"),
    Rule("sulfur chlorides", 3, "[$([SX2](Cl)Cl),$([SX2](Cl)[SX2]Cl),$([SX3](=O)(Cl)Cl)]"),
)
"""In the order of the schedules; the first that fits is named."""


@dataclass(frozen=True)
class Notice:
    """Hazardous class that a molecule resembles, and the message about it."""

    rule: Rule
    sentence: str


def notice(mol: Chem.Mol) -> Notice | None:
    """Return the notice for a molecule; None for nearly all."""
    for rule, pattern in _patterns():
        if mol.HasSubstructMatch(pattern):
            if rule.whole and mol.GetNumHeavyAtoms() != pattern.GetNumAtoms():
                continue
            sentence = (
                f"Resembles {rule.title} (schedule {rule.schedule} of the Chemical Weapons "
                "Convention). Making or possessing such substances is restricted by law. The "
                f"screen is broad: it also flags {MEASURED[0]} of {MEASURED[1]} common drugs."
            )
            return Notice(rule, sentence)
    return None


def notice_text(marked: int, count: int) -> str:
    """Return the sentence for a table of ``count`` molecules, ``marked`` of them; or nothing."""
    if not marked:
        return ""
    some = f"{marked:,} of {count:,} molecules resemble" if count > 1 else "This molecule resembles"
    return f"{some} scheduled chemical weapons: see the column “Care”."


@functools.cache
def _patterns() -> tuple[tuple[Rule, Chem.Mol], ...]:
    patterns = []
    for rule in RULES:
        pattern = Chem.MolFromSmarts(rule.smarts)
        assert pattern is not None, rule
        patterns.append((rule, pattern))
    return tuple(patterns)

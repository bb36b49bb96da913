"""The bench ``molecules-docking``: are known ligands of a protein found by docking?

Twelve drugs, four for each of three proteins, are docked into all three; for each protein its own
four should score better than the eight of the others. Told beside it is the published energy of
risperidone at DRD2. STUDIO_BENCH_DOCKING names the targets, STUDIO_BENCH_DOCKING_EXHAUSTIVENESS
how thoroughly is searched.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from studio.api import BenchContext

_TARGETS: Final = "STUDIO_BENCH_DOCKING"
_EXHAUSTIVENESS: Final = "STUDIO_BENCH_DOCKING_EXHAUSTIVENESS"

LIGANDS: Final[Mapping[str, Mapping[str, str]]] = {
    "DRD2": {
        "risperidone": "Cc1nc2n(c(=O)c1CCN1CCC(c3noc4cc(F)ccc34)CC1)CCCC2",
        "haloperidol": "O=C(CCCN1CCC(O)(c2ccc(Cl)cc2)CC1)c1ccc(F)cc1",
        "olanzapine": "Cc1cc2c(s1)Nc1ccccc1N=C2N1CCN(C)CC1",
        "aripiprazole": "O=C1CCc2ccc(OCCCCN3CCN(c4cccc(Cl)c4Cl)CC3)cc2N1",
    },
    "EGFR": {
        "erlotinib": "COCCOc1cc2ncnc(Nc3cccc(C#C)c3)c2cc1OCCOC",
        "gefitinib": "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1",
        "vandetanib": "COc1cc2c(Nc3ccc(Br)cc3F)ncnc2cc1OCC1CCN(C)CC1",
        "lapatinib": "CS(=O)(=O)CCNCc1ccc(-c2ccc3ncnc(Nc4ccc(OCc5cccc(F)c5)c(Cl)c4)c3c2)o1",
    },
    "PTGS2": {
        "celecoxib": "Cc1ccc(-c2cc(C(F)(F)F)nn2-c2ccc(S(N)(=O)=O)cc2)cc1",
        "rofecoxib": "CS(=O)(=O)c1ccc(C2=C(c3ccccc3)C(=O)OC2)cc1",
        "valdecoxib": "Cc1onc(-c2ccccc2)c1-c1ccc(S(N)(=O)=O)cc1",
        "etoricoxib": "Cc1ccc(-c2ncc(Cl)cc2-c2ccc(S(C)(=O)=O)cc2)cn1",
    },
}
"""Target → name → SMILES of drugs that are known to bind to it."""

RISPERIDONE: Final = -10.9
"""kcal/mol at DRD2, with AutoDock Vina 1.2 and exhaustiveness 4."""


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return for each target the area under the curve (1 perfect, 0.5 chance), and the energies."""
    named = os.environ.get(_TARGETS, "")
    targets = [name.strip() for name in named.split(",") if name.strip()] or list(LIGANDS)
    search = {"exhaustiveness": int(os.environ.get(_EXHAUSTIVENESS) or 4), "poses": 1, "seed": 1}
    lines = [f"{smiles} {name}" for own in LIGANDS.values() for name, smiles in own.items()]
    found: dict[str, Any] = {}
    for target in targets:
        ctx.say(f"{len(lines)} ligands into {target}")
        wish = {"smiles": "\n".join(lines), "target": target, **search}
        rows = ctx.run("molecules.dock", wish)["molecules"]
        energies = {str(row["name"]): float(row["docking"]) for row in rows}
        found[target] = {"auc": round(area(energies, set(LIGANDS[target])), 3), **energies}
    areas = [each["auc"] for each in found.values()]
    told: dict[str, Any] = {"ratio": round(sum(areas) / len(areas), 3), "targets": found}
    if "DRD2" in found:
        told["risperidone_off"] = round(found["DRD2"]["risperidone"] - RISPERIDONE, 2)
    return told


def area(energies: Mapping[str, float], actives: set[str]) -> float:
    """Return how often an active scores better than another, ties as half."""
    wins = [
        1.0 if energies[active] < energies[other] else 0.5 * (energies[active] == energies[other])
        for active in actives & energies.keys()
        for other in energies.keys() - actives
    ]
    return sum(wins) / len(wins) if wins else 0.0

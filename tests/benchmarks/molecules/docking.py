"""The bench ``molecules-docking``: are known ligands of a protein found among decoys?

Into each of three proteins four drugs are docked that bind to it, and for each of them some decoys:
other medicines as large, greasy and charged. Told beside it is the published energy of risperidone
at DRD2. What is docked is cached, so that a bench that was ended goes on.

STUDIO_BENCH_DOCKING names the targets, …_DECOYS says how many there are for each drug (4),
…_EXHAUSTIVENESS how thoroughly is searched (4).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from benchmarks.molecules.decoys import decoys
from studio.api import BenchContext
from studio_molecules.chem import common_molecules

_TARGETS: Final = "STUDIO_BENCH_DOCKING"

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
    """Return for each target the area under the curve, the enrichment, and the energies.

    The area is 1 where all ligands come first, 0.5 by chance; the enrichment is how many times as
    many ligands as by chance are among the best fifth.
    """
    named = os.environ.get(_TARGETS, "")
    targets = [name.strip() for name in named.split(",") if name.strip()] or list(LIGANDS)
    search = {"exhaustiveness": _setting("EXHAUSTIVENESS"), "poses": 1, "seed": 1}
    pool = {
        row["name"].replace(" ", "-"): row["smiles"]
        for row in common_molecules.molecules()
        if row["kind"] == "medicine"
    }
    found: dict[str, Any] = {}
    for target in targets:
        all_of_them = {**LIGANDS[target], **decoys(LIGANDS[target], pool, _setting("DECOYS"))}
        lines = [f"{smiles} {name}" for name, smiles in all_of_them.items()]
        ctx.say(f"{len(lines)} ligands into {target}")
        wish = {"smiles": "\n".join(lines), "target": target, **search}
        rows = ctx.run("molecules.dock", wish)["molecules"]
        energies = {str(row["name"]): float(row["docking"]) for row in rows}
        own = set(LIGANDS[target])
        told = {"auc": round(area(energies, own), 3), "enrichment": enrichment(energies, own)}
        ctx.say(f"{target}: {told}")
        found[target] = {**told, **energies}
    areas = [each["auc"] for each in found.values()]
    figures: dict[str, Any] = {"ratio": round(sum(areas) / len(areas), 3), "targets": found}
    if "DRD2" in found:
        figures["risperidone_off"] = round(found["DRD2"]["risperidone"] - RISPERIDONE, 2)
    return figures


def _setting(name: str) -> int:
    return int(os.environ.get(f"{_TARGETS}_{name}") or 4)


def area(energies: Mapping[str, float], actives: set[str]) -> float:
    """Return how often an active scores better than another, ties as half."""
    wins = [
        1.0 if energies[active] < energies[other] else 0.5 * (energies[active] == energies[other])
        for active in actives & energies.keys()
        for other in energies.keys() - actives
    ]
    return sum(wins) / len(wins) if wins else 0.0


def enrichment(energies: Mapping[str, float], actives: set[str]) -> float:
    """Return how many times as many actives as by chance are among the best fifth."""
    best = sorted(energies, key=lambda name: energies[name])[: max(1, len(energies) // _PART)]
    share = len(actives & set(best)) / len(best)
    return round(share / (len(actives & energies.keys()) / len(energies)), 2)


_PART: Final = 5

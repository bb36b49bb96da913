"""The bench ``molecules-domain``: how many usual drugs the ADMET models' domain holds, and why not.

The limit of disagreement was chosen so that 95% of the drugs of ``chem/common_molecules.csv`` are
below it; this counts them anew with the weights that are installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from benchmarks.molecules.hazard_screen import medicines
from studio.api import BenchContext, finished
from studio_molecules.admet import prediction, weights
from studio_molecules.admet.limits import POSSIBLE
from studio_molecules.admet.prediction import FAMILIAR, MOST_DISAGREEMENT


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the share inside as ``ratio``, the quantiles of disagreement, and who is outside."""
    torch.set_num_threads(1)
    ensemble = finished(weights.loader().load(ctx.weights_path(weights.WEIGHTS), "cpu"))
    found: dict[str, dict[str, float]] = {}
    rows = medicines()
    for number, row in enumerate(rows, 1):
        found[row["name"]] = prediction.describe(ensemble, row["smiles"])
        if number % 50 == 0:
            ctx.say(f"{number} of {len(rows)} drugs")
    apart = sorted(figures["disagreement"] for figures in found.values())
    impossible = [id for figures in found.values() for id in POSSIBLE if id not in figures]
    return {
        "ratio": round(sum(figures["domain"] for figures in found.values()) / len(found), 4),
        "limit of disagreement": MOST_DISAGREEMENT,
        "limit of known surroundings": FAMILIAR,
        "disagreement at 5, 50, 95%": [apart[int(len(apart) * at)] for at in (0.05, 0.5, 0.95)],
        "outside": sorted(name for name, figures in found.items() if not figures["domain"]),
        "impossible values": {id: impossible.count(id) for id in sorted(set(impossible))},
    }

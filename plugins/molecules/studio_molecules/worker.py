"""The runtime half: which tasks there are, and which weights can be loaded. Does no work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from studio.api import Kind, Loader, Verdict, hookimpl
from studio_molecules.admet import weights as admet_weights
from studio_molecules.docking import weights as docking_weights
from studio_molecules.smiles import weights as smiles_weights
from studio_molecules.tasks import (
    analogues,
    assembly,
    clusters,
    comparison,
    conversion,
    depiction,
    docking,
    export,
    generation,
    matched_pairs,
    optimisation,
    own_score,
    prediction,
    similarity,
    table_artifact,
)


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    """Return the tasks of this plugin."""
    return {
        "molecules.generate": generation.generate,
        "molecules.analogues": analogues.analogues,
        "molecules.decorate": assembly.decorate,
        "molecules.link": assembly.link,
        "molecules.improve": optimisation.improve,
        "molecules.predict": prediction.predict,
        "molecules.dock": docking.dock,
        "molecules.draw": depiction.draw,
        "molecules.convert": conversion.convert,
        "molecules.shape": conversion.fold,
        "molecules.match": similarity.match,
        "molecules.export": export.export,
        "molecules.cluster": clusters.cluster,
        "molecules.fit": own_score.fit,
        "molecules.pairs": matched_pairs.pairs,
        "molecules.combine": comparison.combine,
        "molecules.similar": similarity.similar,
        "molecules.compare": comparison.compare,
    }


@hookimpl
def studio_loaders() -> Sequence[Loader]:
    """Return the loaders of SMILES models, of the ensemble for ADMET, of docking targets."""
    return (smiles_weights.loader(), admet_weights.loader(), docking_weights.loader())


@hookimpl
def studio_checks() -> Mapping[str, Callable[[bytes], Verdict]]:
    """Return how a table without a verdict is checked."""
    return {Kind.MOLECULES: table_artifact.check}

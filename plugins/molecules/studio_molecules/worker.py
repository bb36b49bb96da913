"""The runtime half: which tasks there are, and which weights can be loaded. Does no work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from studio.api import Kind, Loader, Verdict, hookimpl
from studio_molecules.admet import loader
from studio_molecules.smiles import weights
from studio_molecules.tasks import (
    exporting,
    generating,
    improving,
    looking,
    matching,
    relatives,
    table,
)


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    """Return the tasks of this plugin."""
    return {
        "molecules.generate": generating.generate,
        "molecules.analogues": relatives.analogues,
        "molecules.improve": improving.improve,
        "molecules.predict": looking.predict,
        "molecules.draw": looking.draw,
        "molecules.shape": looking.fold,
        "molecules.match": matching.match,
        "molecules.export": exporting.export,
    }


@hookimpl
def studio_loaders() -> Sequence[Loader]:
    """Return the loaders of SMILES models and of the ensemble for ADMET."""
    return (weights.loader(), loader.loader())


@hookimpl
def studio_checks() -> Mapping[str, Callable[[bytes], Verdict]]:
    """Return how a table without a verdict is checked."""
    return {Kind.MOLECULES: table.check}

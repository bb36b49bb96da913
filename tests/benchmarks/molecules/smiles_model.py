"""The SMILES model of a bench: loaded on the processor, sampled to the end."""

from __future__ import annotations

from pathlib import Path

import torch

from studio.api import BenchContext, finished
from studio_molecules.schema import TEMPERATURE
from studio_molecules.smiles import weights
from studio_molecules.smiles.sampler import BATCH, sample
from studio_molecules.smiles.weights import SmilesModel

WEIGHTS = "molecules-smiles"


def loaded(ctx: BenchContext, file: str = "") -> SmilesModel:
    """Return the network of ``file``, or the shipped one."""
    path = Path(file) if file else ctx.weights_path(WEIGHTS)
    return finished(weights.loader().load(path, "cpu"))


def written(
    model: SmilesModel,
    count: int,
    seed: int,
    temperature: float = TEMPERATURE,
    is_checked: bool = True,
) -> list[str]:
    """Return ``count`` strings; some are no valid SMILES, and empty ones were given up."""
    rng = torch.Generator().manual_seed(seed)
    strings: list[str] = []
    while len(strings) < count:
        size = min(BATCH, count - len(strings))
        for step in sample(model, size, rng, temperature=temperature, is_checked=is_checked):
            strings += step or []
    return strings

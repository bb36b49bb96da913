"""The bench ``molecules-goals``: how far the two searches come with six goals of GuacaMol.

STUDIO_BENCH_GOALS names those to measure by parts of their names, like ``zaleplon,median``: all, if
it is not set. STUDIO_BENCH_GOALS_BUDGET is how many molecules a search scores. Both begin with
what the model writes; the published ones began with the best of ChEMBL, and scored far more.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import torch
from rdkit import Chem

from studio.api import BenchContext, ErrorCode, StudioError
from studio_molecules.bench import guacamol
from studio_molecules.bench.smiles_model import loaded, written
from studio_molecules.chem import parser
from studio_molecules.goals import genetic, reinforcement
from studio_molecules.goals.scores import Judge
from studio_molecules.smiles.weights import SmilesModel

BUDGET: Final = 10_000
_GOALS: Final = "STUDIO_BENCH_GOALS"
_BUDGET: Final = "STUDIO_BENCH_GOALS_BUDGET"
_FIRST: Final = 256
SEED: Final = 1


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the score of each goal by each search, and the published ones."""
    budget = int(os.environ.get(_BUDGET, BUDGET))
    model = loaded(ctx)
    first = [parser.valid(text) for text in written(model, _FIRST, SEED)]
    known = [mol for mol in first if mol is not None] or [Chem.MolFromSmiles("c1ccccc1")]
    found: dict[str, Any] = {}
    for goal, make in _wanted().items():
        found[goal] = {"published": guacamol.PUBLISHED[goal]}
        for name in ("genetic", "reinforcement"):
            ctx.say(f"{goal}: {name}, {budget:,} molecules")
            scores = scores_of(_steps(name, model, known), make(), budget)
            found[goal][name] = {
                "score": round(guacamol.score_of(goal, scores), 3),
                "best": round(scores[0], 3),
            }
    best = [max(each[n]["score"] for n in ("genetic", "reinforcement")) for each in found.values()]
    theirs = [each["published"]["Graph GA"] for each in found.values()]
    return {"ratio": round(sum(best) / sum(theirs), 3), "budget": budget, "goals": found}


def _wanted() -> Mapping[str, Callable[[], guacamol.Measure]]:
    """Return the goals that are asked for.

    Raises:
        StudioError: None is.
    """
    parts = [part.strip().lower() for part in os.environ.get(_GOALS, "").split(",") if part.strip()]
    chosen = {
        name: make
        for name, make in guacamol.GOALS.items()
        if not parts or any(part in name.lower() for part in parts)
    }
    if not chosen:
        known = ", ".join(guacamol.GOALS)
        raise StudioError(ErrorCode.BAD_INPUT, f"{_GOALS} names no goal.", f"Available: {known}.")
    return chosen


def scores_of(search: Any, measure: guacamol.Measure, budget: int) -> list[float]:
    """Run a search until ``budget`` molecules are scored; return the scores, best first."""
    judge = Judge(lambda mol: (measure(mol), {}))
    for _ in search(judge):
        if len(judge.seen) >= budget:
            break
    return [each.score for each in judge.best(max(guacamol.TOP))]


def _steps(name: str, model: SmilesModel, first: list[Chem.Mol]) -> Any:
    def genes(judge: Judge) -> Iterator[object]:
        rng = np.random.default_rng(SEED)
        return genetic.search(judge, first, rng, genetic.Settings())

    def learning(judge: Judge) -> Iterator[object]:
        rng = torch.Generator().manual_seed(SEED)
        return reinforcement.search(model, judge, rng, reinforcement.Settings())

    return genes if name == "genetic" else learning

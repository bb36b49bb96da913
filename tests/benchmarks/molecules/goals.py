"""The bench ``molecules-goals``: how far a search comes with goals of GuacaMol and PMO.

All searches begin with what the model writes, a tenth of the budget; the published ones begin with
the best of ChEMBL or ZINC. In the environment:

* STUDIO_BENCH_GOALS: those to measure by parts of their names, like ``zaleplon,median``; else all.
* STUDIO_BENCH_GOALS_BUDGET: how many molecules a search scores; STUDIO_BENCH_GOALS_SEED.
* STUDIO_BENCH_GOALS_SEARCH: ``genetic`` or ``reinforcement``.
* STUDIO_BENCH_GOALS_LOG: a file of JSON lines, one a goal; what is in it is not measured again.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from rdkit import Chem

from benchmarks.molecules import guacamol, sample_efficiency
from benchmarks.molecules.measures import Measure
from benchmarks.molecules.smiles_model import loaded, written
from studio.api import BenchContext, ErrorCode, StudioError
from studio_molecules.chem import parser
from studio_molecules.goals import genetic, reinforcement
from studio_molecules.goals.scores import Judge
from studio_molecules.smiles.weights import SmilesModel
from studio_molecules.tasks.optimisation import rewriter

_GOALS: Final = "STUDIO_BENCH_GOALS"
_FIRST, _MOST_FIRST = 0.1, 4000
_DONE: Final = 1 - 1e-9

Search = Callable[[Judge], Iterator[object]]


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the sums, and of each goal the score, the best and the published ones."""
    budget = int(os.environ.get(f"{_GOALS}_BUDGET", str(sample_efficiency.BUDGET)))
    seed = int(os.environ.get(f"{_GOALS}_SEED", "1"))
    name = os.environ.get(f"{_GOALS}_SEARCH", "genetic")
    log = Path(os.environ.get(f"{_GOALS}_LOG", os.devnull))
    asked = {"search": name, "budget": budget, "seed": seed}
    known = _known(log, asked)
    model = loaded(ctx)
    first: list[Chem.Mol] = []
    for goal, make in _wanted().items():
        if goal in known:
            continue
        first = first or _first(model, min(int(budget * _FIRST), _MOST_FIRST), seed)
        ctx.say(f"{goal}: {name}, {budget:,} molecules")
        known[goal] = asked | _measured(goal, make(), _search(name, model, first, asked), budget)
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(known[goal]) + "\n")
    return {**_sums(known, budget), **asked} | {goal: _told(known[goal]) for goal in _wanted()}


def _known(log: Path, asked: Mapping[str, object]) -> dict[str, dict[str, Any]]:
    """Return what was measured before, by goal."""
    lines = log.read_text("utf-8").splitlines() if log.is_file() else []
    found = [json.loads(line) for line in lines if line.strip()]
    return {each["goal"]: each for each in found if asked.items() <= each.items()}


def _wanted() -> Mapping[str, Callable[[], Measure]]:
    """Return the goals that are asked for.

    Raises:
        StudioError: None is.
    """
    parts = [part.strip().lower() for part in os.environ.get(_GOALS, "").split(",") if part.strip()]
    chosen = {
        name: make
        for name, make in sample_efficiency.GOALS.items()
        if not parts or any(part in name.lower() for part in parts)
    }
    if not chosen:
        known = ", ".join(sample_efficiency.GOALS)
        raise StudioError(ErrorCode.BAD_INPUT, f"{_GOALS} names no goal.", f"Available: {known}.")
    return chosen


def _first(model: SmilesModel, count: int, seed: int) -> list[Chem.Mol]:
    """Return what the searches begin with: molecules that the model writes."""
    found = [parser.valid(text) for text in written(model, count, seed)]
    return [mol for mol in found if mol is not None] or [Chem.MolFromSmiles("c1ccccc1")]


def _search(
    name: str, model: SmilesModel, first: list[Chem.Mol], asked: Mapping[str, Any]
) -> Search:
    seed, budget = asked["seed"], asked["budget"]
    if name == "reinforcement":
        rng = torch.Generator().manual_seed(seed)
        settings = reinforcement.Settings()
        return lambda judge: reinforcement.search(model, judge, rng, settings)
    numpy, tokens = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    rewrite = rewriter(model, numpy, tokens)
    return lambda judge: genetic.search(judge, first, numpy, genetic.sized(budget), rewrite)


def _measured(goal: str, measure: Measure, search: Search, budget: int) -> dict[str, Any]:
    began = time.process_time()
    judge, best = searched(measure, search, budget, max(guacamol.tops(goal)))
    scores = [each.score for each in judge.seen.values()]
    return {
        "goal": goal,
        "score": round(guacamol.score_of(goal, best), 4),
        "best": round(best[0], 4),
        "area": round(sample_efficiency.area(scores, budget), 4),
        "scored": len(scores),
        "seconds": round(time.process_time() - began),
        "smiles": judge.best(1)[0].smiles,
    }


def searched(
    measure: Measure, search: Search, budget: int, enough: int
) -> tuple[Judge, list[float]]:
    """Run a search until ``budget`` molecules are scored, or ``enough`` of them have all of 1.

    Returns:
        The judge, and the scores of the best, best first.
    """
    judge = Judge(lambda mol: (measure(mol), {}))
    for people in search(judge):
        done = people is not None and judge.top >= _DONE
        if done and judge.best(enough)[-1].score >= _DONE and len(judge.seen) >= enough:
            break
        if len(judge.seen) >= budget:
            break
    return judge, [each.score for each in judge.best(guacamol.MOST)]


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with what was published of its goal."""
    told = {name: row[name] for name in ("score", "best", "scored")}
    if row["goal"] in guacamol.PUBLISHED:
        told["published"] = dict(zip(_PUBLISHED, guacamol.PUBLISHED[row["goal"]], strict=True))
    if row["goal"] in sample_efficiency.PUBLISHED and row["budget"] == sample_efficiency.BUDGET:
        reinvent, graph = sample_efficiency.PUBLISHED[row["goal"]]
        told["area"] = {"here": row["area"], "REINVENT": reinvent, "Graph GA": graph}
    return told | {"smiles": row["smiles"]}


_PUBLISHED: Final = ("best of data set", "SMILES LSTM", "Graph GA")


def _sums(known: Mapping[str, Mapping[str, Any]], budget: int) -> dict[str, Any]:
    """Return the sums over what was measured, beside the published ones over the same."""
    goals = [goal for goal in guacamol.GOALS if goal in known]
    ours = sum(known[goal]["score"] for goal in goals)
    theirs = sum(guacamol.PUBLISHED[goal][-1] for goal in goals)
    sums: dict[str, Any] = {"ratio": round(ours / theirs, 3) if goals else None}
    sums["GuacaMol"] = {"goals": len(goals), "here": round(ours, 3), "Graph GA": round(theirs, 3)}
    if budget == sample_efficiency.BUDGET:
        oracles = [goal for goal in sample_efficiency.PUBLISHED if goal in known]
        sums["PMO"] = {"oracles": len(oracles)} | _areas(known, oracles)
    return sums


def _areas(known: Mapping[str, Mapping[str, Any]], oracles: Sequence[str]) -> dict[str, float]:
    published = [sample_efficiency.PUBLISHED[goal] for goal in oracles]
    columns = {
        "here": [known[goal]["area"] for goal in oracles],
        "REINVENT": [each[0] for each in published],
        "Graph GA": [each[1] for each in published],
    }
    return {name: round(sum(column), 3) for name, column in columns.items()}

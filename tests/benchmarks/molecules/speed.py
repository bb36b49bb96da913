"""The bench ``molecules-speed``: molecules a second sampled, predicted, scored, drawn; one thread.

``ratio``: time to write a batch with the cache, against reading every string again at each token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import torch
from rdkit import Chem

from benchmarks.molecules.smiles_model import loaded, written
from studio.api import BenchContext, StudioError, Times, finished, median_times
from studio_molecules.admet import prediction, weights
from studio_molecules.chem import depiction, descriptors, hazard_screen, parser
from studio_molecules.goals import scores
from studio_molecules.molecule import Molecule
from studio_molecules.objectives import Objective, Profile
from studio_molecules.pages.filters.filter import Filters
from studio_molecules.pages.table.columns import Columns
from studio_molecules.smiles.network import MAX_LENGTH
from studio_molecules.smiles.vocabulary import END, PAD, START
from studio_molecules.smiles.weights import SmilesModel

SAMPLED: Final = 256
ROUNDS: Final = 3
ROWS: Final = 50_000
COMPARED: Final = 32
"""Strings that are written both ways."""

GOAL: Final = Profile(
    (Objective("qed", low=0.9, tolerance=0.5), Objective("logp", 1, 3, tolerance=2))
)


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return rates by the clock and by processor time."""
    torch.set_num_threads(1)
    model = loaded(ctx)
    ctx.say(f"writing {COMPARED} strings with the cache, and without")
    cached, whole = median_times(
        ROUNDS, lambda: written(model, COMPARED, seed=1), lambda: _uncached(model, COMPARED)
    )
    ctx.say(f"writing {SAMPLED} strings")
    found: list[str] = []
    (sampled,) = median_times(1, lambda: found.extend(written(model, SAMPLED, seed=2)), warm_up=0)
    mols = [mol for mol in map(parser.valid, found) if mol is not None]
    smiles = [Chem.MolToSmiles(mol) for mol in mols] or ["c1ccccc1"]
    goal = scores.of_profile(GOAL)
    jobs: dict[str, Callable[[str], object]] = {
        "described": lambda text: descriptors.describe(parser.parse(text).mol),
        "scored": lambda text: goal(parser.parse(text).mol),
        "screened": lambda text: hazard_screen.notice(parser.parse(text).mol),
        "drawn": lambda text: depiction.draw(
            parser.parse(text).mol, 220, 160, dark=False, pattern=None
        ),
    }
    rates: dict[str, Any] = {"sampled": _rate(SAMPLED, sampled)}
    try:
        ensemble = finished(weights.loader().load(ctx.weights_path(weights.WEIGHTS), "cpu"))
        jobs["predicted"] = lambda text: prediction.describe(ensemble, text)
    except StudioError as error:
        rates["predicted"] = f"not measured: {error}"
    for name, job in jobs.items():
        ctx.say(f"{name}: {len(smiles)} molecules")
        job(smiles[0])  # tables are read once
        (times,) = median_times(1, partial(_each, job, smiles), warm_up=0)
        rates[name] = _rate(len(smiles), times)
    ctx.say(f"a table of {ROWS:,} rows")
    return {
        "ratio": round(cached.processor / whole.processor, 3),
        "milliseconds of processor time": _table(smiles),
        "molecules a second": rates,
        "valid_raw": round(len(mols) / SAMPLED, 4),
        "threads": 1,
    }


def _uncached(model: SmilesModel, count: int) -> None:
    """Write as ``sampling.sample`` does, with the whole string read again at each token."""
    rng = torch.Generator().manual_seed(1)
    rows = torch.full((count, 1), START)
    done = torch.zeros(count, dtype=torch.bool)
    with torch.inference_mode():
        while rows.shape[1] < MAX_LENGTH and not done.all():
            logits = model.network(rows)[:, -1].float()
            logits[:, [PAD, START]] = -torch.inf
            token = torch.multinomial(logits.softmax(-1), 1, generator=rng)
            token = token.masked_fill(done[:, None], PAD)
            done |= token[:, 0] == END
            rows = torch.cat([rows, token], 1)


def _table(smiles: Sequence[str]) -> dict[str, float]:
    """Return how long what a person does with a large table keeps the window waiting, in ms."""
    molecules = [
        Molecule(smiles[n % len(smiles)], f"m{n}", figures={"mw": n * 7 % 997, "qed": n % 97 / 97})
        for n in range(ROWS)
    ]
    rows, filters = Columns(molecules), Filters()
    filters.ranges["mw"] = (100.0, 700.0)
    order = rows.order("qed", descending=True)
    words = Filters()
    words.text = "m4999"
    jobs: dict[str, Callable[[], object]] = {
        "sorted": lambda: rows.order("qed", descending=False),
        "filtered": lambda: filters.passing(rows, order),
        "searched": lambda: words.passing(rows, order),
    }
    return {
        name: round(median_times(1, job, warm_up=0)[0].processor * 1000, 1)
        for name, job in jobs.items()
    }


def _each(job: Callable[[str], object], smiles: Sequence[str]) -> None:
    for text in smiles:
        job(text)


def _rate(count: int, times: Times) -> dict[str, float]:
    return {
        "clock": round(count / times.clock, 1),
        "processor": round(count / times.processor, 1),
    }

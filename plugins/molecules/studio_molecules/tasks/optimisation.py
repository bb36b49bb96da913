"""Optimise a lead to a profile: search, live curves, Stop that saves the results so far."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from rdkit import Chem

from studio.api import BadInput, Cancelled, ErrorCode, Event, StudioError, TaskContext, open_regular
from studio_molecules import objectives as profiles
from studio_molecules.admet import prediction
from studio_molecules.chem import descriptors, graph_mutations, parser
from studio_molecules.chem.constraints import Constraints, constraints
from studio_molecules.docking import ligands
from studio_molecules.docking import weights as docking_weights
from studio_molecules.docking.vina_run import Docking, Search
from studio_molecules.goals import genetic, reinforcement, scores, stereo
from studio_molecules.goals.genetic import Rewrite
from studio_molecules.goals.scores import Judge, Scored
from studio_molecules.molecule import Molecule
from studio_molecules.objectives import DOCKING, Profile
from studio_molecules.schema import Improve
from studio_molecules.smiles.sampler import BATCH, fewer, sample, strings
from studio_molecules.smiles.weights import SmilesModel
from studio_molecules.tasks import own_score
from studio_molecules.tasks.table_artifact import counted, finish

SHOWN = 8
"""Of the best, how many are told with their structure."""
_BEST = 100
_GAIN = 1e-4


def curve(judge: Judge) -> dict[str, Any]:
    """Return a point of the curve: best score, mean and scaffolds of the best hundred, and the top.

    ``top`` lists SMILES, score, and how many were scored when it was found.
    """
    best = judge.best(_BEST)
    return {
        "scored": len(judge.seen),
        "best": judge.top,
        "mean": mean(best),
        "scaffolds": len({scored.scaffold for scored in best}),
        "top": [
            [scored.smiles, scored.score, scored.step]
            for scored in best[:SHOWN]
            if scored.score > 0
        ],
    }


def mean(best: Sequence[Scored]) -> float:
    """Return the mean score."""
    return sum(scored.score for scored in best) / max(1, len(best))


@dataclass
class Contentment:
    """Decides when a search has found enough.

    Attributes:
        score: It has, once the best reaches this; 0 for never.
        without_gain: Or once so many molecules in a row made neither the best nor the mean of the
            best hundred better; 0 for never.
    """

    score: float = 0.0
    without_gain: int = 0
    _top: float = 0.0
    _mean: float = 0.0
    _since: int = 0

    def reached(self, judge: Judge) -> str:
        """Return why it has, as a sentence; empty if it has not."""
        if 0 < self.score <= judge.top:
            return f"The best molecule has reached a score of {self.score:g}."
        reached = mean(judge.best(_BEST)) if self.without_gain else 0.0
        if judge.top > self._top + _GAIN or reached > self._mean + _GAIN:
            self._top, self._mean, self._since = judge.top, reached, len(judge.seen)
        if self.without_gain and len(judge.seen) - self._since >= self.without_gain:
            return f"Nothing better came of the last {self.without_gain:,} molecules."
        return ""


def rewriter(model: SmilesModel, rng: np.random.Generator, drawn: torch.Generator) -> Rewrite:
    """Return what lets ``model`` write children; ``drawn`` draws its tokens."""

    def rewrite(parents: Sequence[Scored]) -> Generator[None, None, list[tuple[Scored, Chem.Mol]]]:
        begun = [(parent, _tokens(model, parent.mol, rng)) for parent in parents]
        begun = [(parent, tokens) for parent, tokens in begun if tokens]
        if not begun:
            return []
        # all of a batch begin with equally many tokens
        count = 1 + int(rng.integers(min(len(tokens) for _, tokens in begun)))
        starts = ["".join(tokens[:count]) for _, tokens in begun]
        written: list[str] = []
        for step in sample(model, len(starts), drawn, starts=starts):
            written = step or written
            yield None
        children = [(parent, parser.valid(text)) for (parent, _), text in zip(begun, written)]
        return [(parent, mol) for parent, mol in children if mol is not None]

    return rewrite


def _tokens(model: SmilesModel, mol: Chem.Mol, rng: np.random.Generator) -> list[str]:
    """Return the beginning of a SMILES of a molecule, from any of its atoms, that it can write."""
    (text,) = Chem.MolToRandomSmilesVect(mol, 1, randomSeed=int(rng.integers(1, 1 << 30)))
    return model.vocabulary.beginning(text)


_FIRST, _MOST_FIRST = 100, 1000
"""Molecules that the search begins with, where none are given: a tenth of all, within these."""

_DOCKING = Search(exhaustiveness=4, poses=1, seed=1)

_REPORT_EVERY = 4

_LARGEST_PROFILE = 1 << 20

_NEAR, _TRIES, _NO_KIN = 100, 5, 0.2
"""Edits of a lead that an agent learns from first; tries for each; likeness below which none is."""

_PATIENCE = 3000
"""Steps without a new molecule after which a search has come to its end."""


def improve(ctx: TaskContext, params: Improve) -> Iterator[Event | None]:
    """Search until the budget of scored molecules is used; yield the table of the best.

    The channel ``curve`` carries one JSON object a generation: see ``progress.curve``.
    """
    wanted = _profile(params)
    with ExitStack() as held:
        models = yield from own_score.fitted(ctx, wanted.own())
        own = {name: model.predict for name, model in models.items()}
        docker = _docker(ctx, params, wanted)
        goal = scores.of_profile(wanted, _predictor(ctx, held, wanted), own, docker)
        judge = scores.Judge(goal, _constraints(wanted), is_flat=params.stereo == "ignore")
        yield ctx.progress(0, params.budget, "Starting")
        try:
            ended = yield from _search(ctx, params, wanted, judge)
        except Cancelled:
            if any(scored.score > 0 for scored in judge.seen.values()):
                # once stopped, a step without news would end it: only results are handed over
                yield from filter(None, _result(ctx, params, wanted, judge, stopped=True))
            else:
                note = " ".join(_why_none(wanted, judge))
                yield ctx.result(scored=len(judge.seen), stopped=True, note=note)
            raise
        if params.stereo == "enumerate":
            yield from _stereoisomers(judge, params.count)
        yield from _result(ctx, params, wanted, judge, stopped=False, ended=ended)


def _predictor(ctx: TaskContext, held: ExitStack, wanted: Profile) -> scores.Predictor | None:
    """Return what tells the ADMET figures that a profile asks for, None if it asks for none."""
    predicted = wanted.predicted()
    if not predicted:
        return None
    ensemble = held.enter_context(prediction.borrowed(ctx))
    if ensemble is None:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"The profile uses “{predicted[0]}”, but the ADMET model is not installed.",
            "Run setup again to download it, or remove that objective.",
        )
    return partial(prediction.describe, ensemble)


def _docker(ctx: TaskContext, params: Improve, wanted: Profile) -> scores.Docker | None:
    """Return what docks, None if the profile does not ask for it."""
    if DOCKING not in wanted.figures():
        return None
    if params.method != "genetic":
        raise BadInput("Docking is too slow for reinforcement.", "Choose the genetic search.")
    if not params.target.strip():
        raise BadInput("Docking is an objective, but there is no target.", "Enter one, like DRD2.")
    ligands.require_programs()
    with ctx.lease(docking_weights.WEIGHTS) as targets:
        target = targets.find(params.target)
    return Docking(ctx, target, _DOCKING).energy


def _aside(ctx: TaskContext, steps: Iterator[Any]) -> Generator[Any, None, None]:
    """Take the steps of a search that is slow in each, without holding up the runtime."""
    end = object()
    while (people := (yield from ctx.in_thread(lambda: next(steps, end)))) is not end:
        yield people


def _search(
    ctx: TaskContext, params: Improve, wanted: Profile, judge: scores.Judge
) -> Generator[Event | None, None, str]:
    """Search; return why it ended before its budget, empty if it did not."""

    def body(batch: int) -> Generator[Event, None, str]:
        """Continue the search; if memory runs out, restart the agent but keep the results."""
        settings = reinforcement.Settings(batch=batch, replayed=max(1, batch // 4))
        rng = ctx.rng.torch("cpu")
        steps = reinforcement.search(model, judge, rng, settings, wanted.similarity)
        return (yield from _followed(ctx, params, judge, steps))

    with ctx.lease(params.weights) as model:
        if params.method == "reinforcement":
            for mol in _given(ctx, wanted):
                judge(mol, operation="given")  # the agent learns from the best of these too
                yield None
            if wanted.lead:
                yield from _neighbours(judge, ctx.rng.numpy(), min(_NEAR, params.budget // 4))
            rungs = fewer(reinforcement.Settings.batch, "molecules to learn from at a time")
            return (yield from ctx.ladder(rungs, body))
        first = yield from _first(ctx, params, wanted, model)
        settings = replace(genetic.sized(params.budget), macrocycles=params.macrocycles)
        slow = DOCKING in wanted.figures()
        rewrite = None if slow else rewriter(model, ctx.rng.numpy(), ctx.rng.torch("cpu"))
        steps = genetic.search(judge, first, ctx.rng.numpy(), settings, rewrite)
        if slow:
            steps = _aside(ctx, steps)
        return (yield from _followed(ctx, params, judge, steps))


def _followed(
    ctx: TaskContext, params: Improve, judge: scores.Judge, steps: Iterator[object]
) -> Generator[Event, None, str]:
    """Take the steps of a search, and tell of them, until it has tried or found enough.

    Returns:
        Why it has found enough; empty if it has used its budget.
    """
    budget = params.budget + len(_population(ctx))  # which was tried before
    idle = seen_count = 0
    content = Contentment(params.enough, params.patience)
    for number, people in enumerate(steps):
        if people is not None:
            yield ctx.text(json.dumps(curve(judge)) + "\n", channel="curve")
            if ended := content.reached(judge):
                return ended
        if number % _REPORT_EVERY:
            yield None
        else:
            message = f"best {judge.top:.3f}" if judge.top else "none meets the profile yet"
            yield ctx.progress(len(judge.seen), budget, message)
        idle, seen_count = (idle + 1 if seen_count == len(judge.seen) else 0), len(judge.seen)
        if seen_count >= budget:
            return ""
        if idle > _PATIENCE:
            return f"Nothing new came of the last {_PATIENCE:,} attempts."
    return ""


def _first(
    ctx: TaskContext, params: Improve, wanted: Profile, model: SmilesModel
) -> Generator[Event, None, list[Chem.Mol]]:
    """Return the initial population: the given molecules, else samples."""
    if given := _given(ctx, wanted):
        return given

    def says() -> Event:
        return ctx.progress(0, params.budget, "Generating the first molecules")

    tenth = min(max(_FIRST, params.budget // 10), _MOST_FIRST)
    slow = DOCKING in wanted.figures()
    count = min(_FIRST, max(10, params.budget // 4)) if slow else tenth
    written, rng = list[str](), ctx.rng.torch("cpu")
    while len(written) < count:
        written += yield from strings(ctx, model, min(BATCH, count - len(written)), rng, says)
    valid = [parser.valid(text) for text in written]
    first = [mol for mol in valid if mol is not None]
    return first or [Chem.MolFromSmiles("c1ccccc1")]


def _given(ctx: TaskContext, wanted: Profile) -> list[Chem.Mol]:
    """Return the molecules to go on from, and the lead."""
    smiles = [*_population(ctx), *([wanted.lead] if wanted.lead else [])]
    return [parser.parse(text).mol for text in smiles]


def _neighbours(judge: scores.Judge, rng: np.random.Generator, count: int) -> Iterator[None]:
    """Score small edits of the population, and edits of these: a model alone never comes near."""
    people = list(judge.seen.values())
    for _ in range(count * _TRIES):
        if len(people) > count:
            return
        parent = people[int(rng.integers(len(people)))]
        edited = graph_mutations.mutate(parent.mol, rng, judge.constraints.fixed_atoms(parent.mol))
        if edited is None or judge.constraints.broken(edited[0]):
            yield None
            continue
        scored = judge(edited[0], parent.smiles, edited[1])
        if scored is not None and not _is_too_far(scored):
            people.append(scored)
        yield None


def _is_too_far(scored: scores.Scored) -> bool:
    return scored.figures.get("similarity", 1.0) < _NO_KIN


def _why_none(wanted: Profile, judge: scores.Judge) -> tuple[str, str]:
    """Return the reason that no molecule qualified, and a remedy."""
    count = f"None of {len(judge.seen):,} molecules"
    if judge.broken == len(judge.seen):
        return f"{count} has the structure that is asked for.", "Ask for less of it."
    near = max(
        (scored.figures.get("similarity", 0.0) for scored in judge.seen.values()), default=0.0
    )
    if near < wanted.similarity:
        reason = f"{count} is as like the lead as asked ({wanted.similarity:g})"
        return f"{reason}; the nearest has {near:.2f}.", "Lower the similarity, or use Genetic."
    return (
        f"{count} meets the profile.",
        "Widen a range or a limit, lower the similarity, or allow more evaluations.",
    )


def _origin(origins: Mapping[str, Any], scored: scores.Scored, seed: int) -> tuple[str, str, int]:
    """Return parent, operation and seed; for given molecules, those of the original search."""
    match origins.get(scored.smiles):
        case [str(parent), str(operation), int(before)] if scored.operation == "given":
            return parent, operation, before
    return scored.parent, scored.operation, seed


def _population(ctx: TaskContext) -> list[str]:
    """Return what an earlier search came to."""
    return ctx.inputs.json("population", list[str], [])


def _stereoisomers(judge: scores.Judge, count: int) -> Iterator[None]:
    """Score the stereoisomers of the best; they are listed beside their parents."""
    for scored in list(judge.best(count)):
        for mol in stereo.isomers(scored.mol) if scored.score > 0 else ():
            judge(mol, scored.smiles, "stereoisomer")
            yield None


def _result(
    ctx: TaskContext,
    params: Improve,
    wanted: Profile,
    judge: scores.Judge,
    *,
    stopped: bool,
    ended: str = "",
) -> Iterator[Event | None]:
    rows, origins = [], ctx.inputs.json("origins", dict[str, list[Any]], {})
    for scored in judge.best(params.count):
        if scored.score > 0:
            figures = {**descriptors.describe(scored.mol), **scored.figures, "score": scored.score}
            parent, operation, seed = _origin(origins, scored, ctx.rng.seed)
            rows.append(Molecule(scored.smiles, "", parent, operation, seed, figures))
            yield None
    if not rows:
        raise BadInput(*_why_none(wanted, judge))
    meta: dict[str, Any] = {"ended": ended} if ended else {}
    counts = {"scored": len(judge.seen), "best": rows[0].figures["score"], "stopped": stopped}
    title = f"{counted(len(rows))} improved to a profile"
    profile = msgspec.to_builtins(wanted)
    yield from finish(ctx, rows, title, profile=profile, method=params.method, **counts, **meta)


def _profile(params: Improve) -> Profile:
    """Return the profile of the file or of the form, with the lead of the parameters."""
    data = _read(Path(params.profile)) if params.profile else msgspec.json.encode(params.goal)
    profile = profiles.parse(data, params.lead)
    return msgspec.structs.replace(
        profile,
        must_have=f"{profile.must_have} {params.must_have}".strip(),
        must_not_have=f"{profile.must_not_have} {params.must_not_have}".strip(),
        keep=params.keep.strip() or profile.keep,
        odd=params.odd or profile.odd,
    )


def _constraints(wanted: Profile) -> Constraints:
    lead = parser.parse(wanted.lead).mol if wanted.lead else None
    must, must_not = wanted.must_have, wanted.must_not_have
    return constraints(must, must_not, wanted.keep, odd=wanted.odd, lead=lead)


def _read(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            data = file.read(_LARGEST_PROFILE + 1)
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror}.") from error
    if len(data) > _LARGEST_PROFILE:
        raise BadInput(f"“{path.name}” is too large for a profile.", "Choose another file.")
    return data

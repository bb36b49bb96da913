"""The task ``molecules.fit``: learn a column of the user's own, predict it for all molecules."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from functools import partial
from typing import Any

import msgspec

from studio.api import BadInput, Event, TaskContext
from studio_molecules.chem import own_model
from studio_molecules.chem.own_model import OwnModel
from studio_molecules.chem.parser import valid
from studio_molecules.objectives import OWN
from studio_molecules.properties import FIGURES
from studio_molecules.schema import Fit
from studio_molecules.tasks.table_artifact import finish
from studio_molecules.tasks.table_input import given

_BETWEEN_STEPS = 16


def fit(ctx: TaskContext, params: Fit) -> Iterator[Event | None]:
    """Fit a model on a column; yield the table with its predictions.

    A molecule with a value gets the prediction of the fold that did not see it, so that the two can
    be compared; ``error`` and ``r2`` of the result are computed from these.

    Raises:
        BadInput: There is no such column of numbers, or it has too few.
    """
    molecules, _name, problems = yield from given(ctx, params)
    taught = [n for n, entry in enumerate(molecules) if params.column in entry.figures]
    if not taught:
        own = {id for entry in molecules for id in entry.figures if id not in FIGURES}
        raise BadInput(
            f"There is no column of numbers called “{params.column}”.",
            f"There are: {', '.join(sorted(own)) or 'none'}.",
        )
    chosen = [taught[place] for place in own_model.thinned(len(taught))]
    chosen = [place for place in chosen if valid(molecules[place].smiles) is not None]
    yield ctx.progress(0, 0, f"Fitting {params.column} on {len(chosen):,} molecules")
    smiles = [molecules[place].smiles for place in chosen]
    values = [molecules[place].figures[params.column] for place in chosen]
    model = yield from ctx.in_thread(lambda: own_model.fit(smiles, values, params.column))
    unseen = dict(zip(chosen, model.unseen, strict=True))
    rows = []
    for place, molecule in enumerate(molecules):
        mol = valid(molecule.smiles)
        if mol is not None:
            value = unseen.get(place)
            prediction = model.predict(mol) if value is None else value
            figures = {**molecule.figures, f"{params.column} (predicted)": prediction}
            molecule = msgspec.structs.replace(molecule, figures=figures)
        rows.append(molecule)
        if place % _BETWEEN_STEPS == 0:
            yield ctx.progress(place, len(molecules), f"{place:,} predicted")
    counts = {
        "method": model.method,
        "error": round(model.error, 4),
        "r2": round(model.r2, 4),
        "fitted_on": len(chosen),
        **problems,
    }
    title = f"{params.column} model (RMSE {model.error:.3g}, R² {model.r2:.2f})"
    yield from finish(ctx, rows, title, **counts)


def fitted(
    ctx: TaskContext, names: Iterable[str]
) -> Generator[Event | None, None, dict[str, OwnModel]]:
    """Return a model for each of these columns of the user's own, of the input ``own``.

    Raises:
        BadInput: The values of one are not among the inputs, or teach nothing.
    """
    given = ctx.inputs.json("own", dict[str, dict[str, list[Any]]], {})
    models = {}
    for name in names:
        called = name.removeprefix(OWN)
        if name not in given:
            raise BadInput(
                f"The values of the column “{called}” are not here.",
                "Open the table that has it, and choose it again.",
            )
        yield ctx.progress(0, 0, f"Fitting {called}")
        smiles = tuple(str(value) for value in given[name]["smiles"])
        values = tuple(float(value) for value in given[name]["values"])
        models[name] = yield from ctx.in_thread(
            partial(own_model.cached_fit, smiles, values, called)
        )
    return models

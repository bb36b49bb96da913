"""From a page's request to a complete recipe: validated, the seed drawn, the weights named."""

from __future__ import annotations

import hashlib
import itertools
import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from studio.api.inputs import packed
from studio.api.jobs import HERE, JobRequest
from studio.api.manifest import TaskEntry
from studio.api.params import Field, FieldKind, Params
from studio.jobs.job import Job, Recipe
from studio.jobs.picked_files import CheckFile, paths_of
from studio.protocol.blobs import describe
from studio.protocol.energy import Rates
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import Submit

LONGEST_TITLE = 120
SEED_BITS = 32
"""Of a drawn seed: short enough to read and type, plenty to differ."""


def random_seed() -> int:
    """Return a seed that nobody can tell beforehand."""
    return secrets.randbits(SEED_BITS)


def called_seeds(seed: int, number: int) -> Callable[[], int]:
    """Return what draws the seeds of the call ``number`` of a job: the same ones each time."""
    places = itertools.count()

    def draw() -> int:
        content = f"{seed} {number} {next(places)}".encode()
        return int.from_bytes(hashlib.sha256(content).digest()[: SEED_BITS // 8], "big")

    return draw


class Named(Protocol):
    """Anything with an id and a capability; empty if unknown."""

    @property
    def id(self) -> str: ...

    @property
    def capabilities(self) -> tuple[str, ...]: ...


class Weights(Protocol):
    """The catalogue's interface for recipes."""

    def default_for(self, capability: str, prefer: str, /) -> Named: ...

    def get(self, weights_id: str, /) -> Named: ...


def make_recipe(
    plugin: str,
    entry: TaskEntry,
    params: Params,
    weights: Weights,
    request: JobRequest,
    check_file: CheckFile,
    draw: Callable[[], int] = random_seed,
) -> Recipe:
    """Return the complete recipe of one run of the task ``entry`` with checked ``params``.

    Args:
        check_file: Refuses a path that the task may not be handed.
        draw: Returns the seeds that nobody chose.

    Raises:
        StudioError: No weights fit, or the named ones are not there or for something else; or the
            task takes no such inputs, or may not have a file.
    """
    values = params.to_dict()
    for field, path in paths_of(params.fields(), values):
        check_file(entry, field, path)
    seed = request.seed
    draw = draw if request.seed is None else lambda: request.seed or 0
    named: list[str] = []
    files: list[str] = []
    for field in params.fields():
        value = values[field.name]
        if field.kind is FieldKind.SEED and value is not None:
            values[field.name] = value if value >= 0 else draw()
            seed = values[field.name] if seed is None else seed
        elif field.kind is FieldKind.WEIGHTS and value is not None:
            chosen = weights.get(value) if value else _best(weights, field)
            if chosen is None:
                values[field.name] = None
                continue
            _check_purpose(chosen, field.capability)
            values[field.name] = chosen.id
            named.append(chosen.id)
        elif field.item is FieldKind.WEIGHTS:
            for row in map(weights.get, value or ()):
                _check_purpose(row, field.capability)
                named.append(row.id)
        elif field.kind is FieldKind.FILE and value:
            files.append(field.name)
    return Recipe(
        plugin=plugin,
        task=entry.id,
        params=values,
        seed=draw() if seed is None else seed,
        title=_title(request.title or entry.title),
        weights=tuple(named),
        kind=entry.produces[0] if entry.produces else "",
        priority=request.priority,
        inputs=_inputs(entry, request.inputs),
        parents=tuple(request.parents),
        keep=request.keep,
        private=request.private,
        whole=request.whole,
        conversation=request.conversation,
        files=tuple(files),
        page=request.page,
        target=request.target,
        anew=request.anew,
        grows_with=entry.grows_with,
        machine="" if request.machine == HERE else request.machine,
    )


def check_inputs(entry: TaskEntry, given: Collection[str]) -> None:
    """Make sure that a task takes the inputs with these names.

    Raises:
        StudioError: ``BAD_INPUT``: it does not.
    """
    if unknown := sorted(set(given) - set(entry.inputs)):
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"“{entry.title}” takes no input called “{unknown[0]}”.",
            f"It takes: {', '.join(entry.inputs) or 'none'}.",
        )


def _inputs(entry: TaskEntry, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs as they travel."""
    check_inputs(entry, given)
    try:
        return {name: packed(value) for name, value in given.items()}
    except (TypeError, ValueError, RecursionError) as error:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"What “{entry.title}” was given cannot be handed to it: {error}.",
            "Give bytes, text, plain data, or a contiguous array of numbers.",
        ) from error


def _best(weights: Weights, field: Field) -> Named | None:
    """Return the best weights for ``field``; None if there are none and it can do without."""
    try:
        return weights.default_for(field.capability, field.prefer)
    except StudioError as error:
        if field.optional and error.code is ErrorCode.NOT_FOUND:
            return None
        raise


def _check_purpose(weights: Named, capability: str) -> None:
    if not capability or not weights.capabilities or capability in weights.capabilities:
        return
    raise StudioError(
        ErrorCode.BAD_INPUT,
        f"The model “{weights.id}” supports “{', '.join(weights.capabilities)}”, but this job "
        f"needs “{capability}”.",
        "Choose another model; the Models page shows what each one supports.",
    )


def submission(job: Job, checkpoint: str = "", rates: Rates | None = None) -> Submit:
    """Return the message that asks the runtime for ``job``; its inputs travel in their order.

    Args:
        checkpoint: Folder that outlives a kill.
        rates: By which the task is told what it used in joules.
    """
    recipe = job.recipe
    names = list(recipe.inputs)
    return Submit(
        job.id,
        recipe.task,
        dict(recipe.params),
        recipe.seed,
        recipe.priority,
        blobs={name: index for index, name in enumerate(names)},
        specs={name: describe(recipe.inputs[name]) for name in names},
        private=recipe.private,
        whole=recipe.whole,
        files=recipe.files,
        caller=job.caller.id if job.caller else "",
        call=job.call,
        checkpoint=checkpoint,
        rates=rates,
    )


def _title(words: str) -> str:
    """Return the text as one line for a list, cut between words with an ellipsis."""
    line = " ".join(words.split())
    if len(line) <= LONGEST_TITLE:
        return line
    cut = line[: LONGEST_TITLE - 1]
    return f"{cut.rpartition(' ')[0] or cut}…"

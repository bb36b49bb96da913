"""The request stored with a row of the queue, so that another studio can run it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from studio.api.jobs import HERE, JobRequest
from studio.api.manifest import TaskEntry
from studio.api.params import Params
from studio.jobs.job import Recipe
from studio.jobs.picked_files import CheckFile
from studio.jobs.recipes import Weights, check_inputs, make_recipe
from studio.library.rows import JobEntry, Record
from studio.protocol.blobs import describe, shaped
from studio.protocol.errors import ErrorCode, ErrorInfo, StudioError
from studio.protocol.messages import BlobSpec
from studio.protocol.states import Priority

Resolve = Callable[[JobRequest], tuple[str, TaskEntry, Params]]
"""Returns the plugin and the entry of a task, and the checked parameters.

Raises:
    StudioError: No such task, or wrong parameters.
"""


class Kept(msgspec.Struct, frozen=True):
    """The request as the journal has it; parameters, seed and digests are in the record.

    Attributes:
        specs: Name of the input → what its bytes are.
        machine: As the recipe has it.
    """

    specs: dict[str, BlobSpec] = {}
    parents: tuple[str, ...] = ()
    whole: bool = False
    page: str = ""
    target: str = ""
    machine: str = ""


class Row(NamedTuple):
    """A row of the queue that an earlier studio wrote; ``trouble`` says why it cannot be run."""

    entry: JobEntry
    record: Record
    trouble: StudioError | None = None


def written(recipe: Recipe) -> dict[str, Any]:
    """Return the journal entry of ``recipe``."""
    specs = {name: describe(data) for name, data in recipe.inputs.items()}
    plain: dict[str, Any] = msgspec.to_builtins(
        Kept(specs, recipe.parents, recipe.whole, recipe.page, recipe.target, recipe.machine)
    )
    return plain


def specs(recipe: Recipe) -> dict[str, dict[str, Any]]:
    """Return the specs of array inputs for the record: name → dtype and shape."""
    described = {name: describe(data) for name, data in recipe.inputs.items()}
    return {
        name: msgspec.to_builtins(spec) for name, spec in described.items() if spec.dtype != "bytes"
    }


def read(entry: JobEntry) -> Kept:
    """Return what ``written`` made.

    Raises:
        StudioError: It is something else: of a newer studio, or damaged.
    """
    try:
        return msgspec.convert(entry.request, Kept)
    except msgspec.ValidationError as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{entry.title}” was queued by another version of Offline Studio and cannot be read.",
            "Start it again from its page.",
            str(error),
        ) from error


def recipe_of(
    row: Row,
    inputs: Mapping[str, Any] | None,
    resolve: Resolve,
    weights: Weights,
    check_file: CheckFile,
) -> Recipe:
    """Return the recipe of a row as this studio would run it, with its seed.

    Args:
        inputs: None: they are left in the library.

    Raises:
        StudioError: Its plugin, its weights or its inputs are gone, it is of another version, or
            nobody picked its files.
    """
    if row.trouble:
        raise row.trouble
    stored = read(row.entry)
    request = JobRequest(
        row.entry.task,
        row.record.params,
        title=row.entry.title,
        priority=Priority(row.entry.priority),
        inputs=inputs or {},
        parents=stored.parents,
        whole=stored.whole,
        page=stored.page,
        target=stored.target,
        machine=stored.machine or HERE,
    )
    plugin, entry, params = resolve(request)
    check_inputs(entry, row.record.inputs)
    seed = row.record.seed or 0
    return make_recipe(plugin, entry, params, weights, request, check_file, lambda: seed)


def told(row: Row) -> StudioError | None:
    """Return why a row failed."""
    error = row.entry.error
    return StudioError.from_info(msgspec.convert(error, ErrorInfo)) if error else None


def as_sent(spec: BlobSpec | None, data: bytes) -> Any:
    """Return the stored bytes of an input in transfer form.

    Raises:
        StudioError: They do not match ``spec``.
    """
    return data if spec is None or spec.dtype == "bytes" else shaped(spec, data)


def bare(row: Row) -> Recipe:
    """Return the known part of a row that cannot be run: enough to show it."""
    entry, record = row.entry, row.record
    return Recipe(entry.plugin, entry.task, record.params, record.seed or 0, entry.title)

"""What a running job calls for, as a request of its own, and what it is told of the end of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from studio.api.jobs import HERE, JobRequest
from studio.api.params import FieldKind, Params
from studio.core.jobs.job import Job, Recipe
from studio.core.jobs.recipes import Weights, called_seeds, make_recipe
from studio.core.jobs.requests import Resolve
from studio.protocol.blobs import shaped
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import Call, CallEnded

CheckCall = Callable[[Job, Recipe, Params], None]
"""Takes a caller, and the recipe and parameters of what it calls for; raises if it may not."""


def request_of(call: Call, blobs: Sequence[memoryview], caller: Job) -> JobRequest:
    """Return what ``caller`` asks for: kept, shown and erased as what it makes itself is."""
    recipe = caller.recipe
    return JobRequest(
        call.task,
        call.params,
        title=call.title,
        priority=recipe.priority,
        inputs={name: _input(call, name, blobs[index]) for name, index in call.blobs.items()},
        parents=call.parents,
        keep=recipe.keep and call.keep,
        private=recipe.private,
        whole=True,
        conversation=recipe.conversation,
        machine=caller.machine or HERE,
    )


def called_recipe(
    resolve: Resolve,
    weights: Weights,
    check: CheckCall,
    call: Call,
    caller: Job,
    blobs: Sequence[memoryview],
) -> Recipe:
    """Return what is run for ``call``.

    Raises:
        StudioError: There is no such task, its parameters are wrong, or the caller may not.
    """
    request = request_of(call, blobs, caller)
    draw = called_seeds(caller.recipe.seed, call.number)
    plugin, entry, params = resolve(request)
    recipe = make_recipe(plugin, entry, params, weights, request, draw)
    check(caller, recipe, params)
    return recipe


def check_files(caller: Recipe, recipe: Recipe, params: Params, library: Path) -> None:
    """Refuse files that nobody picked, in a call of a job that cannot read files itself.

    It may name those that the user picked for it, and results in the library.

    Raises:
        StudioError: ``PERMISSION``.
    """
    own = {str(caller.params[name]) for name in caller.files}
    for field in params.fields():
        is_file = field.kind is FieldKind.FILE
        if not is_file and not (field.kind is FieldKind.LIST and field.file.suffixes):
            continue
        value = recipe.params[field.name]
        for path in map(str, [value] if is_file else value or ()):
            is_own = path in own or (is_file and value == field.default)
            if path and not is_own and not Path(path).resolve().is_relative_to(library.resolve()):
                raise StudioError(
                    ErrorCode.PERMISSION,
                    f"The plugin “{caller.plugin}” may not have {recipe.task} read "
                    f"{Path(path).name}: you have not picked that file for it.",
                    "Pass files that were picked for the task, or results from the library.",
                    plugin=caller.plugin,
                )


def answer(job: Job) -> CallEnded:
    """Return what the caller of ``job``, which is over, is told."""
    assert job.caller is not None
    own = [each for each in job.artifacts if each.record == job.record]
    return CallEnded(
        job.caller.id,
        job.call,
        job.state,
        job.error.info() if job.error else None,
        tuple(each.id for each in own),
        tuple(str(each.path) if each.path != Path() else "" for each in own),
    )


def _input(call: Call, name: str, blob: memoryview) -> bytes | memoryview:
    spec = call.specs.get(name)
    return bytes(blob) if spec is None or spec.dtype == "bytes" else shaped(spec, blob)

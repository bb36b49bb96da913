"""Calls of a running job, each as a request of its own, and the answers to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from studio.api.jobs import HERE, JobRequest
from studio.jobs.job import Job, Recipe
from studio.jobs.picked_files import FileProofs
from studio.jobs.recipes import Weights, called_seeds, make_recipe
from studio.jobs.requests import Resolve
from studio.protocol.blobs import shaped
from studio.protocol.messages import Call, CallEnded


def request_of(call: Call, blobs: Sequence[memoryview], caller: Job) -> JobRequest:
    """Return the request for a call of ``caller``: stored and erased like its own results."""
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
    proofs: FileProofs,
    call: Call,
    caller: Job,
    blobs: Sequence[memoryview],
) -> Recipe:
    """Return the recipe for ``call``.

    Raises:
        StudioError: There is no such task, its parameters are wrong, or the caller may not.
    """
    request = request_of(call, blobs, caller)
    request = replace(request, params=proofs.with_results(caller, call.task, call.params))
    draw = called_seeds(caller.recipe.seed, call.number)
    plugin, entry, params = resolve(request)
    check_file = proofs.of_call(caller)
    return make_recipe(plugin, entry, params, weights, request, check_file, draw)


def answer(job: Job) -> CallEnded:
    """Return the answer to the caller of ``job``, which is over."""
    assert job.caller is not None
    own = [artifact for artifact in job.artifacts if artifact.record == job.record]
    return CallEnded(
        job.caller.id,
        job.call,
        job.state,
        job.error.info() if job.error else None,
        tuple(artifact.id for artifact in own),
        tuple(str(artifact.path) if artifact.path != Path() else "" for artifact in own),
    )


def _input(call: Call, name: str, blob: memoryview) -> bytes | memoryview:
    spec = call.specs.get(name)
    return bytes(blob) if spec is None or spec.dtype == "bytes" else shaped(spec, blob)

"""What a running job calls for, as a request of its own, and what it is told of the end of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from studio.api.jobs import JobRequest
from studio.core.jobs.job import Job
from studio.protocol.blobs import shaped
from studio.protocol.messages import Call, CallEnded


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

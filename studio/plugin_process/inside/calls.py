"""Tasks of other plugins that a task calls: asked for over the link, what comes of them put back
together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from studio.api.artifacts import Verdict
from studio.api.inputs import packed
from studio.api.worker.call_outcome import CalledArtifact, CallOutcome
from studio.plugin_process import messages as m
from studio.plugin_process.inside.wire import Wire
from studio.plugin_process.plain_data import plain
from studio.protocol.blobs import describe


def call(
    wire: Wire,
    task: str,
    params: Mapping[str, Any],
    inputs: Mapping[str, Any],
    *,
    title: str,
    parents: Sequence[str],
    keep: bool,
    units: float,
) -> CallOutcome:
    """Ask for a task and wait for what comes of it; see ``TaskContext.call``."""
    blobs = {name: packed(value) for name, value in inputs.items()}

    def question(ask: int) -> m.CallTask:
        return m.CallTask(
            ask,
            task,
            plain(dict(params), f"what “{task}” was given"),
            tuple(blobs),
            tuple(describe(blob) for blob in blobs.values()),
            title,
            tuple(parents),
            keep,
            units,
        )

    artifacts: list[CalledArtifact] = []
    result: Mapping[str, Any] = {}
    text = ""
    for value, came in wire.answers(question, tuple(blobs.values())):
        if value is None:
            break
        if came:
            artifacts.append(_artifact(value, bytes(came[0])))
        else:
            result, text = value["result"], value["text"]
    return CallOutcome(result, tuple(artifacts), text)


def _artifact(facts: dict[str, Any], payload: bytes) -> CalledArtifact:
    verdict = facts.pop("verdict")
    checked = msgspec.convert(verdict, Verdict) if verdict else None
    return CalledArtifact(payload=payload, verdict=checked, **facts)

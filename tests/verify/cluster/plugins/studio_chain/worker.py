"""What a runtime computes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from studio.api import Event, Kind, TaskContext, hookimpl
from studio_chain.schema import Make, Read

STEP = 20_000
"""Digests of a round: some 15 ms of a processor."""


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    return {"chain.make": make, "chain.read": read}


def make(ctx: TaskContext, params: Make) -> Iterator[Event]:
    digest = f"{params.word} {params.seed}".encode()
    for done in range(params.rounds):
        for _ in range(STEP):
            digest = hashlib.sha256(digest).digest()
        yield ctx.progress(done + 1, params.rounds)
    yield _text(ctx, digest.hex())


def read(ctx: TaskContext, params: Read) -> Iterator[Event]:
    yield _text(ctx, hashlib.sha256(Path(params.file).read_bytes()).hexdigest())


def _text(ctx: TaskContext, text: str) -> Event:
    return ctx.artifact(Kind.TEXT, text.encode(), suffix=".txt", text=text)

"""Runtime half of the echo: streams words, makes one text artifact."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from studio.api import Check, Event, Kind, Loader, TaskContext, Verdict, hookimpl
from studio_echo.schema import Say


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    return {"echo.say": say}


@hookimpl
def studio_loaders() -> Sequence[Loader]:
    return []


@hookimpl
def studio_checks() -> Mapping[str, Callable[[bytes], Verdict]]:
    return {"text": check}


def say(ctx: TaskContext, params: Say) -> Iterator[Event]:
    words = [word for word in params.text.split() if word not in params.skip] * params.times
    said: list[str] = []
    for number, word in enumerate(words, 1):
        time.sleep(params.seconds_per_word)
        said.append(f"{number}.{word}" if params.number else word)
        if params.voice == "loud":
            said[-1] = said[-1].upper()
        yield ctx.text(said[-1] + " ", number)
        yield ctx.progress(number, len(words), word)
    text = " ".join(said)
    payload = text.encode()
    yield ctx.artifact(
        Kind.TEXT, payload, suffix=".txt", title=params.text[:40], text=text, verdict=check(payload)
    )
    note = {} if words else {"note": "Every word was skipped."}
    yield ctx.result(text=text, words=len(words), seed=ctx.rng.seed, **note)


def check(payload: bytes) -> Verdict:
    return Verdict((Check("not empty", bool(payload), f"{len(payload)} bytes"),))

"""Tasks that call others."""

from __future__ import annotations

from contextlib import nullcontext

from studio.api import StudioError, hookimpl


@hookimpl
def studio_tasks():
    chain = dict.fromkeys(
        (f"callers.{name}" for name in ("one", "two", "three", "four", "five")), link
    )
    return {"callers.make": make, "callers.call": call_anything, **chain}


def make(ctx, params):
    yield ctx.progress(0, 3, "begins")
    poem = yield from ctx.call("makers.poem", {"about": params.about})
    words = poem.result["words"]
    assert poem.text.split() == words.split()
    picture = yield from ctx.call(
        "makers.picture",
        {"prompt": words},
        inputs={"mood": "calm"},
        title="Its picture",
        parents=[poem.artifacts[0].id],
    )
    yield ctx.progress(3, 3)
    [painted] = picture.artifacts
    told = painted.payload.decode()
    yield ctx.artifact("text", told.encode(), suffix=".txt", title="Both", text=told)
    yield ctx.result(
        told=told, ids=[poem.artifacts[0].id, painted.id], passed=painted.verdict.passed
    )


def call_anything(ctx, params):
    yield None
    held = nullcontext()
    if params.holds == "library":
        yield ctx.result(found=len(ctx.library.find()))
        return
    given = {"size": params.size} if params.size else {}
    if params.holds == "before":
        with ctx.lease(params.weights):
            yield None
    elif params.holds == "lease":
        held = ctx.lease(params.weights)
    elif params.holds == "alone":
        held = ctx.alone()
    with held:
        try:
            outcome = yield from ctx.call(params.task, given)
        except StudioError as error:
            if not params.catches:
                raise
            yield ctx.result(caught=error.message)
            return
    yield ctx.result(made=[each.read().decode() for each in outcome.artifacts])


def link(ctx, params):
    for _ in range(params.steps):
        yield None
    reached = 1
    if params.rest:
        first, *rest = params.rest
        given = {"rest": rest, "steps": params.steps} if first.startswith("callers.") else {}
        outcome = yield from ctx.call(first, given)
        reached += outcome.result.get("reached", 0)
    yield None
    yield ctx.result(reached=reached)

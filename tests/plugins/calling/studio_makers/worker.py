"""Makers whose results follow from their seeds."""

from __future__ import annotations

from studio.api import BadInput, Check, Verdict, hookimpl


@hookimpl
def studio_tasks():
    return {
        "makers.poem": poem,
        "makers.picture": picture,
        "makers.film": film,
        "makers.fail": fail,
        "makers.forever": forever,
    }


@hookimpl
def studio_checks():
    return {"image": lambda payload: Verdict((Check("bytes", bool(payload), "It has some."),))}


def poem(ctx, params):
    words = f"{params.about} {params.seed}"
    for done, word in enumerate(words.split()):
        yield ctx.text(f"{word} ")
        yield ctx.progress(done + 1, 2, "writing")
    yield ctx.artifact("text", words.encode(), suffix=".txt", title="A poem", text=words)
    yield ctx.result(words=words if ctx.wants_whole else "")


def picture(ctx, params):
    for done in range(4):
        yield ctx.progress(done + 1, 4, "painting")
    mood = ctx.inputs.text("mood", "none")
    told = f"{params.prompt}|{params.weights}|{params.seed}|{mood}"
    yield ctx.artifact("image", told.encode(), suffix=".png", title="A picture")
    yield ctx.result(size=params.size)


def film(ctx, params):
    yield None
    file = ctx.scratch / "film.txt"
    file.write_text("a long film")
    yield ctx.artifact("text", file, suffix=".txt", title="A film")


def fail(ctx, params):
    yield None
    raise BadInput("There is no paint.", "Buy some.")


def forever(ctx, params):
    while True:
        yield ctx.progress(1, 2, "going on")

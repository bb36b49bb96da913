"""A poem by the chat, a picture of it by the pictures, and a card with both. Loads no model."""

from __future__ import annotations

import base64
import html
from collections.abc import Generator, Iterator, Mapping

from studio.api import (
    BadInput,
    CalledArtifact,
    CallOutcome,
    Check,
    ErrorCode,
    Event,
    StudioError,
    TaskContext,
    Verdict,
    hookimpl,
)
from studio.api.worker.context import Task
from studio_poem_picture.schema import Make

_FORMS = {
    "haiku": "as a haiku of three lines",
    "rhyme": "in {lines} lines that rhyme",
    "free": "in {lines} short lines",
}
_SCENE = r"[a-z]+( [a-z]+){0,2}"
"""Three words at most: what a painter can do something with."""


@hookimpl
def studio_tasks() -> Mapping[str, Task]:
    return {"poem_picture.make": make}


def make(ctx: TaskContext, params: Make) -> Iterator[Event]:
    """Write a poem, paint it, and put both on a card.

    Yields progress, the poem as text, a ``poem_card`` artifact (one HTML file), and the result:
    ``poem``, ``scene`` (what was painted), ``known`` (whether the painter knew what the poem's own
    words asked for), ``picture`` (its id in the library).

    Raises:
        BadInput: There is nothing to write about, or the model wrote nothing.
        StudioError: A model is missing, or cannot do it.
    """
    about = params.about.strip()
    if not about:
        raise BadInput("There is nothing to write about.", "Enter what the poem is about.")
    yield ctx.progress(0, 3, "Writing the poem")
    form = _FORMS[params.form].format(lines=params.lines)
    asked = f"Write a poem about {about} {form}. Write the poem only."
    written = yield from _ask(ctx, params, asked, f"Poem: {about}", max_tokens=40 * params.lines)
    poem = written.text.strip()
    if not poem:
        raise BadInput("The model wrote no poem.", "Choose another model or another seed.")
    yield ctx.text(f"{poem}\n")

    yield ctx.progress(1, 3, "Looking for its picture")
    asked = f"{poem}\n\nIn at most three words: what could be painted of this poem?"
    scene = yield from _ask(ctx, params, asked, "What to paint", max_tokens=12, regex=_SCENE)

    yield ctx.progress(2, 3, "Painting")
    parents = [each.id for each in written.artifacts if each.id]
    painted, known = yield from _paint(ctx, params, scene.text.strip(), about, parents)
    picture = painted.artifacts[0]
    yield ctx.progress(3, 3)
    yield ctx.artifact(
        "poem_card",
        card(about, poem, picture).encode(),
        suffix=".html",
        title=about,
        text=poem,
        verdict=_verdict(poem, picture),
        meta={"picture": picture.id},
        preview=picture.preview,
    )
    yield ctx.result(poem=poem, scene=picture.text, known=known, picture=picture.id)


def _ask(
    ctx: TaskContext, params: Make, prompt: str, title: str, *, max_tokens: int, regex: str = ""
) -> Generator[Event, None, CallOutcome]:
    asked = {
        "prompt": prompt,
        "weights": params.weights,
        "max_tokens": max_tokens,
        "temperature": 0.8,
        "regex": regex,
    }
    # What is to be painted is no result of its own; the poem is one.
    return (yield from ctx.call("chat.reply", asked, title=title, keep=not regex))


def _paint(
    ctx: TaskContext, params: Make, scene: str, about: str, parents: list[str]
) -> Generator[Event, None, tuple[CallOutcome, bool]]:
    """Paint ``scene``; a painter that does not know its words paints ``about``."""

    def drawn(prompt: str) -> Generator[Event, None, CallOutcome]:
        asked = {"weights": params.painter, "count": 1, "prompt": prompt}
        return ctx.call("image.generate", asked, title=f"Picture: {about}", parents=parents)

    try:
        if scene:
            return (yield from drawn(scene)), True
    except StudioError as error:
        if error.code is not ErrorCode.BAD_INPUT:
            raise
    return (yield from drawn(about)), False


def card(title: str, poem: str, picture: CalledArtifact) -> str:
    """Return one HTML page that needs no other file."""
    shown = base64.b64encode(picture.read()).decode()
    verses = "<br>\n".join(html.escape(line) for line in poem.splitlines())
    return (
        f"<!doctype html>\n<meta charset=utf-8>\n<title>{html.escape(title)}</title>\n"
        f'<img alt="{html.escape(picture.text, quote=True)}" '
        f'src="data:image/png;base64,{shown}">\n<p>{verses}</p>\n'
    )


def _verdict(poem: str, picture: CalledArtifact) -> Verdict:
    checks = picture.verdict.checks if picture.verdict else ()
    lines = len([line for line in poem.splitlines() if line.strip()])
    return Verdict((Check("poem", lines > 1, f"It has {lines} lines."), *checks))

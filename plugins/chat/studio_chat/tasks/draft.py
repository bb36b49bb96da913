"""The task ``chat.draft``: a letter, an e-mail, a post or a story from a few facts."""

from __future__ import annotations

from collections.abc import Iterator

from studio.api import BadInput, Cancelled, Event, Kind, SamplingParams, TaskContext, write_text
from studio_chat.schema import Draft
from studio_chat.tasks import instructions


def draft(ctx: TaskContext, params: Draft) -> Iterator[Event]:
    """Write a text about the subject in the parameters.

    Yields text as it is generated, and at the end a ``text`` artifact and the result: ``text`` and
    ``finish_reason``. A stopped draft keeps its partial text.

    Raises:
        BadInput: The subject is missing, or the model wrote nothing.
        StudioError: The weights cannot be used.
    """
    if not params.about.strip():
        raise BadInput("Nothing says what to write about.", "Name the facts in a few words.")
    pieces: list[str] = []
    sampling = SamplingParams(
        temperature=params.temperature,
        repetition_penalty=1.05,
        seed=ctx.rng.seed,
        max_tokens=params.max_tokens,
    )
    try:
        with ctx.lease(params.weights) as engine:
            written = yield from write_text(
                ctx,
                engine,
                instructions.to_draft(params),
                sampling,
                weights=params.weights,
                message="Writing",
                into=pieces,
            )
    except Cancelled:
        if "".join(pieces).strip():
            yield from _finish(ctx, params, pieces, "stopped")
        raise
    if not "".join(pieces).strip():
        raise BadInput("The model wrote nothing.", "Choose another model.")
    yield from _finish(ctx, params, pieces, written.finish_reason)


def _finish(ctx: TaskContext, params: Draft, pieces: list[str], reason: str) -> Iterator[Event]:
    text = instructions.plain("".join(pieces))
    title = " ".join(params.about.split())[:80]
    yield ctx.artifact(Kind.TEXT, f"{text}\n".encode(), suffix=".md", title=title, text=text)
    yield ctx.result(text=text, finish_reason=reason)

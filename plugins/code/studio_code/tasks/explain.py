"""Explain a file or a part of it; the explanation is not checked."""

from __future__ import annotations

from collections.abc import Iterator

from studio.api import BadInput, Cancelled, Event, Kind, TaskContext
from studio_code import source
from studio_code.generation import llm_calls, prompts
from studio_code.schema import Explain


def explain(ctx: TaskContext, params: Explain) -> Iterator[Event]:
    """Explain a file; yield the text as it comes, an artifact of kind ``text``, and ``text``.

    Raises:
        BadInput: There is no file, or it is no text.
        StudioError: It does not fit the model.
    """
    file = source.given(ctx.inputs, params.file, params.path)
    wish = llm_calls.sampling(params.max_tokens, ctx.rng.seed)
    pieces: list[str] = []
    try:
        with ctx.lease(params.weights) as engine:
            messages = prompts.explain(file, ctx.inputs.text("selection"))
            yield from llm_calls.ask(
                ctx,
                engine,
                messages,
                wish,
                weights=params.weights,
                channel="",
                message="Reading",
                into=pieces,
            )
    except Cancelled:
        if "".join(pieces).strip():
            yield from _finish(ctx, file.path, "".join(pieces))
        raise
    if not "".join(pieces).strip():
        raise BadInput("The model gave no explanation.", "Choose another model.")
    yield from _finish(ctx, file.path, "".join(pieces))


def _finish(ctx: TaskContext, path: str, text: str) -> Iterator[Event]:
    text = text.strip() + "\n"
    yield ctx.artifact(Kind.TEXT, text.encode(), suffix=".md", title=f"What {path} does", text=text)
    yield ctx.result(text=text)

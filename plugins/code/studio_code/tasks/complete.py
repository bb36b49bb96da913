"""What belongs at the cursor: a model that was trained for it fills the gap. Changes no file."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from studio.api import BadInput, Event, TaskContext, TextStep, write_text
from studio.api.worker.text import FittedPrompt
from studio_code import source
from studio_code.generation import gap, llm_calls
from studio_code.generation.loops import before_repeating, repeats
from studio_code.schema import Complete


def complete(ctx: TaskContext, params: Complete) -> Iterator[Event]:
    """Write what belongs at the cursor; yield the text as it comes, and the result.

    The result: ``text``, which is empty where nothing is missing, and ``first_token_seconds``.

    Raises:
        BadInput: There is no text.
        StudioError: The model was not trained to fill a gap.
    """
    before, after = _sides(ctx, params)
    with ctx.lease(params.weights) as engine:
        share = gap.ON_A_PROCESSOR if ctx.device == "cpu" else 1
        shown = gap.shown_before(before, share)
        after = "" if params.left_only else after
        if params.left_only:
            prompt = FittedPrompt(engine.encode(shown))
        else:
            prompt = engine.infill(shown, gap.shown_after(after, share), params.max_tokens)
        started = time.monotonic()
        first: list[float] = []

        def ends(pieces: Sequence[str], step: TextStep) -> bool:
            text = "".join(pieces)
            if not first:
                first.append(time.monotonic() - started)
            return gap.is_enough(text, after, params.lines) or ("\n" in step.text and repeats(text))

        written = yield from write_text(
            ctx,
            engine,
            prompt,
            llm_calls.sampling(params.max_tokens, ctx.rng.seed),
            weights=params.weights,
            message="Reading",
            ends_after=ends,
        )
    text = before_repeating(written.text) if repeats(written.text) else written.text
    if written.is_cut and "\n" in text and not gap.is_within_line(after):
        text = text.rpartition("\n")[0]  # half a line is of no use
    yield ctx.result(
        text=gap.fitted(text, before, after, params.lines),
        first_token_seconds=round(first[0], 3) if first else 0.0,
    )


def _sides(ctx: TaskContext, params: Complete) -> tuple[str, str]:
    before, after = ctx.inputs.text("before"), ctx.inputs.text("after")
    if before or after:
        return before, after
    if not params.file:
        raise BadInput("No file was given.", "Choose a file.")
    text = source.read(Path(params.file))
    at = gap.place(text, params.line, params.column)
    return text[:at], text[at:]

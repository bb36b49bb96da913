"""Asking a leased text engine, as steps of a task: one answer, or several to the same question."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Final

from studio.api import (
    ChatMessage,
    ErrorCode,
    Event,
    SamplingParams,
    StudioError,
    TaskContext,
    TextEngine,
    TextStep,
    WrittenText,
    write_text,
    write_texts,
)
from studio.api.worker.text import FittedPrompt

LIKELIEST: Final = SamplingParams(
    temperature=0.0, top_k=0, top_p=1.0, min_p=0.0, repetition_penalty=1.0
)
"""Code repeats itself for good reasons: nothing punishes that here."""
_LOOP: Final = "loop"
_EVERY, _LOOKED_AT = 64, 2000
"""Tokens between two looks at a line that does not end; tokens that are looked at."""


def sampling(
    max_tokens: int, seed: int, *, temperature: float = 0.0, stop: Sequence[str] = ()
) -> SamplingParams:
    """Return how an answer is drawn; temperature 0 always takes the likeliest token."""
    return replace(
        LIKELIEST,
        temperature=temperature,
        top_p=0.95 if temperature else 1.0,
        max_tokens=max_tokens,
        seed=seed,
        stop=tuple(stop),
    )


def ask(
    ctx: TaskContext,
    engine: TextEngine,
    messages: Sequence[ChatMessage],
    wish: SamplingParams,
    *,
    weights: str,
    channel: str = "answer",
    message: str = "",
    into: list[str] | None = None,
    ends_loops: bool = False,
) -> Generator[Event, None, WrittenText]:
    """Ask once; yield the text as it comes, on ``channel``, and progress with ``message``.

    A last message of the assistant is the beginning of the answer; only what follows is returned.

    Args:
        weights: Those of ``engine``: a long question may need more memory than every lease has.
        into: Gets the text piece by piece, for a task that keeps it when it is stopped.
        ends_loops: Stop where the model repeats itself; the answer is what was new, and says so.

    Raises:
        StudioError: ``CONTEXT_TOO_LONG``: the question does not fit the model.
    """
    prompt, wish = _fitted(engine, messages, wish)
    written = yield from write_text(
        ctx,
        engine,
        prompt,
        wish,
        weights=weights,
        message=message,
        channel=channel,
        into=into,
        ends_after=_goes_round if ends_loops else None,
    )
    if written.finish_reason != "ended":
        return written
    return replace(written, text=before_repeating(written.text), finish_reason=_LOOP)


def ask_many(
    ctx: TaskContext,
    engine: TextEngine,
    messages: Sequence[ChatMessage],
    wishes: Sequence[SamplingParams],
    *,
    weights: str,
    message: str = "",
) -> Generator[Event, None, list[WrittenText]]:
    """Ask the same once for each of ``wishes``, all together: the question is read once.

    The first answer is told on the channel ``answer``, the others on ``answer 2`` and so on.

    Args:
        weights: Those of ``engine``: many answers may need more memory than every lease has.
    """
    if len(wishes) == 1:
        answer = yield from ask(ctx, engine, messages, wishes[0], weights=weights, message=message)
        return [answer]
    prompt, first = _fitted(engine, messages, wishes[0])
    fitted = [replace(wish, max_tokens=min(wish.max_tokens, first.max_tokens)) for wish in wishes]
    told = f"{message}: {len(wishes)} replies at once"
    return (yield from write_texts(ctx, engine, prompt, fitted, weights=weights, message=told))


def is_loop(answer: WrittenText) -> bool:
    """Return whether it ended because the model repeated itself; only what was new is kept."""
    return answer.finish_reason == _LOOP


def _goes_round(pieces: Sequence[str], step: TextStep) -> bool:
    """Whether it repeats itself; looked at the end of a line, and now and then within one."""
    is_due = "\n" in step.text or step.done % _EVERY == 0
    return is_due and repeats("".join(pieces[-_LOOKED_AT:]))


def _fitted(
    engine: TextEngine, messages: Sequence[ChatMessage], wish: SamplingParams
) -> tuple[FittedPrompt, SamplingParams]:
    """Return the prompt, and how much may be written: at most half of what the model sees."""
    room = max(16, min(wish.max_tokens, engine.context_length // 2))
    prompt = engine.fit(messages, room)
    if prompt.dropped:
        raise StudioError(
            ErrorCode.CONTEXT_TOO_LONG,
            f"The text exceeds the model's context limit of {engine.context_length:,} tokens.",
            "Choose a smaller part, close some files, or use a model with a longer context.",
        )
    return prompt, replace(wish, max_tokens=room)


_SAME_LINES: Final = 4
"""So many identical lines among the last ``_LAST_LINES`` are a loop."""
_LAST_LINES: Final = 24
_SHORTEST: Final = 12
"""Characters of a line that counts: brackets and ``pass`` come again in honest code."""
_TAIL: Final = 400
_PERIOD: Final = re.compile(r"(.{1,50}?)\1{7,}$", re.DOTALL)


def repeats(text: str) -> bool:
    """Return whether the end of a text says the same again and again."""
    lines = [line.strip() for line in text.split("\n")[:-1]]
    last = next((line for line in reversed(lines) if line), "")
    if len(last) >= _SHORTEST and lines[-_LAST_LINES:].count(last) >= _SAME_LINES:
        return True
    tail = text[-_TAIL:]
    return len(tail) == _TAIL and bool(tail.strip()) and _PERIOD.search(tail) is not None


def before_repeating(text: str) -> str:
    """Return the text up to the first time that its last whole line came again."""
    lines = text.split("\n")[:-1]
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    places = [number for number, line in enumerate(lines) if line.strip() == last]
    kept = lines[: places[1]] if len(places) > 1 else lines
    return "\n".join([*kept, ""])

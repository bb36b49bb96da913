"""Asking a leased text engine, as steps of a task: one answer, or several to the same question."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final

from studio.api import (
    ChatMessage,
    ErrorCode,
    Event,
    SamplingParams,
    StudioError,
    TaskContext,
    TextEngine,
    TextStep,
)
from studio_code.writing.repetition import before_repeating, repeats

LIKELIEST: Final = SamplingParams(
    temperature=0.0, top_k=0, top_p=1.0, min_p=0.0, repetition_penalty=1.0
)
"""Code repeats itself for good reasons: nothing punishes that here."""
_LOOP: Final = "loop"
_EVERY, _LOOKED_AT = 64, 2000
"""Tokens between two looks at a line that does not end; tokens that are looked at."""


@dataclass(frozen=True)
class Answer:
    """What was answered.

    Attributes:
        finish_reason: ``length`` or ``context`` if it was cut off, ``loop`` if it said the same
            again and again.
    """

    text: str
    finish_reason: str = "stop"
    tokens: int = 0

    @property
    def is_cut(self) -> bool:
        """Whether it ended because there was no more room."""
        return self.finish_reason in ("length", "context")

    @property
    def is_loop(self) -> bool:
        """Whether it ended because the model repeated itself."""
        return self.finish_reason == _LOOP


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
) -> Generator[Event, None, Answer]:
    """Ask once; yield the text as it comes, on ``channel``, and progress with ``message``.

    A last message of the assistant is the beginning of the answer; only what follows is returned.

    Args:
        weights: Those of ``engine``: a long question may need more memory than every lease has.
        into: Gets the text piece by piece, for a task that keeps it when it is stopped.
        ends_loops: Stop where the model repeats itself; the answer is what was new, and says so.

    Raises:
        StudioError: ``CONTEXT_TOO_LONG``: the question does not fit the model.
    """
    ids, wish = _fitted(engine, messages, wish)
    pieces: list[str] = [] if into is None else into
    end: TextStep | None = None
    yield ctx.progress(0, 0, message)
    with (
        _room(ctx, engine, weights, len(ids) + wish.max_tokens),
        closing(engine.generate(ids, wish)) as steps,  # type: ignore[type-var]
    ):
        for step in steps:
            if step.text:
                pieces.append(step.text)
                yield ctx.text(step.text, step.done, channel)
                if ends_loops and _may_repeat(step) and repeats("".join(pieces[-_LOOKED_AT:])):
                    return Answer(before_repeating("".join(pieces)), _LOOP, step.done)
            elif step.kind == "prefill":
                if step.reduced:
                    ctx.reduced(step.reduced)
                yield ctx.progress(step.done, step.total, message)
            else:
                yield None
            if step.kind == "end":
                end = step
    return _answer(pieces, end)


def ask_many(
    ctx: TaskContext,
    engine: TextEngine,
    messages: Sequence[ChatMessage],
    wishes: Sequence[SamplingParams],
    *,
    weights: str,
    message: str = "",
) -> Generator[Event, None, list[Answer]]:
    """Ask the same once for each of ``wishes``, all together: the question is read once.

    The first answer is told on the channel ``answer``, the others on ``answer 2`` and so on.

    Args:
        weights: Those of ``engine``: many answers may need more memory than every lease has.
    """
    if len(wishes) == 1:
        answer = yield from ask(ctx, engine, messages, wishes[0], weights=weights, message=message)
        return [answer]
    ids, first = _fitted(engine, messages, wishes[0])
    fitted = [replace(wish, max_tokens=min(wish.max_tokens, first.max_tokens)) for wish in wishes]
    pieces: list[list[str]] = [[] for _ in wishes]
    ends: list[TextStep | None] = [None for _ in wishes]
    told = f"{message}: {len(wishes)} replies at once"
    yield ctx.progress(0, 0, told)
    room = _room(ctx, engine, weights, len(ids) + first.max_tokens, len(fitted))
    with room, closing(engine.generate_many(ids, fitted)) as steps:  # type: ignore[type-var]
        for number, step in steps:
            if step.text:
                pieces[number].append(step.text)
                channel = f"reply {number + 1}" if number else "answer"
                yield ctx.text(step.text, step.done, channel)
            elif step.kind == "prefill":
                if step.reduced:
                    ctx.reduced(step.reduced)
                yield ctx.progress(step.done, step.total, told)
            else:
                yield None
            if step.kind == "end":
                ends[number] = step
    return [_answer(each, end) for each, end in zip(pieces, ends, strict=True)]


def _may_repeat(step: TextStep) -> bool:
    """Whether it is worth a look: at the end of a line, and now and then within one."""
    return "\n" in step.text or step.done % _EVERY == 0


def _room(
    ctx: TaskContext, engine: TextEngine, weights: str, tokens: int, texts: int = 1
) -> AbstractContextManager[Any]:
    """Lease the memory that ``texts`` of so many tokens take beyond what every lease has."""
    more = engine.more_bytes(tokens, texts)
    return ctx.lease(weights, more) if more else nullcontext()


def _answer(pieces: Sequence[str], end: TextStep | None) -> Answer:
    if end is None:
        return Answer("".join(pieces))
    return Answer("".join(pieces), end.finish_reason, end.done)


def _fitted(
    engine: TextEngine, messages: Sequence[ChatMessage], wish: SamplingParams
) -> tuple[Any, SamplingParams]:
    """Return the prompt, and how much may be written: at most half of what the model sees."""
    room = max(16, min(wish.max_tokens, engine.context_length // 2))
    prompt = engine.fit(messages, room)
    if prompt.dropped:
        raise StudioError(
            ErrorCode.CONTEXT_TOO_LONG,
            f"The text exceeds the model's context limit of {engine.context_length:,} tokens.",
            "Choose a smaller part, close some files, or use a model with a longer context.",
        )
    return prompt.ids, replace(wish, max_tokens=room)

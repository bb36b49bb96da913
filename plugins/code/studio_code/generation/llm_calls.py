"""Asking a leased text engine, as steps of a task: one answer, or several to the same question."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
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
from studio_code.generation.loops import before_repeating, repeats
from studio_code.generation.prompts import STOP

LIKELIEST: Final = SamplingParams(
    temperature=0.0, top_k=0, top_p=1.0, min_p=0.0, repetition_penalty=1.0
)
"""Code repeats itself for good reasons: nothing punishes that here."""
LOOP: Final = "loop"
"""Why an answer ended that went in circles."""
REDRAWS: Final = 2
"""How often such an answer is drawn anew: each costs as much as the first."""
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
    redraws: int = 0,
    is_loop: Callable[[str], bool] = repeats,
) -> Generator[Event, None, WrittenText]:
    """Ask once; yield the text as it comes, on ``channel``, and progress with ``message``.

    A last message of the assistant is the beginning of the answer; only what follows is returned.
    Where the model repeats itself it is stopped; the answer is what was new, and says so.

    Args:
        weights: Those of ``engine``: a long question may need more memory than every lease has.
        into: Gets the text piece by piece, for a task that keeps it when it is stopped.
        redraws: How often an answer that went in circles is drawn anew, at most.
        is_loop: Whether the end of a text says the same again and again.

    Raises:
        StudioError: ``CONTEXT_TOO_LONG``: the question does not fit the model.
    """
    prompt, wish = _fitted(engine, messages, wish)
    for drawn in range(redraws + 1):
        written = yield from write_text(
            ctx,
            engine,
            prompt,
            other_draw(wish, drawn) if drawn else wish,
            weights=weights,
            message=message,
            channel=channel,
            into=into,
            ends_after=partial(_goes_round, is_loop),
        )
        if written.finish_reason != "ended":
            return written
        if drawn < redraws:
            yield ctx.text("\n\n", channel=channel)
    return _unlooped(written)


def ask_for_code(
    ctx: TaskContext,
    engine: TextEngine,
    messages: Sequence[ChatMessage],
    *,
    weights: str,
    max_tokens: int,
    seed: int,
    temperature: float = 0.0,
    message: str = "",
) -> Generator[Event, None, WrittenText]:
    """Ask for one block of code, to its end; one that goes in circles is drawn anew."""
    wish = sampling(max_tokens, seed, temperature=temperature, stop=[STOP])
    return (
        yield from ask(
            ctx, engine, messages, wish, weights=weights, message=message, redraws=REDRAWS
        )
    )


def _unlooped(written: WrittenText) -> WrittenText:
    return replace(written, text=before_repeating(written.text), finish_reason=LOOP)


def other_draw(wish: SamplingParams, number: int) -> SamplingParams:
    """Return how an answer is drawn after one that went in circles: differently, and no rut twice.

    The penalty is a light one: code repeats itself for good reasons.
    """
    return replace(
        wish,
        seed=wish.seed + 7919 * number,
        temperature=max(wish.temperature, 0.5),
        top_p=0.95,
        repetition_penalty=1.0 + 0.05 * number,
    )


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

    One that goes in circles is ended there, and nothing waits for it.

    The first answer is told on the channel ``answer``, the others on ``answer 2`` and so on.

    Args:
        weights: Those of ``engine``: many answers may need more memory than every lease has.
    """
    if len(wishes) == 1:
        answer = yield from ask(
            ctx, engine, messages, wishes[0], weights=weights, message=message, redraws=REDRAWS
        )
        return [answer]
    prompt, first = _fitted(engine, messages, wishes[0])
    fitted = [replace(wish, max_tokens=min(wish.max_tokens, first.max_tokens)) for wish in wishes]
    label = f"{message}: {len(wishes)} replies at once"
    answers = yield from write_texts(
        ctx,
        engine,
        prompt,
        fitted,
        weights=weights,
        message=label,
        ends_after=partial(_goes_round, repeats),
    )
    return [_unlooped(reply) if reply.finish_reason == "ended" else reply for reply in answers]


def ask_each(
    ctx: TaskContext,
    engine: TextEngine,
    questions: Sequence[tuple[Sequence[ChatMessage], Sequence[SamplingParams]]],
    *,
    weights: str,
    message: str = "",
) -> Generator[Event, None, list[WrittenText]]:
    """Ask several questions, each as :func:`ask_many` does, in turns: texts share their readings.

    Only the first question is told on channels.
    """
    answers: dict[int, list[WrittenText]] = {}
    with ExitStack() as stack:
        requests = [
            stack.enter_context(
                closing(ask_many(ctx, engine, messages, wishes, weights=weights, message=message))
            )
            for messages, wishes in questions
        ]
        while len(answers) < len(requests):
            for number, steps in enumerate(requests):
                if number in answers:
                    continue
                try:
                    event = next(steps)
                except StopIteration as end:
                    answers[number] = end.value
                    continue
                yield event if number == 0 else None
    return [answer for number in range(len(requests)) for answer in answers[number]]


def went_round(answer: WrittenText) -> bool:
    """Return whether generation stopped at a repetition; the text excludes the repeated part."""
    return answer.finish_reason == LOOP


def _goes_round(is_loop: Callable[[str], bool], pieces: Sequence[str], step: TextStep) -> bool:
    """Whether it repeats itself; looked at the end of a line, and now and then within one."""
    is_due = "\n" in step.text or step.done % _EVERY == 0
    return is_due and is_loop("".join(pieces[-_LOOKED_AT:]))


def _fitted(
    engine: TextEngine, messages: Sequence[ChatMessage], wish: SamplingParams
) -> tuple[FittedPrompt, SamplingParams]:
    """Return the prompt and the sampling limits: at most half of the context for output."""
    room = max(16, min(wish.max_tokens, engine.context_length // 2))
    prompt = engine.fit(messages, room)
    if prompt.dropped:
        raise StudioError(
            ErrorCode.CONTEXT_TOO_LONG,
            f"The text exceeds the model's context limit of {engine.context_length:,} tokens.",
            "Choose a smaller part, close some files, or use a model with a longer context.",
        )
    return prompt, replace(wish, max_tokens=room)

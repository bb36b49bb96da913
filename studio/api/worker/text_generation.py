"""A text engine at work as steps of a task: one text, or several after the same prompt.

It sees to what is easily forgotten: room for the answer in the context, the second lease that long
texts take, less memory told, a private job kept out of caches, the cache let go when stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from studio.api.worker.context import Event, TaskContext
from studio.api.worker.text import ChatMessage, FittedPrompt, SamplingParams, TextEngine, TextStep
from studio.api.worker.tools import Tool


@dataclass(frozen=True)
class WrittenText:
    """Generated text.

    Attributes:
        text: Without the ``stop`` string that ended it.
        finish_reason: ``stop`` | ``length`` | ``stop_string`` | ``context`` | ``ended``.
        tokens: Number of generated tokens.
        prompt_tokens: Number of prompt tokens.
        first_token_seconds: From the call to the first token.
        tokens_per_second: Generation rate after the first token.
    """

    text: str
    finish_reason: str = "stop"
    tokens: int = 0
    prompt_tokens: int = 0
    first_token_seconds: float = 0.0
    tokens_per_second: float = 0.0

    @property
    def is_cut(self) -> bool:
        """Whether it ended because there was no more room."""
        return self.finish_reason in ("length", "context")


Route = Callable[[int, TextStep], Iterable[tuple[str, str]]]
"""Says where the text of a step goes: (number of the text, step) → (channel, text), any number."""


def fit_prompt(
    engine: TextEngine,
    prompt: Sequence[ChatMessage] | str,
    max_tokens: int,
    tools: Sequence[Tool] = (),
) -> FittedPrompt:
    """Return messages, or a text to continue as it is, as a prompt that leaves room to answer.

    Half of the context is the most that an answer of ``max_tokens`` may claim: a longest answer
    beyond the context would otherwise push out everything that was said. Messages tell of
    ``tools``, too.

    Raises:
        StudioError: ``CONTEXT_TOO_LONG``: even the last message alone does not fit.
    """
    if isinstance(prompt, str):
        return FittedPrompt(engine.encode(prompt))
    reserve = min(max_tokens, engine.context_length // 2)
    return engine.fit(prompt, reserve, tools) if tools else engine.fit(prompt, reserve)


def write_text(
    ctx: TaskContext,
    engine: TextEngine,
    prompt: Sequence[ChatMessage] | str | FittedPrompt,
    sampling: SamplingParams,
    *,
    weights: str,
    message: str = "",
    channel: str = "",
    into: list[str] | None = None,
    ends_after: Callable[[Sequence[str], TextStep], bool] | None = None,
) -> Generator[Event, None, WrittenText]:
    """Write one text; yield it as it comes, and progress while the prompt is read.

    ``written = yield from write_text(…)`` inside ``with ctx.lease(weights) as engine``. A last
    message of the assistant is the beginning of the text; only what follows is returned.

    Args:
        prompt: Messages, a text to continue as it is, or what :func:`fit_prompt` made of them.
        sampling: ``is_private`` is added where the job is.
        weights: Those of ``engine``: a long text may need more memory than every lease has.
        message: What the progress says while the prompt is read.
        channel: Of the events with text.
        into: Gets the text piece by piece, for a task that keeps it when it is stopped.
        ends_after: Asked after each piece, with all pieces so far and the step it came in; True
            ends the text there, with the reason ``ended``.

    Raises:
        StudioError: ``CONTEXT_TOO_LONG``: even the last message alone does not fit.
    """
    yield ctx.progress(0, 0, message)
    fitted = _fitted(engine, prompt, sampling)
    wish = replace(sampling, is_private=sampling.is_private or ctx.is_private)
    pieces = [[] if into is None else into]
    with (
        _room(ctx, engine, weights, len(fitted.ids) + wish.max_tokens),
        closing(engine.generate(fitted.ids, wish)) as steps,  # type: ignore[type-var]
    ):
        numbered = ((0, step) for step in steps)
        return (yield from _followed(ctx, numbered, pieces, message, [channel], ends_after))[0]


def write_texts(
    ctx: TaskContext,
    engine: TextEngine,
    prompt: Sequence[ChatMessage] | str | FittedPrompt,
    samplings: Sequence[SamplingParams],
    *,
    weights: str,
    message: str = "",
    channel: str = "answer",
    route: Route | None = None,
    ends_after: Callable[[Sequence[str], TextStep], bool] | None = None,
) -> Generator[Event, None, list[WrittenText]]:
    """Write a text for each of ``samplings`` after one prompt, all together: it is read once.

    Each text is what :func:`write_text` writes with the same parameters. The first comes on
    ``channel``, the others on ``"{channel} 2"`` and so on; at most 16. The longest ``max_tokens``
    of them decides how much room is left. A ``route`` decides about channels instead.

    ``ends_after`` is asked as in :func:`write_text`, for each text by itself: one that it ends is
    not followed any further, and all is over when the others have ended (API 1.1).

    Raises:
        StudioError: ``CONTEXT_TOO_LONG``: even the last message alone does not fit.
    """
    yield ctx.progress(0, 0, message)
    longest = max(samplings, key=lambda sampling: sampling.max_tokens)
    fitted = _fitted(engine, prompt, longest)
    wishes = [replace(s, is_private=s.is_private or ctx.is_private) for s in samplings]
    channels = [channel, *(f"{channel} {number}" for number in range(2, len(wishes) + 1))]
    pieces: list[list[str]] = [[] for _ in wishes]
    with (
        _room(ctx, engine, weights, len(fitted.ids) + longest.max_tokens, len(wishes)),
        closing(engine.generate_many(fitted.ids, wishes)) as steps,  # type: ignore[type-var]
    ):
        return (yield from _followed(ctx, steps, pieces, message, channels, ends_after, route))


def _fitted(
    engine: TextEngine,
    prompt: Sequence[ChatMessage] | str | FittedPrompt,
    sampling: SamplingParams,
) -> FittedPrompt:
    if isinstance(prompt, Sequence):
        return fit_prompt(engine, prompt, sampling.max_tokens)
    return prompt


def _room(
    ctx: TaskContext, engine: TextEngine, weights: str, tokens: int, texts: int = 1
) -> AbstractContextManager[Any]:
    """Lease the memory that ``texts`` of so many tokens take beyond what every lease has."""
    more = engine.more_bytes(tokens, texts)
    return ctx.lease(weights, more) if more else nullcontext()


def _followed(
    ctx: TaskContext,
    steps: Iterator[tuple[int, TextStep]],
    pieces: Sequence[list[str]],
    message: str,
    channels: Sequence[str],
    ends_after: Callable[[Sequence[str], TextStep], bool] | None = None,
    route: Route | None = None,
) -> Generator[Event, None, list[WrittenText]]:
    """Yield an event for each step, for each is a place to stop; return the texts."""
    ends: list[TextStep | None] = [None for _ in pieces]
    was_cut = False
    for number, step in steps:
        if step.reduced:
            ctx.reduced(step.reduced)
        if ends[number] is not None:
            yield None  # it was ended; the others go on
            continue
        if step.kind == "end":
            ends[number] = step
        pieces[number] += [step.text] if step.text else []
        routed = [(channels[number], step.text)] if route is None else route(number, step)
        events = [ctx.text(text, step.done, channel) for channel, text in routed if text]
        if events:
            yield from events
            if ends_after is not None and ends_after(pieces[number], step):
                ends[number], was_cut = replace(step, finish_reason="ended"), True
        elif step.kind == "prefill":
            yield ctx.progress(step.done, step.total, message)
        else:
            yield None
        if was_cut and None not in ends:
            break  # nobody writes but those that were ended
    return [_written("".join(parts), end) for parts, end in zip(pieces, ends, strict=True)]


def _written(text: str, end: TextStep | None) -> WrittenText:
    if end is None:
        return WrittenText(text)
    return WrittenText(
        text,
        end.finish_reason,
        end.done,
        end.prompt_tokens,
        end.first_token_seconds,
        end.tokens_per_second,
    )

"""The task ``chat.summarise``: a text that is too long is read part by part."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from studio.api import (
    BadInput,
    Cancelled,
    ChatMessage,
    Event,
    Kind,
    SamplingParams,
    TaskContext,
    TextEngine,
    write_text,
)
from studio_chat.documents.passages import Document
from studio_chat.schema import Summarise
from studio_chat.tasks import instructions
from studio_chat.tasks.subject import Part, parts, place, room_for, subject

_PROMPT_TOKENS = 200
_TOKENS_A_WORD = 3
_PART_WORDS = 100


@dataclass
class _Work:
    """What there is so far.

    Attributes:
        done: Of each part that was read: where it is, and its ``summary``.
        pieces: Of the summary that is being written.
    """

    params: Summarise
    document: Document
    done: list[dict[str, Any]] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    count: int = 1


def summarise(ctx: TaskContext, params: Summarise) -> Iterator[Event]:
    """Summarise a text or a document; one that is longer than the context by its parts.

    Yields text as it comes, a part's on the channel ``part``, and at the end a ``text`` artifact
    and the result: ``text``, ``parts`` (of a long text, each with its ``lines``, ``pages`` where
    there are any, and its ``summary``), ``of_parts``. What is stopped keeps what was written.

    Raises:
        BadInput: There is no text, or the document cannot be read.
        StudioError: The weights cannot be used.
    """
    document = yield from subject(ctx, params.text, params.document)
    work = _Work(params, document)
    try:
        with ctx.lease(params.weights) as engine:
            yield from _written(ctx, engine, work)
    except Cancelled:
        if work.pieces or work.done:
            yield from _finish(ctx, work)
        raise
    if not "".join(work.pieces).strip():
        raise BadInput("The model wrote no summary.", "Choose another model.")
    yield from _finish(ctx, work)


def _written(ctx: TaskContext, engine: TextEngine, work: _Work) -> Generator[Event, None, None]:
    params, text = work.params, work.document.text
    answer = min(_TOKENS_A_WORD * params.words + 40, engine.context_length // 3)
    room = engine.context_length - answer - _PROMPT_TOKENS
    if len(text) <= 8 * room and engine.count(text) <= room:
        messages = instructions.to_summarise(text.strip(), params)
        yield from _write(ctx, engine, work, messages, answer, "Reading the text")
        return
    part_answer = min(_TOKENS_A_WORD * _PART_WORDS, engine.context_length // 4)
    todo = parts(text, room_for(engine, text, engine.context_length - part_answer - _PROMPT_TOKENS))
    work.count = len(todo)
    for number, part in enumerate(todo, 1):
        yield from _read(ctx, engine, work, part, part_answer, f"Part {number} of {len(todo)}")
    summaries = [entry["summary"] for entry in work.done]
    while len(groups := _groups(engine, summaries, room)) > 1 and len(groups) < len(summaries):
        summaries = []
        for group in groups:
            summaries.append((yield from _joined(ctx, engine, work, group, part_answer)))
    messages = instructions.of_summaries(summaries, params)
    yield from _write(ctx, engine, work, messages, answer, "Making one summary of all parts")


def _read(
    ctx: TaskContext, engine: TextEngine, work: _Work, part: Part, answer: int, message: str
) -> Generator[Event, None, None]:
    """Summarise one part; save a partial summary if stopped."""
    row = {**place(work.document, part), "summary": ""}
    pieces: list[str] = []
    work.done.append(row)
    messages = instructions.of_a_part(part.text, _PART_WORDS)
    try:
        yield from write_text(
            ctx,
            engine,
            messages,
            _sampling(ctx, work.params, answer),
            weights=work.params.weights,
            message=message,
            channel="part",
            into=pieces,
        )
    finally:
        row["summary"] = instructions.plain("".join(pieces), part.text)
    yield ctx.text("\n\n", channel="part")


def _joined(
    ctx: TaskContext, engine: TextEngine, work: _Work, group: Sequence[str], answer: int
) -> Generator[Event, None, str]:
    if len(group) == 1:
        return group[0]
    written = yield from write_text(
        ctx,
        engine,
        instructions.of_a_part("\n\n".join(group), _PART_WORDS),
        _sampling(ctx, work.params, answer),
        weights=work.params.weights,
        message="Joining the summaries of parts",
        channel="part",
    )
    return instructions.plain(written.text)


def _groups(engine: TextEngine, summaries: Sequence[str], room: int) -> list[list[str]]:
    """Return the summaries in groups that fit together."""
    groups: list[list[str]] = [[]]
    size = 0
    for summary in summaries:
        tokens = engine.count(summary) + 2
        if groups[-1] and size + tokens > room:
            groups.append([])
            size = 0
        groups[-1].append(summary)
        size += tokens
    return groups


def _write(
    ctx: TaskContext,
    engine: TextEngine,
    work: _Work,
    messages: Sequence[ChatMessage],
    answer: int,
    message: str,
) -> Generator[Event, None, None]:
    yield from write_text(
        ctx,
        engine,
        messages,
        _sampling(ctx, work.params, answer),
        weights=work.params.weights,
        message=message,
        into=work.pieces,
    )


def _sampling(ctx: TaskContext, params: Summarise, tokens: int) -> SamplingParams:
    return SamplingParams(
        temperature=params.temperature,
        repetition_penalty=1.05,
        seed=ctx.rng.seed,
        max_tokens=tokens,
    )


def _finish(ctx: TaskContext, work: _Work) -> Iterator[Event]:
    text = instructions.plain("".join(work.pieces), work.document.text)
    if not text:  # it was stopped before the last step: those of the parts are what there is
        text = "\n\n".join(part["summary"] for part in work.done)
    title = f"Summary of {work.document.name}" if work.document.name else "Summary"
    parts_read = [part for part in work.done if part["summary"]]
    yield ctx.artifact(
        Kind.TEXT,
        f"{text}\n".encode(),
        suffix=".md",
        title=title,
        text=text,
        meta={"parts": parts_read} if parts_read else {},
    )
    yield ctx.result(text=text, parts=parts_read, of_parts=work.count)

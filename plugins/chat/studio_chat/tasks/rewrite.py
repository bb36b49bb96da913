"""The task ``chat.rewrite``: rewrite a text part by part, preserving its meaning."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

import msgspec

from studio.api import (
    Cancelled,
    Event,
    Kind,
    SamplingParams,
    TaskContext,
    TextEngine,
    write_text,
)
from studio_chat.documents.passages import Document
from studio_chat.schema import Change, Rewrite
from studio_chat.tasks import instructions
from studio_chat.tasks.subject import Part, parts, room_for, subject
from studio_chat.word_diff import WordChange, applied, lost_numbers, word_changes

_TOKENS = {"proofread": 250, "translate": 500}
"""Of a part, where a model keeps closer to short ones; else the most is ``_MOST_TOKENS``."""
_MOST_TOKENS = 1_000
_LENGTHS: dict[Change, float] = {"longer": 4, "translate": 3, "explain": 4}
"""Tokens of the answer for each of the text; 2 where nothing is said."""
_ALIKE = 0.5
"""Of a proofread part; one that is less alike was not corrected but answered or written anew."""

TITLES: dict[Change, str] = {
    "proofread": "Proofread",
    "translate": "Translation",
    "shorter": "Shorter",
    "longer": "Longer",
    "simpler": "Simpler",
    "formal": "More formal",
    "friendly": "Friendlier",
    "explain": "Explanation",
}


@dataclass
class _Work:
    """What there is so far.

    Attributes:
        texts: The new text of each part that is done.
        refused: Parts that came back as something else and were left as they were, from 1.
        cut: Parts that ended because there was no more room, from 1.
    """

    params: Rewrite
    document: Document
    parts: list[Part] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)


def rewrite(ctx: TaskContext, params: Rewrite) -> Iterator[Event]:
    """Rewrite a text or a document, a part at a time.

    Yields text as it comes, and at the end a ``text`` artifact and the result: ``text``,
    ``refused`` and ``cut`` (numbers of parts, from 1), ``of_parts``, ``lost`` (figures of the
    source that are not in the text); of a proofread text also ``source`` and ``changes``: each
    with ``start`` and ``end`` in the source, ``before``, ``after`` and ``marked``. A marked one may
    alter the meaning: it is proposed, and not made in ``text``.
    What is stopped keeps what was written.

    Raises:
        BadInput: There is no text, or the document cannot be read.
        StudioError: The weights cannot be used.
    """
    document = yield from subject(ctx, params.text, params.document)
    work = _Work(params, document)
    try:
        with ctx.lease(params.weights) as engine:
            most = min(_TOKENS.get(params.change, _MOST_TOKENS), engine.context_length // 6)
            work.parts = parts(document.text, room_for(engine, document.text, most))
            for number in range(len(work.parts)):
                yield from _part(ctx, engine, work, number)
    except Cancelled:
        if "".join(work.pieces).strip():
            work.texts.append("".join(work.pieces))
        if work.texts:
            yield from _finish(ctx, work)
        raise
    yield from _finish(ctx, work)


def _part(
    ctx: TaskContext, engine: TextEngine, work: _Work, number: int
) -> Generator[Event, None, None]:
    params, part = work.params, work.parts[number]
    if number:
        yield ctx.text(work.document.text[work.parts[number - 1].end : part.start])
    tokens = int(_LENGTHS.get(params.change, 2) * engine.count(part.text)) + 100
    written = yield from write_text(
        ctx,
        engine,
        instructions.to_rewrite(part.text, params.change, params.language),
        SamplingParams(
            temperature=params.temperature,
            repetition_penalty=1.0,
            seed=ctx.rng.seed + number,
            max_tokens=min(tokens, engine.context_length // 2),
        ),
        weights=params.weights,
        message=f"Part {number + 1} of {len(work.parts)}",
        into=work.pieces,
    )
    text = instructions.plain("".join(work.pieces), part.text)
    work.pieces.clear()
    if written.is_cut:
        work.cut.append(number + 1)
    if not text or (params.change == "proofread" and not _is_alike(part.text, text)):
        work.refused.append(number + 1)
        text = part.text
    work.texts.append(text)


def _is_alike(before: str, after: str) -> bool:
    matcher = SequenceMatcher(None, before.split(), after.split(), autojunk=False)
    return matcher.ratio() >= _ALIKE or SequenceMatcher(None, before, after).ratio() >= 0.7


def _finish(ctx: TaskContext, work: _Work) -> Iterator[Event]:
    change = work.params.change
    text = _joined(work)
    facts: dict[str, Any] = {
        "of_parts": len(work.parts),
        "refused": work.refused,
        "cut": work.cut,
        "lost": lost_numbers("".join(p.text for p in work.parts[: len(work.texts)]), text),
    }
    if change == "proofread":
        changes = _changes(work)
        accepted = {number for number, edit in enumerate(changes) if not edit.marked}
        text = applied(work.document.text, changes, accepted)
        facts |= {"source": work.document.text, "changes": msgspec.to_builtins(changes)}
    name = work.document.name
    title = f"{TITLES[change]}: {name}" if name else TITLES[change]
    yield ctx.artifact(Kind.TEXT, f"{text}\n".encode(), suffix=".md", title=title, text=text)
    yield ctx.result(text=text, **facts)


def _joined(work: _Work) -> str:
    """Return the parts that are done, with what stood between them."""
    pieces, source = [], work.document.text
    for number, (part, text) in enumerate(zip(work.parts, work.texts, strict=False)):
        before = source[work.parts[number - 1].end : part.start] if number else ""
        pieces.append(f"{before}{text}")
    return "".join(pieces)


def _changes(work: _Work) -> list[WordChange]:
    """Return the changes of all parts, with offsets from the beginning of the text."""
    return [
        msgspec.structs.replace(
            change, start=change.start + part.start, end=change.end + part.start
        )
        for part, text in zip(work.parts, work.texts, strict=False)
        for change in word_changes(part.text, text)
    ]

"""The tasks of study: ``chat.lesson`` makes a lesson with questions, ``chat.mark`` an answer.

Questions and marks are held to a schema by the grammar; the passage that is quoted is always one of
the text itself.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import msgspec

from studio.api import (
    BadInput,
    Cancelled,
    Constraint,
    Event,
    Kind,
    SamplingParams,
    TaskContext,
    TextEngine,
    write_text,
)
from studio_chat.documents.passages import Document
from studio_chat.schema import Lesson, Mark
from studio_chat.tasks import instructions
from studio_chat.tasks.subject import Part, parts, place, room_for, subject
from studio_chat.word_diff import lost_numbers

CHOICES = 4
_PART_TOKENS = 450
_LONGEST = 500
"""Tokens of a section's summary and question."""


class Section(msgspec.Struct):
    """A part of a lesson, as the grammar holds it.

    Attributes:
        wrong: Of a multiple choice, what is not right; empty for a short answer.
    """

    title: str
    summary: str
    question: str
    answer: str
    wrong: list[str] = []


class Verdict(msgspec.Struct):
    """What an answer is worth, as the grammar holds it."""

    mark: Literal["right", "partly", "wrong"]
    why: str


T = TypeVar("T", Section, Verdict)


@dataclass
class _Work:
    params: Lesson
    document: Document
    sections: list[dict[str, Any]] = field(default_factory=list)


def lesson(ctx: TaskContext, params: Lesson) -> Iterator[Event]:
    """Make a lesson: a text in sections, each with a question and the passage that answers it.

    Yields text as it comes, and at the end a ``text`` artifact (Markdown, with the answers at its
    end) and the result: ``sections``, each with ``title``, ``summary``, ``question``, ``choices``
    (empty for a short answer), ``answer``, ``quote`` (the passage, word for word) and ``lines``.
    What is stopped keeps the sections that are done.

    Raises:
        BadInput: There is nothing to learn, or the document cannot be read.
        StudioError: The weights cannot be used.
    """
    if params.topic.strip():
        with ctx.lease(params.weights) as engine:
            document = yield from _written(ctx, engine, params)
    else:
        document = yield from subject(ctx, params.text, params.document)
    work = _Work(params, document)
    try:
        with ctx.lease(params.weights) as engine:
            yield from _sections(ctx, engine, work)
    except Cancelled:
        if work.sections:
            yield from _finish(ctx, work)
        raise
    if not work.sections:
        raise BadInput("The model made no question of it.", "Choose a larger model.")
    yield from _finish(ctx, work)


def mark(ctx: TaskContext, params: Mark) -> Iterator[Event]:
    """Check an answer against a passage.

    A figure that the passage does not have is wrong, whatever the model says. Yields the result:
    ``mark`` (``right``, ``partly`` or ``wrong``), ``why``, and ``quote``: the
    sentence of the passage that has most of the answer's words.

    Raises:
        StudioError: The weights cannot be used.
    """
    quote = quoted(params.passage, f"{params.question} {params.answer}")
    if not params.answer.strip():
        yield ctx.result(mark="wrong", why="There is no answer.", quote=quote)
        return
    form = Constraint("json_schema", _schema(Verdict))
    sampling = SamplingParams(
        temperature=params.temperature, seed=ctx.rng.seed, max_tokens=200, constraint=form
    )
    messages = instructions.to_mark(params.question, params.passage, params.answer)
    with ctx.lease(params.weights) as engine:
        written = yield from write_text(
            ctx, engine, messages, sampling, weights=params.weights, message="Checking the answer"
        )
    verdict = _read(written.text, Verdict)
    if verdict is None:
        raise BadInput("The model gave no mark.", "Try again, or choose a larger model.")
    given = f"{params.passage} {params.question}"
    is_false = bool(lost_numbers(params.answer, given))  # small models let other figures pass
    yield ctx.result(mark="wrong" if is_false else verdict.mark, why=verdict.why, quote=quote)


def quoted(passage: str, words: str) -> str:
    """Return the sentence of a passage that shares most words with ``words``."""
    wanted = {word.casefold() for word in re.findall(r"\w{3,}", words)}
    sentences = [part.strip() for part in re.split(r"(?<=[.!?…。])\s+|\n+", passage)]

    def shared(sentence: str) -> float:
        own = {word.casefold() for word in re.findall(r"\w{3,}", sentence)}
        return len(own & wanted) / math.sqrt(len(own) + 8)

    return max(filter(None, sentences), key=shared, default="")


def _written(
    ctx: TaskContext, engine: TextEngine, params: Lesson
) -> Generator[Event, None, Document]:
    """Have a text about the topic written, to learn from."""
    written = yield from write_text(
        ctx,
        engine,
        instructions.to_teach(params.topic, params.sections),
        SamplingParams(
            temperature=params.temperature,
            repetition_penalty=1.05,
            seed=ctx.rng.seed,
            max_tokens=min(250 * params.sections, engine.context_length // 2),
        ),
        weights=params.weights,
        message="Writing about the topic",
    )
    if not written.text.strip():
        raise BadInput("The model wrote nothing.", "Choose another model.")
    return Document("", written.text.strip())


def _sections(ctx: TaskContext, engine: TextEngine, work: _Work) -> Generator[Event, None, None]:
    text, most = work.document.text, work.params.sections
    tokens = min(_PART_TOKENS, engine.context_length // 4)
    passages = parts(text, max(room_for(engine, text, tokens), 200))
    if len(passages) > most:  # from the beginning, the middle and the end alike
        passages = [
            passages[round(at * (len(passages) - 1) / max(most - 1, 1))] for at in range(most)
        ]
    for number, part in enumerate(passages):
        yield ctx.progress(number, len(passages), f"Section {number + 1} of {len(passages)}")
        yield from _section(ctx, engine, work, part, number)


def _section(
    ctx: TaskContext, engine: TextEngine, work: _Work, part: Part, number: int
) -> Generator[Event, None, None]:
    params = work.params
    kinds = {"choice": True, "short": False, "mixed": number % 2 == 0}
    is_choice = kinds[params.questions]
    form = Constraint("json_schema", _schema(Section, CHOICES - 1 if is_choice else 0))
    sampling = SamplingParams(
        temperature=params.temperature,
        repetition_penalty=1.0,
        seed=ctx.rng.seed + number,
        max_tokens=min(_LONGEST, engine.context_length // 2),
        constraint=form,
    )
    written = yield from write_text(
        ctx,
        engine,
        instructions.to_ask(part.text, choice=is_choice),
        sampling,
        weights=params.weights,
        message=f"Section {number + 1}",
        channel="section",
    )
    section = _read(written.text, Section)
    if section is None or not section.question.strip() or not section.answer.strip():
        return  # cut off, or empty: the lesson is shorter
    choices: list[str] = []
    if is_choice:
        wrong = [
            choice for choice in dict.fromkeys(section.wrong) if choice and choice != section.answer
        ]
        choices = [section.answer, *wrong]
        random.Random(ctx.rng.seed + number).shuffle(choices)
    work.sections.append(
        {
            "title": section.title.strip(),
            "summary": section.summary.strip(),
            "question": section.question.strip(),
            "choices": choices if len(choices) > 1 else [],
            "answer": section.answer.strip(),
            "quote": quoted(part.text, f"{section.question} {section.answer}"),
            "passage": part.text,
            **place(work.document, part),
        }
    )


def _schema(kind: type, wrong: int = 0) -> str:
    """Return the JSON schema of ``kind`` without references, which the grammar need not follow."""
    texts: dict[str, Any] = {"title": 60, "summary": 400, "question": 200, "answer": 160}
    if kind is Verdict:
        properties: dict[str, Any] = {
            "why": {"type": "string", "maxLength": 300},  # first: what is thought of decides
            "mark": {"enum": ["right", "partly", "wrong"]},
        }
    else:
        properties = {name: {"type": "string", "maxLength": most} for name, most in texts.items()}
        properties["wrong"] = {
            "type": "array",
            "items": {"type": "string", "maxLength": 160},
            "minItems": wrong,
            "maxItems": wrong,
        }
        if not wrong:
            del properties["wrong"]
    whole = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return msgspec.json.encode(whole).decode()


def _read(text: str, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError:
        return None


def _finish(ctx: TaskContext, work: _Work) -> Iterator[Event]:
    name = work.document.name or work.params.topic.strip()
    title = f"Lesson: {name}" if name else "Lesson"
    text = as_markdown(title, work.sections)
    yield ctx.artifact(Kind.TEXT, text.encode(), suffix=".md", title=title, text=text)
    yield ctx.result(sections=work.sections, text=text)


def as_markdown(title: str, sections: list[dict[str, Any]]) -> str:
    """Return a lesson as Markdown: sections and questions, then the answers with their passages."""
    lines = [f"# {title}", ""]
    for number, section in enumerate(sections, 1):
        lines += [f"## {number}. {section['title']}", "", section["summary"], ""]
        lines += [f"**Question {number}:** {section['question']}", ""]
        lines += [
            f"- {letter}) {choice}"
            for letter, choice in zip("ABCD", section["choices"], strict=False)
        ]
        lines += [""] if section["choices"] else []
    lines += ["## Answers", ""]
    for number, section in enumerate(sections, 1):
        lines += [f"{number}. {section['answer']}", "", f"   > {section['quote']}", ""]
    return "\n".join(lines)

"""A conversation about open files: an answer, and the changes to them that it proposes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from studio.api import (
    BadInput,
    Cancelled,
    ChatMessage,
    Event,
    TaskContext,
    TextEngine,
    chat_messages,
)
from studio_code import source
from studio_code.generation import llm_calls, prompts
from studio_code.generation.citations import citations
from studio_code.generation.edit_blocks import edits_in
from studio_code.schema import Ask
from studio_code.source import Source


def ask(ctx: TaskContext, params: Ask) -> Iterator[Event]:
    """Answer the last turn; yield the text as it comes, and the result.

    The result: ``text``; ``edits``, whole new texts for files of the context (``path``, ``text``);
    ``unapplied``, changes that could not be made out (``path``, ``why``); ``sources``, where the
    code lies that it speaks of (``path``, ``line``, ``name``); ``left_out``, paths of
    files that the model did not see, for there is no room; ``repeated``, whether the answer was
    ended because the model said the same again and again.

    Raises:
        BadInput: There is nothing to answer, or a message or a file is malformed.
        StudioError: The last message does not fit the model.
    """
    turns = _turns(ctx, params)
    files = _files(ctx, params)
    front = params.open_path or (files[0].path if len(files) == 1 else "")
    pieces: list[str] = []
    try:
        with ctx.lease(params.weights) as engine:
            seen, messages = _seen(engine, ctx.inputs.text("selection"), turns, files, front)
            wish = llm_calls.sampling(
                params.max_tokens, ctx.rng.seed, temperature=params.temperature
            )
            answer = yield from llm_calls.ask(
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
        if pieces:
            yield ctx.result(text="".join(pieces), edits=[], unapplied=[], left_out=[])
        raise
    text = answer.text
    edits = edits_in(text, {item.path: item.text for item in seen}, front)
    yield ctx.result(
        text=text,
        edits=[{"path": path, "text": new} for path, new in edits.texts.items()],
        unapplied=[{"path": path, "why": why} for path, why in edits.refused],
        sources=[
            {"path": item.path, "line": item.line, "name": item.name}
            for item in citations(text, seen)
        ],
        left_out=[item.path for item in files if item not in seen],
        repeated=llm_calls.went_round(answer),
    )


def _turns(ctx: TaskContext, params: Ask) -> list[ChatMessage]:
    turns = chat_messages(
        ctx.inputs.json("messages", list[dict[str, str]], []), ("user", "assistant")
    )
    if params.question.strip():
        turns.append(prompts.user(params.question))
    if not turns or turns[-1]["role"] != "user":
        raise BadInput("There is no question.", "Enter a question.")
    return turns


def _files(ctx: TaskContext, params: Ask) -> list[Source]:
    """Return the files, the one in front first."""
    files = source.sent(ctx.inputs, "context")
    if params.file:
        path = Path(params.file)
        files.insert(0, Source(path.name, source.read(path)))
    return sorted(files, key=lambda file: file.path != params.open_path)


def _seen(
    engine: TextEngine,
    selection: str,
    turns: Sequence[ChatMessage],
    files: Sequence[Source],
    front: str,
) -> tuple[list[Source], list[ChatMessage]]:
    """Return the files that fit beside the conversation, and all messages; old turns go first."""
    seen = prompts.fitting(engine, files, 0.4)
    front = front if any(file.path == front for file in seen) else ""
    system = prompts.chat(seen, front, selection)
    room = max(256, engine.context_length // 2 - engine.count(system))
    history: list[ChatMessage] = []
    for turn in reversed(turns):
        room -= engine.count(turn["content"]) + 8
        if history and room < 0:
            break
        history.insert(0, turn)
    while len(history) > 1 and history[0]["role"] != "user":
        history.pop(0)
    return seen, [{"role": "system", "content": system}, *history]

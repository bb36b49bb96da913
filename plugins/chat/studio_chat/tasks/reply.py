"""The task ``chat.reply``: one answer in a conversation, a token a step."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

from studio.api import (
    BadInput,
    ChatMessage,
    Constraint,
    Event,
    Inputs,
    Kind,
    SamplingParams,
    TaskContext,
    TextEngine,
    WrittenText,
    chat_messages,
    fit_prompt,
    write_text,
    write_texts,
)
from studio.api.worker.text import FittedPrompt
from studio_chat.answers.computed import computed
from studio_chat.documents.evidence import DocumentContext, Encoders, ground
from studio_chat.schema import Reply
from studio_chat.tasks import answerability
from studio_chat.tasks.choices import SOME_WORDS, Choices
from studio_chat.tasks.pictures import with_pictures
from studio_chat.tasks.repetition import is_circle
from studio_chat.tasks.reply_language import ReplyLanguage, held_back

ROLES = ("system", "user", "assistant", "tool")
_CUT = "The reply was cut off, so it may not match the output format."


def reply(ctx: TaskContext, params: Reply) -> Iterator[Event]:
    """Write the next turn of a conversation, or go on with a plain text.

    A message of the input ``messages`` may have ``pictures``: places in the parameter of that name,
    from 0; those that no message names belong to the last one. The input ``suffix`` is what comes
    after a plain text: what belongs between the two is written.
    Other programs may ask for several replies, tools and likelihoods: see ``choices``.

    Yields progress while the prompt is read, text as it comes, and at the end a ``text`` artifact
    and the result: ``text``, ``tokens``, ``prompt_tokens``, ``finish_reason`` (``stop``,
    ``length``, ``stop_string``, ``context``, ``ended``: it went round in a circle),
    ``tokens_per_second``, ``first_token_seconds``, ``dropped`` (oldest messages left out),
    ``context_length``, ``note`` (why the model's own chat template was not used, that a form was
    cut off; mostly empty); with documents also ``sources`` (what of each was in the prompt, or
    carries the answer), ``found_by`` and ``sources_note``: see
    ``documents.evidence.DocumentContext``; where they do not answer the question ``declined`` and
    ``closest``, passages near it, and the text says so; of several replies all ``finish_reasons``.

    Raises:
        BadInput: There is nothing to answer, a message is malformed, or the answer cannot have
            the form that is asked for.
        StudioError: The weights cannot be used, or the last message does not fit them.
    """
    messages, missing = with_pictures(conversation(ctx.inputs, params), ctx.inputs, params)
    title = _title(messages)
    choices = Choices.asked(ctx.inputs)
    if form := choices.constraint(params.constraint()):
        ctx.check_constraint(form)
    grounding = DocumentContext()
    if params.documents and params.raw:
        raise BadInput("Documents cannot be used with plain-text prompts.", "Remove one of them.")
    if params.documents:
        grounding = yield from ground(
            ctx,
            params.documents,
            messages,
            params.weights,
            Encoders(params.encoder, params.multilingual),
            params.max_tokens,
            params.reader,
        )
    question = messages[-1] if _is_checked(params, messages, grounding, choices, form) else None
    messages = grounding.into(messages)
    declined = ""
    with ctx.lease(params.weights) as engine:
        if question is not None:
            declined = yield from answerability.check(
                ctx, engine, messages, grounding, question["content"], params.weights
            )
        prompt, written = FittedPrompt(()), [WrittenText(declined)]
        if declined:
            yield ctx.text(declined)
        elif params.assisted and choices.is_plain and form is None and not params.raw:
            prompt, written = yield from _assisted(ctx, engine, params, messages, choices)
        else:
            yield ctx.progress(0, 1, "Reading the conversation")
            prompt = _prompt(ctx, engine, params, messages, choices)
            sampling = _sampling(ctx, params, form)
            written = yield from _written(ctx, engine, prompt, sampling, choices, params.weights)
        if choices.are_empty:  # it has been told all that it asked for: now it answers
            choices = Choices(choices.count, choices.logprobs)
            prompt = _prompt(ctx, engine, params, messages, choices)
            sampling = _sampling(ctx, params, params.constraint() or SOME_WORDS)
            written = yield from _written(ctx, engine, prompt, sampling, choices, params.weights)
    first = written[0]
    if question is not None and not declined:
        answerability.note_numbers(grounding, question["content"], first.text)
    for answer in written:
        yield ctx.artifact(
            Kind.TEXT, answer.text.encode(), suffix=".md", title=title, text=answer.text
        )
    cut = _CUT if form and any(answer.finish_reason != "stop" for answer in written) else ""
    yield ctx.result(
        **({"text": first.text} if ctx.wants_whole else {}),
        dropped=prompt.dropped,
        context_length=engine.context_length,
        note=" ".join(filter(None, (prompt.note, cut, missing))),
        tokens=sum(answer.tokens for answer in written),
        prompt_tokens=first.prompt_tokens,
        finish_reason=first.finish_reason,
        tokens_per_second=round(first.tokens_per_second, 2),
        first_token_seconds=round(first.first_token_seconds, 4),
        **grounding.result(),
        **({} if choices.is_plain else {"finish_reasons": [w.finish_reason for w in written]}),
    )


def _assisted(
    ctx: TaskContext,
    engine: TextEngine,
    params: Reply,
    messages: Sequence[ChatMessage],
    choices: Choices,
) -> Generator[Event, None, tuple[FittedPrompt, list[WrittenText]]]:
    """Write a reply with what was computed for it, anew if it begins in another language."""
    language = ReplyLanguage(messages)
    if messages[-1]["role"] == "user" and (equation := computed(messages[-1]["content"])):
        messages = _with_note(messages, f"(Computed exactly: {equation})")
    sampling = _sampling(ctx, params, None)
    yield ctx.progress(0, 1, "Reading the conversation")
    prompt = _prompt(ctx, engine, params, messages, choices)
    pieces: list[str] = []
    text = yield from held_back(
        write_text(
            ctx,
            engine,
            prompt,
            sampling,
            weights=params.weights,
            message=_reading(prompt.dropped),
            into=pieces,
            ends_after=lambda all, step: language.judge(all) or is_circle(all, step),
        ),
        pieces,
        language,
    )
    if not language.is_other:
        return prompt, [text]
    prompt = _prompt(ctx, engine, params, _with_note(messages, language.instruction), choices)
    return prompt, (yield from _written(ctx, engine, prompt, sampling, choices, params.weights))


def _with_note(messages: Sequence[ChatMessage], note: str) -> list[ChatMessage]:
    """Return messages of which the last ends with a note of the studio's."""
    last = messages[-1]
    noted: ChatMessage = {**last, "content": f"{last['content']}\n\n{note}"}
    return [*messages[:-1], noted]


def _is_checked(
    params: Reply,
    messages: Sequence[ChatMessage],
    grounding: DocumentContext,
    choices: Choices,
    form: Constraint | None,
) -> bool:
    """Return whether it is first decided if the documents answer: where a fact is asked of them."""
    last = messages[-1]
    is_plain = choices.is_plain and form is None and last["role"] == "user"
    if not (params.grounded and grounding.texts and is_plain) or last.get("pictures"):
        return False
    return answerability.asks_for_a_fact(last["content"])


def _prompt(
    ctx: TaskContext,
    engine: TextEngine,
    params: Reply,
    messages: Sequence[ChatMessage],
    choices: Choices,
) -> FittedPrompt:
    """Return the prompt: messages, a text to continue, or texts on both sides of a gap."""
    if not params.raw:
        return fit_prompt(engine, messages, params.max_tokens, choices.tools)
    if after := ctx.inputs.text("suffix"):
        return engine.infill(params.prompt, after, params.max_tokens)
    return fit_prompt(engine, params.prompt, params.max_tokens)


def _written(
    ctx: TaskContext,
    engine: TextEngine,
    prompt: FittedPrompt,
    sampling: SamplingParams,
    choices: Choices,
    weights: str,
) -> Generator[Event, None, list[WrittenText]]:
    """Write one reply as it comes, or all that are asked for."""
    message = _reading(prompt.dropped)
    if choices.is_plain:
        # A form may ask for the same again and again, and a program has its own limits.
        ends_after = None if sampling.constraint or ctx.is_private else is_circle
        text = yield from write_text(
            ctx,
            engine,
            prompt,
            sampling,
            weights=weights,
            message=message,
            ends_after=ends_after,
        )
        return [text]
    wishes = [
        replace(sampling, seed=sampling.seed + number, logprobs=choices.logprobs)
        for number in range(choices.count)
    ]
    return (
        yield from write_texts(
            ctx, engine, prompt, wishes, weights=weights, message=message, route=choices.route
        )
    )


def conversation(inputs: Inputs, params: Reply) -> list[ChatMessage]:
    """Return the turns to render: system prompt, messages, prompt.

    A system prompt among the messages is the nearer one: ``system`` may come from the weights.

    Raises:
        BadInput: There is nothing to answer, or a message is malformed.
    """
    given = inputs.json("messages", list[dict[str, Any]], [])
    plain = [{key: value for key, value in turn.items() if key != "pictures"} for turn in given]
    turns = chat_messages(plain, ROLES)
    if params.prompt.strip():
        turns.append({"role": "user", "content": params.prompt})
    if not any(turn["role"] != "system" for turn in turns):
        raise BadInput("There is no prompt.", "Enter a prompt.")
    if params.system.strip() and not any(turn["role"] == "system" for turn in turns):
        turns.insert(0, {"role": "system", "content": params.system})
    return turns


def _sampling(ctx: TaskContext, params: Reply, form: Constraint | None) -> SamplingParams:
    return SamplingParams(
        temperature=params.temperature,
        top_k=params.top_k,
        top_p=params.top_p,
        min_p=params.min_p,
        repetition_penalty=params.repetition_penalty,
        presence_penalty=params.presence_penalty,
        frequency_penalty=params.frequency_penalty,
        seed=ctx.rng.seed,
        stop=tuple(piece for piece in params.stop if piece),
        max_tokens=params.max_tokens,
        constraint=form,
    )


def _reading(dropped: int) -> str:
    if not dropped:
        return "Reading the conversation"
    messages = "message" if dropped == 1 else "messages"
    return f"Reading the conversation; the oldest {dropped} {messages} no longer fit"


def _title(messages: list[ChatMessage]) -> str:
    question = next((turn for turn in reversed(messages) if turn["role"] == "user"), messages[-1])
    return " ".join(question["content"].split())[:80]

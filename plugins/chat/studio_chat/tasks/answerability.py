"""Whether the documents of a reply answer its question: the model is asked first, rules decide.

Before the reply is written, the model answers in a few words or with ``not stated``, held to one
line by a grammar; how likely it found the latter counts, and so does what ``answers.support`` finds
of the few words in the passages. Where that decides nothing, it is asked whether they have the
answer, yes or no. What was read for this need not be read again.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from contextlib import closing, nullcontext
from typing import Final

from studio.api import (
    ChatMessage,
    Constraint,
    Event,
    SamplingParams,
    TaskContext,
    TextEngine,
    fit_prompt,
)
from studio.api.worker.text import TokenLogprob
from studio_chat.answers.kinds import WORDS, numbers, pattern
from studio_chat.answers.support import Passages
from studio_chat.documents import languages
from studio_chat.documents.evidence import DocumentContext

NOT_STATED: Final = "not stated"
LONGEST: Final = 40
"""Tokens of the few words."""
_WEIGHTS: Final = (-0.53, 0.95, 2.26, 2.7, -3.04)
"""Logistic regression of `training/answerability_tuning.toml`: see `evidence`."""
_AGAIN: Final = (-0.5, 3.3)
"""Odds between which what the model answers when it is asked again nearly always lies."""
_LIKELIEST: Final = 12
"""Tokens of which the likelihood is looked at."""
_FORM: Final = Constraint("regex", rf"{NOT_STATED}\.?|[^\n]{{1,240}}")
_ASKED: Final = (
    "{question}\n\nAnswer in a few words. If the document does not say it, reply only: "
    f"{NOT_STATED}."
)
_ASKED_AGAIN: Final = (
    "{question}\n\nIs the answer to this question stated in the text above? Answer yes or no."
)
_YES_OR_NO: Final = Constraint("regex", r"[Yy]es|[Nn]o")
_CERTAIN: Final = 3.5
"""Logarithm of odds that words alone stand for, and the most that any likelihood counts."""
_ASKS: Final = pattern(WORDS["messages"]["asks"])
_FOR_THE_MODEL: Final = pattern(WORDS["messages"]["for_the_model"])


def asks_for_a_fact(message: str) -> bool:
    """Return whether a message is a question that a document answers or does not.

    What asks for work on a text, or for the opinion of the model, is none.
    """
    lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    if _FOR_THE_MODEL.search(last):
        return False
    return last.endswith(("?", "？")) or _ASKS.match(last) is not None


def note_numbers(grounding: DocumentContext, question: str, answer: str) -> None:
    """Note with the sources which numbers of an answer no passage has."""
    known = numbers("\n".join([question, *(text.text for text in grounding.texts)]))
    if missing := sorted(numbers(answer) - known):
        note = f"Not in the documents: {', '.join(missing)}."
        grounding.note = " ".join(filter(None, (grounding.note, note)))


def evidence(odds: float, odds_again: float, nearness: float, kind: str) -> float:
    """Return how much speaks for it that the documents answer; above 0 they do.

    Args:
        odds: Logarithm of the odds that there is no answer, by the model.
        odds_again: The same that there is one, when it is asked again.
        nearness: Of the question, beside the answer or a thing of its kind, 0 to 1.
        kind: What is asked for: a reason seldom has few words, so it is found missing too often.
    """
    terms = (odds, odds_again, nearness, float(kind == "reason"), 1.0)
    return sum(weight * value for weight, value in zip(_WEIGHTS, terms, strict=True))


def check(
    ctx: TaskContext,
    engine: TextEngine,
    messages: Sequence[ChatMessage],
    grounding: DocumentContext,
    question: str,
    weights: str,
) -> Generator[Event, None, str]:
    """Decide whether the documents answer, and narrow the sources to what carries the answer.

    Args:
        messages: With the texts in them; the last is the question.
        question: As it was asked.
        weights: Those of ``engine``: a long text may need more memory than every lease has.

    Returns:
        What to say instead of an answer; empty where there is one.
    """
    few, odds = yield from _asked(
        ctx, engine, weights, messages, _ASKED, _FORM, LONGEST, NOT_STATED
    )
    passages = Passages(question, [text.text for text in grounding.texts])
    found, coverage = passages.support(few), passages.coverage()
    holds = found.holds and not few.casefold().startswith(NOT_STATED)
    near = max(coverage, found.nearness if holds else 0.0)
    lowest, highest = (evidence(odds, each, near, passages.kind) for each in _AGAIN)
    is_answered = holds and lowest > 0
    if not is_answered and highest > 0 and (holds or coverage):
        _, again = yield from _asked(
            ctx, engine, weights, messages, _ASKED_AGAIN, _YES_OR_NO, 2, "yes"
        )
        is_answered = evidence(odds, again, near, passages.kind) > 0
    lines = found.lines if holds and found.nearness else passages.nearest(1)
    if is_answered:
        grounding.narrow(lines)
        return ""
    grounding.decline(passages.nearest())
    sentences = WORDS["declined"]
    one, many = sentences.get(languages.language_of(question), sentences["english"])
    return str(one if len(grounding.documents) == 1 else many)


def _asked(
    ctx: TaskContext,
    engine: TextEngine,
    weights: str,
    messages: Sequence[ChatMessage],
    prompt: str,
    form: Constraint,
    longest: int,
    wanted: str,
) -> Generator[Event, None, tuple[str, float]]:
    """Return an answer of the model, and the logarithm of the odds that it begins as wanted."""
    question = prompt.format(question=messages[-1]["content"])
    fitted = fit_prompt(engine, [*messages[:-1], {"role": "user", "content": question}], longest)
    sampling = SamplingParams(
        temperature=0.0,
        repetition_penalty=1.0,
        max_tokens=longest,
        constraint=form,
        is_private=ctx.is_private,
        logprobs=_LIKELIEST,
    )
    pieces: list[str] = []
    first: TokenLogprob | None = None
    more = engine.more_bytes(len(fitted.ids) + longest)
    with (
        ctx.lease(weights, more) if more else nullcontext(),
        closing(engine.generate(fitted.ids, sampling)) as steps,  # type: ignore[type-var]
    ):
        for step in steps:
            first = first or step.logprob
            pieces.append(step.text)
            if step.kind == "prefill":
                yield ctx.progress(step.done, step.total, "Looking for the answer")
            else:
                yield None
    answer = "".join(pieces).strip()
    return answer, _odds(answer, first, wanted)


def _odds(answer: str, first: TokenLogprob | None, wanted: str) -> float:
    """Return the logarithm of the odds that an answer begins as wanted; of its first token."""
    if first is None:  # an engine that has no likelihoods: its words must do
        return _CERTAIN if answer.casefold().startswith(wanted) else -_CERTAIN
    chance = sum(math.exp(each) for spelling, each in first.top if _begins(spelling, wanted))
    against = sum(math.exp(each) for spelling, each in first.top) - chance
    if wanted == "yes":  # what else it might write says nothing
        against = sum(math.exp(each) for spelling, each in first.top if _begins(spelling, "no"))
    odds = math.log(max(chance, 1e-9) / max(against, 1e-9))
    return max(-_CERTAIN, min(_CERTAIN, odds))


def _begins(spelling: bytes, wanted: str) -> bool:
    word = spelling.decode("utf-8", "replace").strip().casefold()
    return len(word) >= min(3, len(wanted)) and wanted.startswith(word)

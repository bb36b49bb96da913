"""Whether the documents of a reply answer its question: the model is asked first, rules decide.

Before the reply is written, the model answers in a few words or with ``not stated``, held to one
line by a grammar; how likely it found the latter counts, and so does what ``documents.support``
finds of the few words in the passages. What was read for this need not be read again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Sequence
from contextlib import closing
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
from studio_chat.documents import languages
from studio_chat.documents.evidence import DocumentContext
from studio_chat.documents.support import Support, nearest, numbers, support

NOT_STATED: Final = "not stated"
LONGEST: Final = 40
"""Tokens of the few words."""
MOST_LIKELY: Final = 0.5
"""Of an answer that is none, for there to be one."""
_LIKELIEST: Final = 12
"""Tokens of which the likelihood is looked at."""
_FORM: Final = Constraint("regex", rf"{NOT_STATED}\.?|[^\n]{{1,240}}")
_ASKED: Final = (
    "{question}\n\nAnswer in a few words. If the document does not say it, reply only: "
    f"{NOT_STATED}."
)
_SENTENCES: Final = {
    "english": "The document does not say.",
    "german": "Das Dokument sagt es nicht.",
    "french": "Le document ne le dit pas.",
    "spanish": "El documento no lo dice.",
    "italian": "Il documento non lo dice.",
    "dutch": "Het document zegt het niet.",
    "portuguese": "O documento não o diz.",
    "swedish": "Dokumentet säger det inte.",
}
_MANY: Final = {
    "english": "The documents do not say.",
    "german": "Die Dokumente sagen es nicht.",
    "french": "Les documents ne le disent pas.",
    "spanish": "Los documentos no lo dicen.",
    "italian": "I documenti non lo dicono.",
    "dutch": "De documenten zeggen het niet.",
    "portuguese": "Os documentos não o dizem.",
    "swedish": "Dokumenten säger det inte.",
}
_ASKS: Final = re.compile(
    r"^(?:and |but |so |und |aber )?(?:who|whose|whom|what|which|when|where|why|how"
    r"|(?:in|at|on|to|from|by|for|with|of|until|since) (?:what|which|whom?|when)"
    r"|wer|wem|wen|wessen|was|welche[rsmn]?|wann|wo|woher|wohin|warum|wieso|weshalb|wie|womit|wofür"
    r"|(?:in|an|auf|zu|von|aus|bei|mit|für|bis|seit|um|ab) (?:welche[rsmn]?|wann|wem|wen|wie))\b",
    re.IGNORECASE,
)
_FOR_THE_MODEL: Final = re.compile(
    r"\b(?:can|could|would|will|do|did|are|shall|should) (?:you|we|i)\b|\byou(?:r)? (?:think"
    r"|opinion)\b|\b(?:kannst|könntest|würdest|meinst|findest|denkst|hältst|soll) (?:du|ich)\b"
    r"|\b(?:können|könnten|würden|meinen|finden|denken|halten) sie\b",
    re.IGNORECASE,
)


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


def is_answered(chance: float, found: Support) -> bool:
    """Return whether the documents answer.

    Args:
        chance: How likely the model found that they do not, 0 to 1.
        found: What they have of its answer.
    """
    return found.holds and chance < MOST_LIKELY


def check(
    ctx: TaskContext,
    engine: TextEngine,
    messages: Sequence[ChatMessage],
    grounding: DocumentContext,
    question: str,
) -> Generator[Event, None, str]:
    """Decide whether the documents answer, and narrow the sources to what carries the answer.

    Args:
        messages: With the texts in them; the last is the question.
        question: As it was asked.

    Returns:
        What to say instead of an answer; empty where there is one.
    """
    last = messages[-1]
    asked: ChatMessage = {"role": "user", "content": _ASKED.format(question=last["content"])}
    few, chance = yield from _few_words(ctx, engine, [*messages[:-1], asked])
    texts = [text.text for text in grounding.texts]
    found = support(question, few, texts)
    if is_answered(chance, found):
        grounding.narrow([(number, texts[number].split("\n")[at]) for number, at in found.lines])
        return ""
    near = nearest(question, texts)
    grounding.decline([(number, texts[number].split("\n")[at]) for number, at in near])
    sentences = _SENTENCES if len(grounding.documents) == 1 else _MANY
    return sentences.get(languages.language_of(question), sentences["english"])


def _few_words(
    ctx: TaskContext, engine: TextEngine, messages: Sequence[ChatMessage]
) -> Generator[Event, None, tuple[str, float]]:
    """Return the model's answer in a few words, and how likely it found that there is none."""
    fitted = fit_prompt(engine, messages, LONGEST)
    sampling = SamplingParams(
        temperature=0.0,
        repetition_penalty=1.0,
        max_tokens=LONGEST,
        constraint=_FORM,
        is_private=ctx.is_private,
        logprobs=_LIKELIEST,
    )
    pieces: list[str] = []
    first: TokenLogprob | None = None
    with closing(engine.generate(fitted.ids, sampling)) as steps:  # type: ignore[type-var]
        for step in steps:
            first = first or step.logprob
            pieces.append(step.text)
            if step.kind == "prefill":
                yield ctx.progress(step.done, step.total, "Looking for the answer")
            else:
                yield None
    few = "".join(pieces).strip()
    return few, _chance_of_none(few, first)


def _chance_of_none(few: str, first: TokenLogprob | None) -> float:
    """Return how likely the first token begins ``not stated``, 0 to 1."""
    if few.casefold().startswith(NOT_STATED):
        return 1.0
    if first is None:  # an engine that tells no likelihoods: its words must do
        return 0.0
    beginnings = (
        math.exp(chance)
        for spelling, chance in first.top
        if (word := spelling.decode("utf-8", "replace").strip().casefold())
        and len(word) > 2
        and NOT_STATED.startswith(word)
    )
    return min(1.0, sum(beginnings))

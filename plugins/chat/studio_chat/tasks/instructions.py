"""Prompts for each kind of work on a text.

They are short; a task comes with an example or is repeated after the text, whichever made small
models do it: measured by ``make bench chat-writing``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from studio.api import ChatMessage
from studio_chat.schema import Change, Draft, Summarise

_CHANGES: dict[Change, str] = {
    "proofread": "Correct the spelling, grammar and punctuation of the user's text. Keep its "
    "language, words, meaning and line breaks. Answer with the corrected text only.",
    "translate": "Translate the user's text to {language}. Keep names, numbers and line breaks. "
    "Answer with the translation only.",
    "shorter": "Rewrite the user's text in about half as many words. Keep its language, the facts, "
    "names and numbers. Answer with the new text only.",
    "longer": "Rewrite the user's text about twice as long, in more detail. Keep its language, and "
    "add no new facts. Answer with the new text only.",
    "simpler": "Rewrite the user's text in short sentences and everyday words that a ten-year-old "
    "understands. Keep its language and the facts. Answer with the new text only.",
    "formal": "Rewrite the user's text in a formal, polite tone. Keep its language, the facts, "
    "names and numbers. Answer with the new text only.",
    "friendly": "Rewrite the user's text in a warm, friendly tone. Keep its language, the facts, "
    "names and numbers. Answer with the new text only.",
    "explain": "Explain the user's text to someone new to the subject, in its language: what it "
    "says, then what its difficult terms mean.",
}
_EXAMPLES: dict[Change, tuple[str, str]] = {
    "proofread": (
        "She dont like the 3 apple that Tom have buyed yesterday",
        "She doesn't like the 3 apples that Tom bought yesterday.",
    ),
    "shorter": (
        "I am writing to let you know that, because of the snow, Monday's 9 a.m. meeting is off.",
        "Monday's 9 a.m. meeting is off: snow.",
    ),
}
_AGAIN: dict[Change, str] = {
    "translate": "Translate the text above.",
    "longer": "Rewrite the text above: twice as long, with explanations and linking sentences.",
    "simpler": "Rewrite the text above in short, simple sentences for a child.",
    "formal": "Rewrite the text above in formal, polite words. Add no greeting.",
    "friendly": "Rewrite the text above as you would tell it to a good friend, in a warm and "
    "cheerful tone, with all its names and numbers.",
    "explain": "Explain the text above to me: what does it say, and what do its terms mean?",
}
"""Said after the text: small models follow what they read last."""
_FORMS = {
    "paragraph": "in one paragraph",
    "points": "as a list of its key points, each a line that begins with “- ”",
    "outline": "as an outline: headings that begin with “## ”, under each a few lines that begin "
    "with “- ”",
}
_PREFACE = re.compile(
    r"\A(?:sure|certainly|of course|here(?:'s| is| are)|the (?:corrected|translated|rewritten)"
    r"|(?:corrected|rewritten) text|translation)\b[^\n]{0,100}:\s*\n?",
    re.IGNORECASE,
)


def to_rewrite(text: str, change: Change, language: str) -> list[ChatMessage]:
    """Return the prompt to rewrite a part of a text."""
    prompt = _CHANGES[change].format(language=" ".join(language.split()))
    if example := _EXAMPLES.get(change):
        return [
            {"role": "system", "content": prompt},
            {"role": "user", "content": example[0]},
            {"role": "assistant", "content": example[1]},
            {"role": "user", "content": text},
        ]
    return [
        {"role": "system", "content": prompt},
        {"role": "user", "content": f"{text}\n\n{_AGAIN.get(change, '')}".rstrip()},
    ]


def to_summarise(text: str, params: Summarise) -> list[ChatMessage]:
    """Return the prompt to summarise a text that fits the context."""
    prompt = f"Summarise the text {_FORMS[params.form]}, in about {params.words} words."
    return _asked(f"{prompt} Say only what it says.", text, prompt)


def of_a_part(text: str, words: int) -> list[ChatMessage]:
    """Return the prompt to summarise one part of a long text."""
    prompt = f"Summarise this part of a longer text in about {words} words."
    return _asked(f"{prompt} Say only what it says.", text, prompt)


def of_summaries(summaries: Sequence[str], params: Summarise) -> list[ChatMessage]:
    """Return the prompt to merge the summaries of all parts."""
    prompt = (
        f"These are summaries of the parts of one text. Make one of them {_FORMS[params.form]}, "
        f"in about {params.words} words."
    )
    return _asked(f"{prompt} Say only what they say.", "\n\n".join(summaries), prompt)


def to_draft(params: Draft) -> list[ChatMessage]:
    """Return the prompt for a new text."""
    kind = {"email": "e-mail with a subject line", "post": "post for a blog or a network"}
    prompt = f"Write a {kind.get(params.kind, params.kind)} in {params.language or 'English'}."
    tone = "" if params.tone == "neutral" else f" Its tone is {params.tone}."
    reader = f"\nFor: {params.reader.strip()}" if params.reader.strip() else ""
    rules = (
        f"{prompt}{tone} About {params.words} words. Use every fact that the user gives and invent "
        "no names, dates or numbers. Answer with the text only."
    )
    if params.kind == "story":
        rules = f"{prompt}{tone} About {params.words} words. Answer with the story only."
    return [
        {"role": "system", "content": rules},
        {"role": "user", "content": f"{params.about.strip()}{reader}"},
    ]


def to_teach(topic: str, sections: int) -> list[ChatMessage]:
    """Return the prompt for a text that teaches a topic."""
    prompt = (
        f"Teach the user's topic to a beginner in {sections} paragraphs, in the language of the "
        "topic. Each paragraph has one idea with facts that can be asked for. No headings."
    )
    return [{"role": "system", "content": prompt}, {"role": "user", "content": topic.strip()}]


def to_ask(passage: str, *, choice: bool) -> list[ChatMessage]:
    """Return the prompt for a section of a lesson about ``passage``."""
    wrong = " and 3 wrong answers that are plausible, short and all different" if choice else ""
    prompt = (
        "Make a section of a lesson from the user's text, in its language, as JSON: a short title, "
        "a summary of two sentences, one question that the text answers, the right answer in a few "
        f"words{wrong}."
    )
    again = f"Make the section from the text above: one question, its right answer{wrong}."
    return _asked(prompt, passage, again)


def to_mark(question: str, passage: str, answer: str) -> list[ChatMessage]:
    """Return the prompt to check an answer against a passage."""
    prompt = (
        "You check a learner's answer against a text, as JSON: mark is “right” when the text says "
        "the same in any words, “partly” when something is missing, else “wrong”; why is one "
        "sentence to the learner."
    )
    again = f"Question: {question.strip()}\nAnswer of the learner: {answer.strip()}\nCheck it."
    return _asked(prompt, passage, again)


def plain(answer: str, source: str = "") -> str:
    """Return an answer without what small models put around it: a preface, quotes, a fence."""
    text = answer.strip()
    if not _PREFACE.match(source):
        text = _PREFACE.sub("", text).strip()
    if "```" not in source:
        text = re.sub(r"\A```\w*\n(.*?)\n?```\Z", r"\1", text, flags=re.DOTALL).strip()
    for left, right in ('""', "“”", "„“"):
        inside = text[1:-1]
        if text[:1] == left and text[-1:] == right and left not in inside and right not in inside:
            text = text if source.startswith(left) else inside.strip()
    return text


def _asked(prompt: str, text: str, again: str) -> list[ChatMessage]:
    return [
        {"role": "system", "content": prompt},
        {"role": "user", "content": f"{text}\n\n{again}"},
    ]

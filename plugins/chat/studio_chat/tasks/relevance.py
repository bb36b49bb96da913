"""The task ``chat.rank``: how near texts are to questions. Chooses none of them."""

from __future__ import annotations

from collections.abc import Iterator

from studio.api import BadInput, Event, StudioError, TaskContext
from studio_chat.documents import languages, ranking
from studio_chat.documents.passages import Passage
from studio_chat.schema import Rank

MAX_TEXTS = 2_000
MAX_QUESTIONS = 16
MAX_CHARACTERS = 2_000_000
"""Of all texts and questions together."""


def rank(ctx: TaskContext, params: Rank) -> Iterator[Event]:
    """Compare each text with each question.

    Yields progress in texts, and the result: ``similarity`` (for each question a number for each
    text: by meaning -1 to 1, by words 0 and up) and ``found_by`` (``meaning`` or ``words``).

    Raises:
        BadInput: There are no texts or no questions, too many, or they are too long.
    """
    check(params)
    passages = [Passage("", 1, 1, text) for text in params.texts]
    is_english = all(languages.is_english(question, params.texts) for question in params.questions)
    encoder = params.encoder if is_english else params.multilingual
    if encoder:
        try:
            with ctx.lease(encoder) as engine:
                similarity = []
                for question in params.questions:  # the texts' vectors are kept after the first
                    near = yield from ranking.by_meaning(ctx, engine, [passages], question)
                    similarity.append([round(value, 5) for value in near])
            yield ctx.result(similarity=similarity, found_by="meaning")
            return
        except StudioError as error:
            yield ctx.progress(0, 1, f"Texts are compared by their words: {error.message}")
    words = [ranking.by_words(passages, question) for question in params.questions]
    yield ctx.result(similarity=words, found_by="words")


def check(params: Rank) -> None:
    """Refuse what cannot be done in one job.

    Raises:
        BadInput: There are no texts or no questions, too many, or they are too long.
    """
    if not 1 <= len(params.texts) <= MAX_TEXTS:
        raise BadInput(f"{len(params.texts)} texts are too many or too few.",
                       f"Give 1 to {MAX_TEXTS:,} texts.")  # fmt: skip
    if not 1 <= len(params.questions) <= MAX_QUESTIONS:
        raise BadInput(f"{len(params.questions)} questions are too many or too few.",
                       f"Give 1 to {MAX_QUESTIONS} questions.")  # fmt: skip
    characters = sum(map(len, params.texts)) + sum(map(len, params.questions))
    if characters > MAX_CHARACTERS:
        raise BadInput(
            f"The texts have {characters:,} characters in total; the limit is {MAX_CHARACTERS:,}.",
            "Give fewer at a time.",
        )

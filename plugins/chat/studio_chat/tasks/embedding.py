"""The task that turns texts into vectors. Compares nothing."""

from __future__ import annotations

from collections.abc import Iterator

from studio.api import BadInput, EmbeddingEngine, ErrorCode, Event, StudioError, TaskContext
from studio_chat.schema import Embed

MAX_TEXTS = 256
"""In one job: what its result can carry, and a bound on the wait."""

MAX_CHARACTERS = 2_000_000
"""Of all texts together."""


def embed(ctx: TaskContext, params: Embed) -> Iterator[Event]:
    """Turn each text into a vector of length 1.

    Yields progress in texts, and the result: ``vectors`` (a list of numbers for each text, in
    order), ``width`` (numbers of a vector), ``tokens`` (of all texts, as far as they were read),
    ``shortened`` (indices of texts of which only the beginning was read), ``longest`` (tokens that
    are read of a text).

    Raises:
        BadInput: There are no texts, too many, or they are too long.
        StudioError: The weights cannot be used.
    """
    check(params.texts)
    weights = params.multilingual if params.languages == "any" else params.weights
    if not weights:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            "No embedding model for these languages is installed.",
            "Download “Multilingual E5 small” on the Models page: it knows about 100 languages.",
        )
    with ctx.lease(weights) as leased:
        engine: EmbeddingEngine = leased
        ask, tell = getattr(engine, "prefixes", ("", ""))
        texts = [(ask if params.purpose == "question" else tell) + text for text in params.texts]
        yield ctx.progress(0, len(params.texts), "Reading the texts")
        tokens = []
        for text in texts:
            tokens.append(engine.count(text))
            yield None
        vectors: list[list[float]] = [[] for _ in params.texts]
        done = 0
        for indices, rows in engine.embed(texts):
            for index, row in zip(indices, rows.tolist(), strict=True):
                vectors[index] = row
            done += len(indices)
            yield ctx.progress(done, len(params.texts), "Reading the texts")
        yield ctx.result(
            vectors=vectors,
            width=engine.width,
            tokens=sum(min(count, engine.longest) for count in tokens),
            shortened=[index for index, count in enumerate(tokens) if count > engine.longest],
            longest=engine.longest,
        )


def check(texts: list[str]) -> None:
    """Refuse what cannot be done in one job.

    Raises:
        BadInput: There are no texts, too many, or they are too long.
    """
    if not texts or len(texts) > MAX_TEXTS:
        raise BadInput(
            f"{len(texts)} texts are too many or too few.",
            f"Give 1 to {MAX_TEXTS} texts.",
        )
    if (characters := sum(map(len, texts))) > MAX_CHARACTERS:
        raise BadInput(
            f"The texts have {characters:,} characters in total; the limit is {MAX_CHARACTERS:,}.",
            "Give fewer at a time.",
        )

"""Rank passages for a question: by words, by embeddings, then by sentences.

Words and embeddings pick candidates, which are ranked again by their sentences: the embedding
of a long passage averages its lines and hides the one that answers. Reads no files.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.api import EmbeddingEngine, Event, TaskContext, bm25
from studio_chat.documents import kept_files, languages
from studio_chat.documents.passages import Passage

MOST_PASSAGES = 8
"""More would cost a reader time and a small model its thread."""

CACHE_BYTES = 64 << 20
"""Of all vectors that are kept: those of about 80,000 passages."""

_FUSION = 60
"""Usual constant of reciprocal rank fusion (Cormack and others 2009): how little the first counts
more than the next."""

_SECOND_FUSION = 10
"""The same among the few that are left, where a place more or less says more."""

LIKELY = 20
"""Passages of which the sentences are looked at."""

SENTENCE_CHARACTERS = 220
"""Of sentences that are compared as one: alone, many say too little."""

_LOOKED_AT = 20
"""Passages by which their language is told."""
_HEADING = 2
"""So often in the text counts a word of the heading."""
_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"(?<=[.!?:;•])\s+")


def by_words(passages: Sequence[Passage], question: str) -> list[float]:
    """Return how well each passage fits the words of ``question`` (BM25); 0 for not at all.

    Words of the heading that a passage lies under count, too. Words are held against each other by
    their stems; those that tell nothing are left out.
    """
    language = languages.language_of(
        "\n".join(p.text for p in passages[:: len(passages) // 20 + 1])
    )
    wanted = set(languages.stems(question, language))
    cut = [
        (_WORD.findall(passage.text.lower()), _WORD.findall(passage.heading.lower()))
        for passage in passages
    ]
    # Of thousands of pages each word is cut to its stem once, and only those asked for are counted.
    stem = {
        word: cut_off
        for word in set().union(*(words for parts in cut for words in parts))
        if (cut_off := languages.stem(word, language)) in wanted
    }
    counts: list[Mapping[str, float]] = []
    for text, heading in cut:
        frequencies = Counter(stem[word] for word in text if word in stem)
        for passage in {stem[word] for word in heading if word in stem}:
            frequencies[passage] += _HEADING
        counts.append(frequencies)
    return bm25(counts, wanted, lengths=[len(text) for text, _heading in cut])


def together(*orders: Sequence[float]) -> list[float]:
    """Return one score for each passage out of several that cannot be compared, by their ranks."""
    return _by_ranks(orders, _FUSION)


def _by_ranks(orders: Sequence[Sequence[float]], constant: int) -> list[float]:
    total = [0.0] * len(orders[0])
    for scores in orders:
        ranked = sorted(range(len(scores)), key=lambda index: -scores[index])
        for rank, index in enumerate(ranked, 1):
            if scores[index] > 0:  # what has none of the words has no rank among them
                total[index] += 1 / (constant + rank)
    return total


def second_look(
    engine: EmbeddingEngine,
    passages: Sequence[Passage],
    question: str,
    orders: Sequence[Sequence[float]],
) -> Generator[Event, None, list[float]]:
    """Return scores that put the likeliest passages in the order of all three, before the others.

    Args:
        orders: Scores of each passage by words, and by meaning.
    """
    scores = together(*orders)
    likely = sorted(range(len(scores)), key=lambda index: -scores[index])[:LIKELY]
    near = yield from _by_sentences(engine, [passages[index] for index in likely], question)
    of_likely = [[order[index] for index in likely] for order in orders]
    for index, score in zip(likely, _by_ranks([*of_likely, near], _SECOND_FUSION), strict=True):
        scores[index] = 1 + score  # more than any of the others can have
    return scores


def _by_sentences(
    engine: EmbeddingEngine, passages: Sequence[Passage], question: str
) -> Generator[Event, None, list[float]]:
    """Return how like ``question`` the likest sentences of each passage are, under its heading."""
    ask, tell = getattr(engine, "prefixes", ("", ""))
    owners: list[int] = []
    texts: list[str] = []
    for number, passage in enumerate(passages):
        for text in _few_sentences(passage.text):
            is_under = passage.heading and not text.startswith(passage.heading)
            texts.append(f"{tell}{passage.heading}: {text}" if is_under else tell + text)
            owners.append(number)
    query = yield from _vectors(engine, [ask + question], lambda count: None)
    vectors = yield from _vectors(engine, texts, lambda count: None)
    nearest = [-1.0] * len(passages)
    for owner, likeness in zip(owners, (vectors @ query[0]).tolist(), strict=True):
        nearest[owner] = max(nearest[owner], likeness)
    return nearest


def _few_sentences(text: str) -> list[str]:
    """Return ``text`` cut between sentences into pieces that are compared as one."""
    pieces = [""]
    for sentence in _SENTENCE_END.split(" ".join(text.split())):
        if pieces[-1] and len(pieces[-1]) + len(sentence) > SENTENCE_CHARACTERS:
            pieces.append("")
        pieces[-1] = f"{pieces[-1]} {sentence}".strip()
    return pieces


def of_order(order: Sequence[int], numbers: Sequence[int]) -> list[float]:
    """Return a score for each of ``numbers``: the first of an order has most, others nothing."""
    places = {number: place for place, number in enumerate(order, 1)}
    return [1 / places[number] if number in places else 0.0 for number in numbers]


def by_meaning(
    ctx: TaskContext, engine: EmbeddingEngine, groups: Sequence[Sequence[Passage]], question: str
) -> Generator[Event, None, list[float]]:
    """Return how like ``question`` each passage is, -1 to 1.

    The vectors of a group, the passages of one document, are kept in ``ctx.cache`` and not computed
    again until the text or the encoder is another.
    """
    total = sum(map(len, groups))
    done = 0
    likeness: list[float] = []
    ask, tell = getattr(engine, "prefixes", ("", ""))
    query = yield from _vectors(engine, [ask + question], lambda count: None)
    for group in groups:
        texts = [tell + passage.text for passage in group]
        cached = ctx.cache / "passages" / f"{_key(engine, texts)}.f16"
        vectors = _kept(cached, len(texts), engine.width)
        if vectors is None:

            def say(count: int, before: int = done) -> Event:
                return ctx.progress(before + count, total, "Reading the documents")

            vectors = yield from _vectors(engine, texts, say)
            vectors = _rounded(vectors) if ctx.is_private else _keep(cached, vectors)
        done += len(texts)
        likeness += (vectors @ query[0]).tolist()
    return likeness


def choose(passages: Sequence[Passage], scores: Sequence[float], room: int) -> list[Passage]:
    """Return the best passages that fit ``room`` characters together, in the order of the text.

    There is always at least one; those that follow each other become one.
    """
    ranked = sorted(range(len(passages)), key=lambda index: -scores[index])
    chosen, size = [ranked[0]], len(passages[ranked[0]].text)
    for index in ranked[1:MOST_PASSAGES]:
        if size + len(passages[index].text) > room:
            break
        chosen.append(index)
        size += len(passages[index].text)
    selected: list[Passage] = []
    before = -2
    for index in sorted(chosen):
        passage = passages[index]
        if selected and index == before + 1 and selected[-1].document == passage.document:
            last = selected.pop()
            text = f"{last.text}\n{passage.text}"
            passage = Passage(last.document, last.first, passage.last, text)
        selected.append(passage)
        before = index
    return selected


def _vectors(
    engine: EmbeddingEngine, texts: Sequence[str], say: Any
) -> Generator[Event, None, Any]:
    """Return float32 vectors (texts, width) as a numpy array."""
    import numpy as np

    vectors = np.zeros((len(texts), engine.width), np.float32)
    done = 0
    for indices, rows in engine.embed(texts):
        vectors[list(indices)] = rows.numpy()
        done += len(indices)
        yield say(done)
    return vectors


def _rounded(vectors: Any) -> Any:
    """Return vectors at the precision of the stored index."""
    return vectors.astype("<f2").astype("f4")


def _key(engine: EmbeddingEngine, texts: Sequence[str]) -> str:
    digest = hashlib.blake2b(engine.fingerprint.encode(), digest_size=20)
    for text in texts:
        data = text.encode("utf-8", "replace")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def _kept(path: Path, count: int, width: int) -> Any:
    """Return vectors computed before, or None: a cache is not trusted where it looks wrong."""
    import numpy as np

    with contextlib.suppress(OSError):
        if path.stat().st_size == 2 * count * width:
            vectors = np.frombuffer(path.read_bytes(), "<f2").reshape(count, width)
            if np.isfinite(vectors).all():
                os.utime(path)
                return vectors.astype(np.float32)
    return None


def _keep(path: Path, vectors: Any) -> Any:
    """Keep vectors in half precision, and forget those not used for longest.

    Returns them as they will be found, so that the next time gives the same order.
    """
    halves = vectors.astype("<f2")
    part = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):  # without it they are computed again
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(halves.tobytes())
        part.replace(path)
        kept_files.used(path, CACHE_BYTES)
    return halves.astype("f4")

"""Which passages a question is about: by what they mean, or by their words. Reads no files."""

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

_LOOKED_AT = 20
"""Passages by which their language is told."""
_HEADING = 2
"""So often in the text counts a word of the heading."""
_WORD = re.compile(r"\w+")


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
        (_WORD.findall(each.text.lower()), _WORD.findall(each.heading.lower())) for each in passages
    ]
    # Of thousands of pages each word is cut to its stem once, and only those asked for are counted.
    stem = {
        word: cut_off
        for word in set().union(*(words for parts in cut for words in parts))
        if (cut_off := languages.stem(word, language)) in wanted
    }
    counts: list[Mapping[str, float]] = []
    for text, heading in cut:
        found = Counter(stem[word] for word in text if word in stem)
        for each in {stem[word] for word in heading if word in stem}:
            found[each] += _HEADING
        counts.append(found)
    return bm25(counts, wanted, lengths=[len(text) for text, _heading in cut])


def together(*orders: Sequence[float]) -> list[float]:
    """Return one score for each passage out of several that cannot be compared, by their ranks."""
    total = [0.0] * len(orders[0])
    for scores in orders:
        ranked = sorted(range(len(scores)), key=lambda index: -scores[index])
        for rank, index in enumerate(ranked, 1):
            if scores[index] > 0:  # what has none of the words has no rank among them
                total[index] += 1 / (_FUSION + rank)
    return total


def of_ranks(orders: Sequence[Sequence[int]]) -> dict[int, float]:
    """Return a score for each number that one of several orders has, the best first in each."""
    total: dict[int, float] = {}
    for order in orders:
        for rank, each in enumerate(order, 1):
            total[each] = total.get(each, 0.0) + 1 / (_FUSION + rank)
    return total


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
    asked = yield from _vectors(engine, [ask + question], lambda count: None)
    for group in groups:
        texts = [tell + passage.text for passage in group]
        kept = ctx.cache / "passages" / f"{_key(engine, texts)}.f16"
        vectors = _kept(kept, len(texts), engine.width)
        if vectors is None:

            def say(count: int, before: int = done) -> Event:
                return ctx.progress(before + count, total, "Reading the documents")

            vectors = yield from _vectors(engine, texts, say)
            vectors = _rounded(vectors) if ctx.is_private else _keep(kept, vectors)
        done += len(texts)
        likeness += (vectors @ asked[0]).tolist()
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
    found: list[Passage] = []
    before = -2
    for index in sorted(chosen):
        passage = passages[index]
        if found and index == before + 1 and found[-1].document == passage.document:
            last = found.pop()
            text = f"{last.text}\n{passage.text}"
            passage = Passage(last.document, last.first, passage.last, text)
        found.append(passage)
        before = index
    return found


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
    """Return vectors as they would be kept."""
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

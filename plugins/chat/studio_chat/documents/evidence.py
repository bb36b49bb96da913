"""Documents in a prompt: whole where they fit, else the passages that the question is about."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from studio.api import BadInput, ChatMessage, Event, StudioError, TaskContext, TextEngine
from studio_chat.documents import languages, ranking
from studio_chat.documents.collection import Collection, opened
from studio_chat.documents.passages import (
    MAX_DOCUMENTS,
    Document,
    Passage,
    passages,
    shown_name,
)
from studio_chat.documents.reader import read_document

SHARE = 2
"""Documents take at most one part in so many of the context that the reply leaves."""

MOST_CLOSEST = 3
"""Documents of which passages are shown where none answers."""

_SAMPLE = 20_000
_ENGLISH_ONLY = (
    "Not all is English: “Multilingual E5 small” on the Models page would find passages better."
)
_NO_ENCODER = "No embedding model is installed, so passages were found by keywords."


@dataclass(frozen=True)
class Encoders:
    """What finds passages by their meaning; None for one that is not installed.

    Attributes:
        english: For a question and documents that are all English.
        multilingual: For all others.
    """

    english: str | None = None
    multilingual: str | None = None


@dataclass
class DocumentContext:
    """Documents, passages and prompt texts that ground a reply.

    Attributes:
        documents: Readable documents.
        sources: For each document, plain data: ``document`` (its name), ``path``, ``whole``,
            ``lines`` (first and last line of each used stretch, the best first), ``of`` (number
            of lines), for paged documents ``pages`` and ``of_pages`` likewise, ``boxes`` (page,
            left, top, right, bottom of recognised lines), ``unit`` and ``titles`` for slides,
            chapters or rows; or ``error``: why it was not read.
        found_by: ``meaning`` or ``words``, where passages were chosen; else empty.
        note: Remark on the search for the user.
        texts: Texts for the prompt.
        closest: Where the documents do not answer: the passages nearest to the question, as
            ``sources``; None where they were not asked, or do answer.
    """

    documents: list[Document] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    found_by: str = ""
    note: str = ""
    texts: list[Passage] = field(default_factory=list)
    closest: list[dict[str, Any]] | None = None
    paths: dict[str, str] = field(default_factory=dict)
    """Name of a document → where it is."""

    def result(self) -> dict[str, Any]:
        """Return the keys of the task's result; none without documents."""
        if not self.sources and self.closest is None:
            return {}
        fields = {"sources": self.sources, "found_by": self.found_by, "sources_note": self.note}
        return (
            fields if self.closest is None else fields | {"declined": True, "closest": self.closest}
        )

    def narrow(self, carrying: Sequence[tuple[int, int]]) -> None:
        """Let the sources be those lines that carry the answer; others were read in vain.

        Args:
            carrying: Number of the text and of the line in it; without any, nothing changes.
        """
        if lines := self._lines(carrying):
            self.sources = self._unread + self._parts(lines)

    def decline(self, nearest: Sequence[tuple[int, int]]) -> None:
        """Let there be no sources, as the documents do not answer; ``nearest`` are shown beside."""
        whole = [source for source in self.sources if source.get("lines")]
        self.closest = whole[:MOST_CLOSEST] or self._parts(self._lines(nearest))
        self.sources, self.found_by = self._unread, ""

    @property
    def _unread(self) -> list[dict[str, Any]]:
        return [source for source in self.sources if source.get("error")]

    def _lines(self, carrying: Sequence[tuple[int, int]]) -> dict[str, list[list[int]]]:
        """Return by document where these lines are in it."""
        used: dict[str, set[int]] = {}
        texts = {document.name: document.text.split("\n") for document in self.documents}
        for number, place in carrying:
            text = self.texts[number]
            line = text.text.split("\n")[place]
            lines = texts[text.document]
            inside = range(text.first, min(text.last, len(lines)) + 1)
            at = next((inner for inner in inside if line in lines[inner - 1]), None)
            if at is not None:
                used.setdefault(text.document, set()).add(at)
        return {
            name: stretches([Passage(name, at, at, "") for at in numbers], [])
            for name, numbers in used.items()
        }

    def _parts(self, lines: Mapping[str, list[list[int]]]) -> list[dict[str, Any]]:
        by_name = {document.name: document for document in self.documents}
        return [_part(self, by_name[name], pairs) for name, pairs in lines.items()]

    def into(self, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
        """Return ``messages`` with the texts in them.

        Whole documents stand at the beginning, where the next turn finds them read already;
        passages before the question that they were chosen for.
        """
        if not self.texts:
            return list(messages)
        if self.found_by:
            return _before_question(messages, self._told("Passages from the user's documents:"))
        text = self._told("The user attached these documents:")
        if messages[0]["role"] == "system":
            system: ChatMessage = {
                "role": "system",
                "content": f"{messages[0]['content']}\n\n{text}",
            }
            return [system, *messages[1:]]
        return [{"role": "system", "content": text}, *messages]

    def _told(self, heading: str) -> str:
        by_name = {document.name: document for document in self.documents}
        parts = [heading]
        for text in self.texts:
            where = f", {_place(by_name[text.document], text)}" if self.found_by else ""
            parts.append(f"[{text.document}{where}]\n{text.text}")
        return "\n\n".join(parts)


def _place(document: Document, text: Passage) -> str:
    first, last, unit = text.first, text.last, document.unit
    if document.pages:
        first, last = document.page(first), document.page(last)
        if first == last and document.titles and (title := document.titles[first - 1]):
            return f"{unit} {first}: {title}"
    elif unit == "line":
        return f"lines {first} to {last}"
    return f"{unit} {first}" if first == last else f"{unit}s {first} to {last}"


def _before_question(messages: Sequence[ChatMessage], text: str) -> list[ChatMessage]:
    place = max(i for i, message in enumerate(messages) if message["role"] == "user")
    grounded: ChatMessage = {
        "role": "user",
        "content": f"{text}\n\nWith these in mind:\n\n{messages[place]['content']}",
    }
    return [*messages[:place], grounded, *messages[place + 1 :]]


def ground(
    ctx: TaskContext,
    paths: Sequence[str],
    messages: Sequence[ChatMessage],
    weights: str,
    encoders: Encoders,
    reserve: int,
    reader: str | None = None,
) -> Generator[Event, None, DocumentContext]:
    """Read the documents at ``paths`` and choose what of them goes into the prompt.

    A folder among them is a collection: what changed in it is read, and passages of it are chosen.

    Args:
        weights: The model that will answer; how long a text is, it says.
        encoders: Find passages by their meaning; without one, their words decide.
        reserve: Tokens that the reply may have.
        reader: Reads pages that are pictures; without one, they have no text.

    Raises:
        BadInput: There are too many, or none can be read and nothing else was said yet.
        StudioError: Weights cannot be used.
    """
    if len(paths) > MAX_DOCUMENTS:
        raise BadInput(f"A reply can use at most {MAX_DOCUMENTS} documents.", "Remove some.")
    folders = [path for path in paths if Path(path).expanduser().is_dir()]
    files = [path for path in paths if path not in folders]
    is_first = len(messages) < 3 and not folders
    context = yield from _read_all(ctx, files, reader, is_first=is_first)
    if not context.documents and not folders:
        return context
    with ctx.lease(weights) as engine:
        yield ctx.progress(0, 1, "Reading the documents")
        room = (engine.context_length - min(reserve, engine.context_length // 2)) // SHARE
        fits = not folders and _fits(engine, context.documents, room)
        a_token = _characters_per_token(engine, context.documents)
    if fits:
        for document in context.documents:
            context.texts.append(Passage(document.name, 1, document.lines, document.text.strip()))
            context.sources.append(_source(context, document, whole=True))
        return context
    question = next(m["content"] for m in reversed(messages) if m["role"] == "user")
    with ExitStack() as open_now:
        collections = [
            open_now.enter_context(opened(ctx.cache, path, private=ctx.is_private))
            for path in folders
        ]
        for number, collection in enumerate(collections, 1):
            if collection.name in {other.name for other in collections[: number - 1]}:
                collection.name = f"{collection.name} ({number})"
        groups = [passages(document) for document in context.documents]
        scores: list[float] = []
        if groups:
            scores = yield from _scores(ctx, context, groups, question, encoders)
        everything = [passage for group in groups for passage in group]
        for collection in collections:
            yield from collection.refresh(ctx, reader)
            hits = yield from _search(ctx, context, collection, question, encoders)
            scores += [score for score, _passage in hits]
            everything += [passage for _score, passage in hits]
        if everything:
            context.texts = ranking.choose(everything, scores, int(room * a_token))
        for collection in collections:
            _take(context, collection)
    for document in context.documents:
        ranked = [
            (score, passage)
            for score, passage in zip(scores, everything, strict=True)
            if passage.document == document.name
        ]
        lines = stretches([t for t in context.texts if t.document == document.name], ranked)
        context.sources.append(_part(context, document, lines))
    return context


def _encoder(context: DocumentContext, encoders: Encoders, is_english: bool) -> str | None:
    """Return the id of the encoder for semantic search, if any; else add a note."""
    encoder = encoders.english if is_english else encoders.multilingual or encoders.english
    if not is_english and not encoders.multilingual:
        context.note = _ENGLISH_ONLY
    if not encoder:
        context.note = _NO_ENCODER
    return encoder


def _search(
    ctx: TaskContext,
    context: DocumentContext,
    collection: Collection,
    question: str,
    encoders: Encoders,
) -> Generator[Event, None, list[tuple[float, Passage]]]:
    """Return passages of a collection with their scores, the best first."""
    context.found_by = context.found_by or "words"
    words = collection.by_words(question)
    is_english = languages.is_english(question, ()) and collection.is_english
    if encoder := _encoder(context, encoders, is_english):
        try:
            with ctx.lease(encoder) as engine:
                yield from collection.embed(ctx, engine)
                orders = (words, collection.by_meaning(engine, question))
                rows = sorted({row for order in orders for row in order})
                texts = collection.passages(rows)
                of_rows = [ranking.of_order(order, rows) for order in orders]
                scores = yield from ranking.second_look(engine, texts, question, of_rows)
            context.found_by = "meaning"
            return _best_first(scores, texts)
        except StudioError as error:  # the reply is still worth having
            context.note = f"Passages were found by keywords: {error.message}"
    return _best_first(ranking.of_order(words, words), collection.passages(words))


def _best_first(
    scores: Sequence[float], passages: Sequence[Passage]
) -> list[tuple[float, Passage]]:
    return sorted(zip(scores, passages, strict=True), key=lambda pair: -pair[0])


def _take(context: DocumentContext, collection: Collection) -> None:
    """Make the documents that passages were chosen of known; say what could not be read."""
    for name in dict.fromkeys(text.document for text in context.texts):
        if (document := collection.document(name)) is not None:
            context.documents.append(document)
            context.paths[name] = str(collection.path_of(name))
    if problems := collection.problems:
        first = f"The first: {problems[0]}"
        count = len(problems)
        words = f"{count} files" if count > 1 else "1 file"
        message = f"{words} of {collection.name} cannot be read. {first}"
        context.note = " ".join(filter(None, (context.note, message)))
    if not collection.count():
        context.sources.append(
            {"document": collection.name, "error": f"{collection.name} has no documents."}
        )


def _source(context: DocumentContext, document: Document, *, whole: bool) -> dict[str, Any]:
    path = context.paths[document.name]
    return {"document": document.name, "path": path, "whole": whole, "of": document.lines}


def _part(context: DocumentContext, document: Document, lines: list[list[int]]) -> dict[str, Any]:
    """Return the source that stretches of a document are."""
    source = _source(context, document, whole=False) | {"lines": lines}
    if document.pages:
        source["pages"] = [[document.page(a), document.page(b)] for a, b in lines]
        source["of_pages"] = len(document.pages)
    if document.boxes:
        source["boxes"] = boxes_of(document, lines)
    if document.unit not in {"page", "line"}:
        source |= {"unit": document.unit, "titles": list(document.titles)}
    return source


def boxes_of(document: Document, lines: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return page, left, top, right and bottom of each of these lines that was recognised."""
    numbers = (number for first, last in lines for number in range(first, last + 1))
    placed = ((number, document.boxes[number - 1]) for number in numbers)
    return [[document.page(number), *box] for number, box in placed if box is not None]


def stretches(texts: Sequence[Passage], ranked: Sequence[tuple[float, Passage]]) -> list[list[int]]:
    """Return the lines of one document's ``texts``: what overlaps is one, the best comes first.

    Args:
        ranked: Its passages with their scores.
    """
    merged: list[list[int]] = []
    for text in sorted(texts, key=lambda text: text.first):
        if merged and text.first <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], text.last)
        else:
            merged.append([text.first, text.last])

    def best(lines: list[int]) -> float:
        inside = [s for s, p in ranked if lines[0] <= p.first and p.last <= lines[1]]
        return max(inside, default=float("-inf"))

    return sorted(merged, key=lambda lines: -best(lines))


def _read_all(
    ctx: TaskContext, paths: Sequence[str], reader: str | None, *, is_first: bool
) -> Generator[Event, None, DocumentContext]:
    """Read the documents; report unreadable ones with the reply, which continues."""
    context = DocumentContext()
    for path in paths:
        try:
            document = yield from read_document(ctx, path, reader)
        except BadInput as error:
            if is_first and len(paths) == 1:
                raise
            context.sources.append({"document": shown_name(path), "error": error.message})
            continue
        names = {source.name for source in context.documents}
        name, number = document.name, 2
        while name in names:
            name, number = f"{document.name} ({number})", number + 1
        context.documents.append(replace(document, name=name))
        context.paths[name] = path
    return context


def _scores(
    ctx: TaskContext,
    context: DocumentContext,
    groups: Sequence[Sequence[Passage]],
    question: str,
    encoders: Encoders,
) -> Generator[Event, None, list[float]]:
    context.found_by = "words"
    everything = [passage for group in groups for passage in group]
    words = ranking.by_words(everything, question)
    is_english = languages.is_english(question, [document.text for document in context.documents])
    if encoder := _encoder(context, encoders, is_english):
        try:
            with ctx.lease(encoder) as engine:
                likeness = yield from ranking.by_meaning(ctx, engine, groups, question)
                orders = (words, likeness)
                scores = yield from ranking.second_look(engine, everything, question, orders)
        except StudioError as error:  # the reply is still worth having
            context.note = f"Passages were found by keywords: {error.message}"
        else:
            context.found_by = "meaning"
            return scores
    return words


def _fits(engine: TextEngine, documents: Sequence[Document], room: int) -> bool:
    if sum(len(document.text) for document in documents) > 16 * room:
        return False  # no text has so few tokens; and nobody counts those of a book for nothing
    return sum(engine.count(document.text) + 16 for document in documents) <= room


def _characters_per_token(engine: TextEngine, documents: Sequence[Document]) -> float:
    """Return how long a token of these documents is; a little less, to be safe."""
    most = min(_SAMPLE, 16 * engine.context_length)
    sample = "".join(document.text[:most] for document in documents)[:most]
    return 0.9 * len(sample) / max(engine.count(sample), 1)

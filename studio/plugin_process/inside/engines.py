"""Engines that the studio lends: the same interfaces, each call a question over the link."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from studio.api.worker.text import ChatMessage, FittedPrompt, SamplingParams, TextStep
from studio.plugin_process import messages as m
from studio.plugin_process.inside.wire import Wire
from studio.protocol.errors import ErrorCode, StudioError


def lent(wire: Wire, facts: Mapping[str, Any]) -> Any:
    """Return the engine that ``facts``, the answer to a ``Lease``, tell of."""
    kinds = {"text": Text, "embedding": Embedding}
    return kinds[facts["kind"]](wire, facts)


class Text:
    """A language model; see :class:`studio.api.worker.text.TextEngine`."""

    def __init__(self, wire: Wire, facts: Mapping[str, Any]) -> None:
        self.context_length = int(facts["context_length"])
        self.can_infill = bool(facts["can_infill"])
        self.can_see = bool(facts["can_see"])
        self._wire, self._lease = wire, int(facts["lease"])

    def fit(self, messages: Sequence[ChatMessage], reserve: int) -> FittedPrompt:
        plain: list[Any] = [dict(message) for message in messages]
        fitted = self._wire.ask(lambda ask: m.Fit(ask, self._lease, plain, reserve))
        return msgspec.convert(fitted, FittedPrompt)

    def encode(self, text: str) -> list[int]:
        return list(self._wire.ask(lambda ask: m.Encode(ask, self._lease, text)))

    def infill(self, before: str, after: str, reserve: int) -> FittedPrompt:
        answer = self._wire.ask(lambda ask: m.Encode(ask, self._lease, before, after, reserve))
        return FittedPrompt(list(answer))

    def score(self, ids: Sequence[int], start: int) -> Iterator[list[float]]:
        tokens = list(ids)
        for value, _ in self._wire.answers(lambda ask: m.Score(ask, self._lease, tokens, start)):
            if value is not None:
                yield list(value)

    def count(self, text: str) -> int:
        return int(self._wire.ask(lambda ask: m.Count(ask, self._lease, text)))

    def more_bytes(self, tokens: int, texts: int = 1) -> int:
        return int(self._wire.ask(lambda ask: m.MoreBytes(ask, self._lease, tokens, texts)))

    def generate(self, ids: Sequence[int], params: SamplingParams) -> Iterator[TextStep]:
        for _, step in self.generate_many(ids, [params]):
            yield step

    def generate_many(
        self, ids: Sequence[int], params: Sequence[SamplingParams]
    ) -> Iterator[tuple[int, TextStep]]:
        samplings = tuple(params)
        answers = self._wire.answers(lambda ask: m.Write(ask, self._lease, list(ids), samplings))
        for value, _ in answers:
            if value is not None:
                yield int(value[0]), msgspec.convert(value[1], TextStep)


class Embedding:
    """A sentence encoder; see :class:`studio.api.worker.embedding.EmbeddingEngine`."""

    def __init__(self, wire: Wire, facts: Mapping[str, Any]) -> None:
        self.width, self.longest = int(facts["width"]), int(facts["longest"])
        self.fingerprint = str(facts["fingerprint"])
        self._wire, self._lease = wire, int(facts["lease"])

    def count(self, text: str) -> int:
        return int(self._wire.ask(lambda ask: m.Count(ask, self._lease, text)))

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[tuple[int, ...], Any]]:
        if len(texts) > m.MOST_TEXTS:
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"{len(texts):,} texts cannot be embedded at once; the limit is {m.MOST_TEXTS:,}.",
                "Embed them in several calls.",
            )
        for value, blobs in self._wire.answers(lambda ask: m.Embed(ask, self._lease, list(texts))):
            if value is not None:
                yield tuple(value), self._vectors(blobs[0], len(value))

    def _vectors(self, blob: memoryview, rows: int) -> Any:
        """Return vectors as torch or numpy has them, whichever the plugin brought; else as rows."""
        if torch := sys.modules.get("torch"):
            return torch.frombuffer(bytearray(blob), dtype=torch.float32).reshape(rows, self.width)
        try:
            import numpy
        except ModuleNotFoundError:
            return blob.cast("B").cast("f", (rows, self.width))
        return numpy.frombuffer(blob, dtype="<f4").reshape(rows, self.width)

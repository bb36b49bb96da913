"""Fake engines for tests of tasks: one returns given texts, one encodes words only.

engine = FakeTextEngine("A poem about rain.")
made = run_task(write, Write.parse({"about": "rain", "weights": "any"}), models={"any": engine})
assert "rain" in engine.prompts[0]
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from studio.api.worker.text import (
    ChatMessage,
    FittedPrompt,
    SamplingParams,
    TextStep,
    TokenLogprob,
)
from studio.api.worker.tools import Tool
from studio.protocol.errors import ErrorCode, StudioError

_TOKEN = re.compile(r"\s*\S+|\s+")


class FakeTextEngine:
    """A ``TextEngine`` that writes the texts it was given, one a generation, word by word.

    A token is a word with the space before it. What ends a text is as with a real engine: its end
    (``stop``), ``max_tokens`` (``length``), a stop string, or the context.

    Attributes:
        context_length: In tokens.
        prompts: What it was asked, one text a generation; messages as lines ``role: content``.
        samplings: The sampling that came with each text it wrote.
        liked: Word → its probability, for ``score``.
        can_infill: Whether it fills in the middle; the prompt is then ``BEFORE<gap>AFTER``.
        can_see: Whether it reads pictures; ``pictures`` are those of the last prompt.
    """

    can_infill = True
    can_see = False

    def __init__(self, *texts: str, context_length: int = 4096) -> None:
        self.context_length = context_length
        self.prompts: list[str] = []
        self.samplings: list[SamplingParams] = []
        self.pictures: list[bytes] = []
        self._texts = deque(texts)
        self._known: dict[str, int] = {}
        self.liked: dict[str, float] = {}

    def fit(
        self, messages: Sequence[ChatMessage], reserve: int, tools: Sequence[Tool] = ()
    ) -> FittedPrompt:
        """Render ``messages``, with a line for each tool; drop the oldest that leave no room."""
        self.pictures = [entry for message in messages for entry in message.get("pictures", ())]
        lines = [f"tool: {entry['name']}" for entry in tools]
        lines += [f"{entry['role']}: {entry['content']}" for entry in messages]
        for dropped in range(len(lines)):
            ids = self._ids("\n".join(lines[dropped:]))
            if len(ids) + reserve <= self.context_length:
                return FittedPrompt(ids, dropped)
        raise self._too_long()

    def encode(self, text: str) -> list[int]:
        """Return the ids of ``text``, one a word."""
        ids = self._ids(text)
        if len(ids) > self.context_length:
            raise self._too_long()
        return ids

    def infill(self, before: str, after: str, reserve: int) -> FittedPrompt:
        """Return both texts, with ``<gap>`` between them."""
        return FittedPrompt(self.encode(f"{before}<gap>{after}"))

    def count(self, text: str) -> int:
        """Return how many tokens ``text`` is."""
        return len(_TOKEN.findall(text))

    def more_bytes(self, tokens: int, texts: int = 1) -> int:
        """Return 0: its texts take no memory worth a lease."""
        return 0

    def generate(self, ids: Sequence[int], params: SamplingParams) -> Iterator[TextStep]:
        """Yield the steps of the next text."""
        yield self._read(ids)
        yield from self._written(ids, params)

    def generate_many(
        self, ids: Sequence[int], params: Sequence[SamplingParams]
    ) -> Iterator[tuple[int, TextStep]]:
        """Yield the steps of the next texts, one of ``params`` each, in turns."""
        yield 0, self._read(ids)
        waiting = deque((at, self._written(ids, sampling)) for at, sampling in enumerate(params))
        while waiting:
            at, steps = waiting.popleft()
            if (step := next(steps, None)) is not None:
                yield at, step
                waiting.append((at, steps))

    def score(self, ids: Sequence[int], start: int) -> Iterator[list[float]]:
        """Yield logarithms of probabilities that follow from each word, and from nothing else.

        What the attribute ``liked`` holds is as likely as it says, any other word one in a hundred.
        """
        words = {id: word for word, id in self._known.items()}
        self.prompts.append("".join(words[id] for id in ids))
        yield [math.log(self.liked.get(words[id].strip(), 0.01)) for id in ids[start:]]

    # --- inside -------------------------------------------------------------------------------

    def _read(self, ids: Sequence[int]) -> TextStep:
        words = {id: word for word, id in self._known.items()}
        self.prompts.append("".join(words[id] for id in ids))
        return TextStep("prefill", len(ids), len(ids))

    def _written(self, ids: Sequence[int], params: SamplingParams) -> Iterator[TextStep]:
        assert self._texts, "the task writes more texts than the test gave the engine"
        self.samplings.append(params)
        whole = self._texts.popleft()
        places = [place for stop in params.stop if (place := whole.find(stop)) >= 0]
        tokens = _TOKEN.findall(whole[: min(places)] if places else whole)
        room = self.context_length - len(ids)
        most = min(params.max_tokens, room)
        for done, token in enumerate(tokens[:most], start=1):
            spelt = token.encode()
            alike = ((spelt, -0.5),) * (params.logprobs or 0)
            chance = None if params.logprobs is None else TokenLogprob(spelt, -0.5, alike)
            yield TextStep(
                "token", done, params.max_tokens, token, self._ids(token)[0], logprob=chance
            )
        reason = "stop_string" if places else "stop"
        if len(tokens) > most:
            reason = "length" if params.max_tokens <= room else "context"
        done = min(len(tokens), most)
        yield TextStep("end", done, params.max_tokens, finish_reason=reason, prompt_tokens=len(ids))

    def _ids(self, text: str) -> list[int]:
        words = _TOKEN.findall(text)
        return [self._known.setdefault(word, len(self._known)) for word in words]

    def _too_long(self) -> StudioError:
        return StudioError(
            ErrorCode.CONTEXT_TOO_LONG, "The prompt does not fit the context.", "Shorten it."
        )


class FakeEmbeddingEngine:
    """An ``EmbeddingEngine`` whose vectors say which words a text has, and nothing else.

    The likeness of two texts is 1 for the same words, and larger the more words they share.
    """

    def __init__(self, width: int = 64, longest: int = 256) -> None:
        self.width, self.longest = width, longest
        self.fingerprint = f"words-{width}"

    def count(self, text: str) -> int:
        """Return how many tokens ``text`` is: its words."""
        return len(text.split())

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[tuple[int, ...], Any]]:
        """Yield (indices, vectors) four texts a step, the shortest first."""
        import torch

        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        for start in range(0, len(order), 4):
            places = tuple(order[start : start + 4])
            rows = torch.tensor([self._row(texts[at]) for at in places])
            yield places, torch.nn.functional.normalize(rows, dim=1)

    def _row(self, text: str) -> list[float]:
        row = [0.0] * self.width
        for word in text.lower().split()[: self.longest] or [""]:
            digest = hashlib.sha256(word.strip(".,;:!?\"'()").encode()).digest()
            row[int.from_bytes(digest[:4], "little") % self.width] += 1.0
        return row

"""Texts being written after one prompt, a model step at a time. Loads and renders nothing.

Nothing is held across a ``yield`` but the texts' own caches and samplers: whatever runs in between
finds torch as it was (DESIGN section 4).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from studio.api.text import SamplingParams, TextStep
from studio.runtime.engines.text.attention import KeyValueCache
from studio.runtime.engines.text.llama import Llama, Passage
from studio.runtime.engines.text.prefixes import Prefixes
from studio.runtime.engines.text.sampler import Sampler
from studio.runtime.engines.text.stops import StopScanner
from studio.runtime.engines.text.tokenizer import StreamDecoder, TextTokenizer

LARGEST_CHUNK = 512
"""Prompt tokens a step on a device that is no processor."""

_STEP_WORK = 18_000_000_000
"""Tokens × weights of a step on a processor: about a quarter of a second on one slow core."""


def chunk_size(parameters: int, device: str) -> int:
    """Return how many prompt tokens are read at once: many for speed, few for a quick cancel.

    It depends on nothing that changes between runs, so the same prompt is always cut at the same
    places: as floats, it gives the same bits only then.
    """
    if device != "cpu":
        return LARGEST_CHUNK
    fitting = max(_STEP_WORK // parameters, 32)
    return min(1 << fitting.bit_length() - 1, 256)


class Generation:
    """The state of one text between two steps.

    Attributes:
        prompt: Tokens that it follows.
        written: Tokens chosen so far, without one that ends the text.
        limit: How many there may be.
        is_done: Whether the text has ended.
    """

    def __init__(
        self,
        tokenizer: TextTokenizer,
        prompt: Sequence[int],
        params: SamplingParams,
        context_length: int,
    ) -> None:
        """Prepare the text that follows ``prompt``, which is shorter than the context."""
        self.prompt = list(prompt)
        self.written: list[int] = []
        self.limit = min(params.max_tokens, context_length - len(self.prompt))
        self.is_done = False
        self._ends = tokenizer.vocabulary.ends
        self._sampler = Sampler(params, self.prompt)
        before = tokenizer.token_bytes(self.prompt[-1])
        self._decoder = StreamDecoder(tokenizer, continues=before.strip() != b"")
        self._stops = StopScanner(params.stop)
        self._max_tokens = params.max_tokens
        self._started = time.perf_counter()
        self._first = 0.0

    def choose(self, scores: torch.Tensor) -> Iterator[TextStep]:
        """Yield the step of the token chosen from ``scores``, and the last one if it ends there."""
        token = self._sampler.pick(scores)
        self._first = self._first or time.perf_counter()
        if token in self._ends:
            yield self._end("stop", self._decoder.flush())
            return
        self.written.append(token)
        count = len(self.written)
        text = self._stops.push(self._decoder.push(token))
        yield TextStep("token", count, self.limit, text, token)
        if self._stops.stopped:
            yield self._end("stop_string")
        elif count == self.limit:
            reason = "length" if self.limit == self._max_tokens else "context"
            yield self._end(reason)  # a character cut in two is left out

    def _end(self, reason: str, rest: str = "") -> TextStep:
        self.is_done = True
        text = self._stops.push(rest) + self._stops.flush()
        if self._stops.stopped:
            reason = "stop_string"
        elapsed, count = time.perf_counter() - self._first, len(self.written)
        return TextStep(
            "end",
            count,
            self.limit,
            text,
            finish_reason=reason,
            prompt_tokens=len(self.prompt),
            first_token_seconds=self._first - self._started,
            tokens_per_second=(count - 1) / elapsed if count > 1 and elapsed > 0 else 0.0,
        )


def write(
    model: Llama, texts: Sequence[Generation], prefixes: Prefixes
) -> Iterator[tuple[int, TextStep]]:
    """Write ``texts``, which follow the same prompt: it is read once, then all go on together.

    Yields:
        (index of the text, step); the prompt's steps have the index 0.
    """
    prompt = texts[0].prompt
    cache = model.new_cache(len(prompt) + texts[0].limit)
    try:
        scores = torch.empty(0)
        for chunk_scores in _read_prompt(model, prompt, cache, prefixes):
            scores = chunk_scores
            yield 0, TextStep("prefill", cache.length, len(prompt))
        going = [_Going(0, texts[0], cache)]
        for index, text in enumerate(texts[1:], 1):
            going.append(_Going(index, text, _continued(model, text, cache)))
        rows = [scores] * len(going)
        while going:
            for each, row in zip(going, rows, strict=True):
                for step in each.text.choose(row):
                    yield each.index, step
            going = [each for each in going if not each.text.is_done]
            rows = _read_last(model, going)
    finally:
        prefixes.keep(prompt + texts[0].written, cache)


@dataclass(frozen=True)
class _Going:
    """A text that has not ended, and what has been read of it."""

    index: int
    text: Generation
    cache: KeyValueCache


def _read_prompt(
    model: Llama, prompt: Sequence[int], cache: KeyValueCache, prefixes: Prefixes
) -> Iterator[torch.Tensor]:
    """Read what is not known yet, and yield the scores after each chunk."""
    if (known := prefixes.longest(prompt)) is not None:
        cache.start_with(known.keys, known.values)
    chunk = chunk_size(model.config.parameters, model.device.type)
    while cache.length < len(prompt):
        end = (cache.length // chunk + 1) * chunk
        tokens = torch.tensor(prompt[cache.length : end], device=model.device)
        yield model(tokens, cache)


def _continued(model: Llama, text: Generation, cache: KeyValueCache) -> KeyValueCache:
    """Return a cache of its own for another text after the same prompt."""
    own = model.new_cache(len(text.prompt) + text.limit)
    own.start_with(cache.keys[:, :, : cache.length], cache.values[:, :, : cache.length])
    return own


def _read_last(model: Llama, going: Sequence[_Going]) -> list[torch.Tensor]:
    """Read the last token of each text; return the scores of what comes next."""
    passages = [
        Passage(torch.tensor(each.text.written[-1:], device=model.device), each.cache)
        for each in going
    ]
    if model.device.type == "cpu" and not model.is_packed:
        # Floats of several rows add up in another order than those of one.
        return [model.read([passage])[0] for passage in passages]
    return list(model.read(passages)) if passages else []

"""One text being written: a generator with one model step per ``yield``. Loads and renders nothing.

Nothing is held across a ``yield`` but the text's own cache and sampler: whatever runs in between
finds torch as it was (DESIGN section 4).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import torch

from studio.api.text import SamplingParams, TextStep
from studio.runtime.engines.text.attention import KeyValueCache
from studio.runtime.engines.text.llama import Llama
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
    places and gives the same bits.
    """
    if device != "cpu":
        return LARGEST_CHUNK
    fitting = max(_STEP_WORK // parameters, 32)
    return min(1 << fitting.bit_length() - 1, 256)


class Generation:
    """The state of one text between two steps.

    Attributes:
        count: New tokens so far.
        limit: How many there may be.
    """

    def __init__(
        self,
        model: Llama,
        tokenizer: TextTokenizer,
        prompt: Sequence[int],
        params: SamplingParams,
        context_length: int,
    ) -> None:
        """Prepare the text that follows ``prompt``, which is shorter than the context."""
        self._model = model
        self._ends = tokenizer.vocabulary.ends
        self._prompt = list(prompt)
        self._room = context_length - len(self._prompt)
        self.limit = min(params.max_tokens, self._room)
        self.count = 0
        self._sampler = Sampler(params, self._prompt)
        before = tokenizer.token_bytes(self._prompt[-1])
        self._decoder = StreamDecoder(tokenizer, continues=before.strip() != b"")
        self._stops = StopScanner(params.stop)
        self._max_tokens = params.max_tokens
        self._started = time.perf_counter()
        self._first = 0.0

    def steps(self) -> Iterator[TextStep]:
        """Yield a step for each chunk of the prompt, for each token, and one at the end."""
        cache = self._model.new_cache(len(self._prompt) + self.limit)
        scores = None
        chunk = chunk_size(self._model.config.parameters, self._model.device.type)
        for start in range(0, len(self._prompt), chunk):
            scores = self._read(self._prompt[start : start + chunk], cache)
            yield TextStep("prefill", cache.length, len(self._prompt))
        while True:
            assert scores is not None, "a prompt has at least one token"
            token = self._sampler.pick(scores)
            self._first = self._first or time.perf_counter()
            if token in self._ends:
                yield self._end("stop", self._decoder.flush())
                return
            self.count += 1
            text = self._stops.push(self._decoder.push(token))
            yield TextStep("token", self.count, self.limit, text, token)
            if self._stops.stopped:
                yield self._end("stop_string")
                return
            if self.count == self.limit:
                reason = "length" if self.limit == self._max_tokens else "context"
                yield self._end(reason)  # a character cut in two is left out
                return
            scores = self._read([token], cache)

    def _read(self, tokens: Sequence[int], cache: KeyValueCache) -> torch.Tensor:
        scores: torch.Tensor = self._model(torch.tensor(tokens, device=self._model.device), cache)
        return scores

    def _end(self, reason: str, rest: str = "") -> TextStep:
        text = self._stops.push(rest) + self._stops.flush()
        if self._stops.stopped:
            reason = "stop_string"
        elapsed = time.perf_counter() - self._first
        return TextStep(
            "end",
            self.count,
            self.limit,
            text,
            finish_reason=reason,
            prompt_tokens=len(self._prompt),
            first_token_seconds=self._first - self._started,
            tokens_per_second=(self.count - 1) / elapsed if self.count > 1 and elapsed > 0 else 0.0,
        )

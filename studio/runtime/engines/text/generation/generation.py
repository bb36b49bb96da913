"""Texts being written after one prompt, a model step at a time. Loads and renders nothing.

Nothing is held across a ``yield`` but the texts' own caches and samplers: whatever runs in between
finds torch as it was (``studio/decisions/lanes-and-steps.md``).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch

from studio.api.worker.text import SamplingParams, TextStep, TokenLogprob
from studio.runtime.devices.memory import give_back, is_out_of_memory
from studio.runtime.engines.text.caches.llamacpp_prefixes import States
from studio.runtime.engines.text.caches.prefix_cache import PrefixCache
from studio.runtime.engines.text.decoder.protocol import Decoder, Passage, chunk_size
from studio.runtime.engines.text.generation.batcher import Batcher, Seat, at_hand
from studio.runtime.engines.text.generation.prompt_lookup import PromptLookup
from studio.runtime.engines.text.generation.sampler import Sampler
from studio.runtime.engines.text.tokenization.tokenizer import StreamDecoder, TextTokenizer
from studio.runtime.engines.text.vision.picture_ids import PICTURE, read_at_once
from studio.runtime.jobs.error_translation import release

SMALLEST_CHUNK = 16
"""Prompt tokens a step at least, however short memory is."""


class Generation:
    """The state of one text between two steps.

    Attributes:
        prompt: Tokens that it follows.
        written: Tokens chosen so far, without one that ends the text.
        limit: How many there may be.
        is_done: Whether the text has ended.
        is_private: What is read of it is never parked on a disk.
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
        self.is_private = params.is_private
        self._ends = tokenizer.vocabulary.ends
        words = [token for token in self.prompt if token < PICTURE]
        self._sampler = Sampler(params, words, tokenizer)
        before = tokenizer.token_bytes(self.prompt[-1])
        continues = before.strip() != b"" or params.constraint is not None  # to the letter
        self._decoder = StreamDecoder(tokenizer, continues=continues)
        self._stops = StopScanner(params.stop)
        self._max_tokens = params.max_tokens
        self._logprobs = params.logprobs
        self._spelt = tokenizer.token_bytes
        self._started = time.perf_counter()
        self._first = 0.0

    def choose(self, scores: torch.Tensor) -> list[TextStep]:
        """Return the step of the token chosen from ``scores``, and the last one if it ends there.

        Raises:
            StudioError: The scores are no numbers.
        """
        token = self._sampler.pick(scores)
        chance = None if self._logprobs is None else self._chance(token, scores)
        self._first = self._first or time.perf_counter()
        if token in self._ends:
            return [self._end("stop", self._decoder.flush())]
        self.written.append(token)
        count = len(self.written)
        text = self._stops.push(self._decoder.push(token))
        steps = [TextStep("token", count, self.limit, text, token, logprob=chance)]
        if self._stops.stopped:
            steps.append(self._end("stop_string"))
        elif self._sampler.is_complete:
            steps.append(self._end("stop", self._decoder.flush()))
        elif count == self.limit:
            reason = "length" if self.limit == self._max_tokens else "context"
            steps.append(self._end(reason))  # a character cut in two is left out
        return steps

    def _chance(self, token: int, scores: torch.Tensor) -> TokenLogprob:
        """Return how likely ``token`` was, and the likeliest ones."""
        chances = torch.log_softmax(scores.detach().to("cpu", torch.float32), 0)
        best = torch.topk(chances, min(self._logprobs or 0, chances.shape[0]))
        top = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        told = tuple((self._spelt(id), value) for id, value in top)
        return TokenLogprob(self._spelt(token), float(chances[token]), told)

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
    batcher: Batcher, texts: Sequence[Generation], prefixes: PrefixCache | States
) -> Iterator[tuple[int, TextStep]]:
    """Write ``texts``, which follow the same prompt: it is read once, then all go on together.

    Yields:
        (index of the text, step); the prompt's steps have the index 0.
    """
    model, prompt = batcher.model, texts[0].prompt
    cache: Any = model.new_cache(len(prompt) + texts[0].limit)
    going: list[_Going] = []
    try:
        scores = torch.empty(0)
        for chunk_scores, less in _read_prompt(model, prompt, cache, prefixes):
            scores = chunk_scores
            yield 0, TextStep("prefill", cache.length, len(prompt), reduced=less)
        scores = at_hand(scores)
        going = [_Going(0, texts[0], cache, batcher, scores)]
        for index, text in enumerate(texts[1:], 1):
            going.append(_Going(index, text, _continued(model, text, cache), batcher, scores))
        while active := [each for each in going if not each.text.is_done]:
            for each in active:
                for step in each.choose():
                    yield each.index, step
    finally:
        for each in going:
            each.leave()
        first = texts[0]
        prefixes.keep(prompt + first.written, cache, is_private=first.is_private)


class _Going:
    """A text that is being written, what has been read of it, and what is guessed to follow.

    The cache holds all of it but the token chosen last, which is read next, and with it a guess. As
    long as the guess turns out right, the scores of further tokens are there already.
    """

    def __init__(
        self,
        index: int,
        text: Generation,
        cache: Any,
        batcher: Batcher,
        scores: torch.Tensor,
    ) -> None:
        """Begin with the ``scores`` after the prompt, (vocabulary,)."""
        self.index = index
        self.text = text
        self._cache = cache
        self._batcher = batcher
        self._seat = Seat()
        self._rows = deque([scores])
        self._guess: list[int] = []
        self._right = 0
        self._lookup = PromptLookup(text.prompt) if batcher.model.is_packed else None

    def choose(self) -> list[TextStep]:
        """Choose the next token, ask for what is to be read, and return the steps."""
        if not self._rows:
            self._rows.extend(self._batcher.scores(self._seat))
        steps = self.text.choose(self._rows.popleft())
        if not self.text.is_done:
            self._go_on(self.text.written[-1])
        elif len(steps) > 1 and not self._is_right(self.text.written[-1]):
            self._forget_guess()
        return steps

    def leave(self) -> None:
        """Take no more part."""
        self._batcher.leave(self._seat)

    def _go_on(self, token: int) -> None:
        if self._lookup is not None:
            self._lookup.push(token)
        if self._is_right(token):
            self._right += 1
            return
        self._forget_guess()
        passage = torch.tensor([token, *self._guess])
        self._batcher.ask(self._seat, Passage(passage, self._cache, len(passage)))

    def _is_right(self, token: int) -> bool:
        return bool(self._rows) and self._guess[self._right] == token

    def _forget_guess(self) -> None:
        """Undo what was read in vain, and guess anew."""
        read = len(self.text.prompt) + len(self.text.written) - 1
        self._cache.length = min(self._cache.length, read)
        self._rows.clear()
        if self._lookup is None:
            return
        if self._guess:
            self._lookup.learn(len(self._guess), self._right)
        room = self.text.limit - len(self.text.written) - 1
        alone = self._batcher.is_alone(self._seat)  # beside others a token a turn is all there is
        self._guess = self._lookup.guess(room) if alone else []
        self._right = 0


def _read_prompt(
    model: Decoder, prompt: Sequence[int], cache: Any, prefixes: PrefixCache | States
) -> Iterator[tuple[torch.Tensor, str]]:
    """Read what is not known yet; yield the scores after each chunk.

    When memory runs out chunks become smaller; beside the scores it says so, once.
    """
    prefixes.start(prompt, cache)
    chunk, less = chunk_size(model.config.parameters, model.device.type), ""
    at_once = read_at_once(prompt)
    while cache.length < len(prompt):
        end = max((cache.length // chunk + 1) * chunk, at_once)
        tokens = torch.tensor(prompt[cache.length : end])
        scores = _read(model, tokens, cache, must=chunk <= SMALLEST_CHUNK)
        if scores is None:  # the cache is as it was: what was read in part does not count
            chunk //= 2
            less = f"{chunk} tokens of the prompt at a time"
            give_back()
            continue
        yield scores, less
        less = ""


def _read(model: Decoder, tokens: torch.Tensor, cache: Any, must: bool) -> torch.Tensor | None:
    """Return the scores after ``tokens``, (vocabulary,); None if memory ran out, unless it must."""
    try:
        return model.read([Passage(tokens, cache)])[0]
    except Exception as error:
        if must or not is_out_of_memory(error):
            raise
        release(error)
        return None


def _continued(model: Decoder, text: Generation, cache: Any) -> Any:
    """Return a cache of its own for another text after the same prompt."""
    own = model.new_cache(len(text.prompt) + text.limit)
    own.start_as(cache)
    return own


class StopScanner:
    """Lets text through until a stop string has come.

    Attributes:
        stopped: Whether one has; nothing comes out after it.
    """

    def __init__(self, stops: Iterable[str]) -> None:
        """Watch for ``stops``; empty ones are ignored."""
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False

    def push(self, text: str) -> str:
        """Take more text; return what can no longer be part of a stop string."""
        if self.stopped:
            return ""
        self._held += text
        places = [place for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if places:
            self.stopped = True
            ready, self._held = self._held[: min(places)], ""
            return ready
        border = len(self._held) - max((self._overlap(stop) for stop in self._stops), default=0)
        ready, self._held = self._held[:border], self._held[border:]
        return ready

    def flush(self) -> str:
        """Return what was held back, at the end of the text."""
        ready, self._held = self._held, ""
        return ready

    def _overlap(self, stop: str) -> int:
        """Return the length of the longest end of the held text that begins ``stop``."""
        longest = min(len(stop) - 1, len(self._held))
        return next((n for n in range(longest, 0, -1) if self._held.endswith(stop[:n])), 0)

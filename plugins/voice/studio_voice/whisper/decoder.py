"""Several windows of sound, written down together: greedily, by Whisper's own rules of times.

The rules, and when to try again less greedily, are those of the paper (section 4.5).
"""

from __future__ import annotations

import zlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import torch
from torch import Tensor

from studio_voice.whisper.network import Cache, Whisper
from studio_voice.whisper.tokens import STEP, Tokens

TEMPERATURES: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_LATEST_START = 50  # tokens of time: a first word after one second is a slip
_REPETITIVE = 2.4
"""Letters that one byte of the packed text stands for, from which on it goes round in circles."""
_UNSURE = -1.0
"""Mean logarithm of the likelihood of a token below which a transcript is not believed."""
_SILENT = 0.6


class Phrase(NamedTuple):
    """A few words; ``start`` and ``end`` in seconds."""

    start: float
    end: float
    text: str
    tokens: tuple[int, ...] = ()


@dataclass
class Draft:
    """Decoded text of one window.

    Attributes:
        likelihood: Mean logarithm of the likelihood of its tokens.
        silence: How likely the window has no speech, 0…1.
    """

    tokens: list[int]
    likelihood: float
    silence: float

    def is_poor(self, text: str) -> bool:
        """Whether it should be tried again."""
        return not self.is_empty and (_circles(text) or self.likelihood < _UNSURE)

    @property
    def is_empty(self) -> bool:
        """Whether nobody speaks."""
        return self.silence > _SILENT and self.likelihood < _UNSURE


def language_of(network: Whisper, sound: Tensor, tokens: Tokens) -> tuple[str, float]:
    """Return the language of encoded windows and how likely it is; ``en`` of a model without."""
    if not tokens.languages:
        return "en", 1.0
    codes, numbers = zip(*tokens.languages.items())
    start = torch.full((len(sound), 1), tokens.start, device=sound.device)
    logits = network.read(start, network.remember(sound))[:, -1, list(numbers)]
    shares = logits.float().softmax(-1).mean(0)
    best = int(shares.argmax())
    return codes[best], float(shares[best])


def write_down(
    network: Whisper,
    sound: Tensor,
    tokens: Tokens,
    prompt: Sequence[int],
    generator: torch.Generator,
) -> Generator[None, None, list[Draft]]:
    """Yield after each token; return a draft of each encoded window (batch, places, width)."""
    drafts: list[Draft | None] = [None] * len(sound)
    left = list(range(len(sound)))
    for temperature in TEMPERATURES:
        attempts = yield from _tried(network, sound[left], tokens, prompt, temperature, generator)
        for row, draft in zip(left, attempts):
            before = drafts[row]
            if before is None or draft.likelihood > before.likelihood or not _poor(draft, tokens):
                drafts[row] = draft
        left = [row for row, draft in zip(left, attempts) if _poor(draft, tokens)]
        if not left:
            break
    return [draft for draft in drafts if draft is not None]


def phrases(draft: Draft, tokens: Tokens, seconds: float) -> list[Phrase]:
    """Return the phrases of a window that is ``seconds`` long, between its tokens of time."""
    if draft.is_empty:
        return []
    phrases_so_far: list[Phrase] = []
    start, words = 0.0, []
    for token in draft.tokens:
        if token < tokens.first_time:
            words.append(token)
            continue
        time = min((token - tokens.first_time) * STEP, seconds)
        if words:
            phrases_so_far.append(Phrase(start, time, tokens.text(words).strip(), tuple(words)))
        start, words = time, []
    if words:
        phrases_so_far.append(Phrase(start, seconds, tokens.text(words).strip(), tuple(words)))
    return [phrase for phrase in phrases_so_far if phrase.text]


def _poor(draft: Draft, tokens: Tokens) -> bool:
    return draft.is_poor(tokens.text(draft.tokens))


def _circles(text: str) -> bool:
    data = text.encode()
    return len(data) > 0 and len(data) / len(zlib.compress(data)) > _REPETITIVE


def _tried(
    network: Whisper,
    sound: Tensor,
    tokens: Tokens,
    prompt: Sequence[int],
    temperature: float,
    generator: torch.Generator,
) -> Generator[None, None, list[Draft]]:
    """Write all windows once; those that have ended leave the batch."""
    with torch.inference_mode():
        cache = network.remember(sound)
        start = torch.tensor([prompt] * len(sound), device=sound.device)
        logits = network.read(start, cache)
    where = prompt.index(tokens.start)
    silences = logits[:, where].float().softmax(-1)[:, tokens.silence].tolist()
    logits = logits[:, -1]
    written: list[list[int]] = [[] for _ in silences]
    sums = [0.0] * len(written)
    active = list(range(len(written)))
    room = min(network.sizes.longest // 2, network.sizes.longest - len(prompt))
    for _ in range(room):
        yield
        with torch.inference_mode():
            shares = _allowed(logits.float(), [written[row] for row in active], tokens)
            chosen = _chosen(shares, temperature, generator)
        for row, token, share in zip(active, chosen.tolist(), _of(shares, chosen)):
            sums[row] += share
            if token != tokens.end:
                written[row].append(token)
        going = [place for place, token in enumerate(chosen.tolist()) if token != tokens.end]
        active = [active[place] for place in going]
        if not active:
            break
        with torch.inference_mode():
            logits = _next(network, cache, chosen, going)
    return [
        Draft(row, total / (len(row) + 1), silence)
        for row, total, silence in zip(written, sums, silences)
    ]


def _next(network: Whisper, cache: Cache, chosen: Tensor, going: list[int]) -> Tensor:
    if len(going) < len(chosen):
        rows = torch.tensor(going, device=chosen.device)
        cache.rows(rows)
        chosen = chosen[rows]
    return network.read(chosen[:, None], cache)[:, -1]


def _of(shares: Tensor, chosen: Tensor) -> list[float]:
    return [float(value) for value in shares.gather(1, chosen[:, None])[:, 0]]


def _chosen(shares: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    if temperature == 0:
        return shares.argmax(-1)
    likely = (shares / temperature).softmax(-1).cpu()
    return torch.multinomial(likely, 1, generator=generator)[:, 0].to(shares.device)


def _allowed(logits: Tensor, written: list[list[int]], tokens: Tokens) -> Tensor:
    """Return logarithms of likelihoods (batch, vocabulary); what may not come has none.

    Times come in pairs, never go back, and stand first; where they are likelier together than any
    word, one of them comes.
    """
    never, first = float("-inf"), tokens.first_time
    logits[:, tokens.suppressed] = never
    for row, so_far in zip(logits, written):
        if not so_far:
            row[:first] = never
            row[first + _LATEST_START + 1 :] = never
            continue
        last_is_time = so_far[-1] >= first
        pair = last_is_time and (len(so_far) < 2 or so_far[-2] >= first)
        if pair:
            row[first:] = never
            row[tokens.end] = never if len(so_far) == 1 else row[tokens.end]
        elif last_is_time:
            row[: tokens.end] = never
        times = [token for token in so_far if token >= first]
        if times:
            # The same time may come twice where it ends one phrase and begins the next.
            row[first : times[-1] + (0 if last_is_time and not pair else 1)] = never
    shares = logits.log_softmax(-1)
    timed = shares[:, first:].logsumexp(-1) > shares[:, :first].amax(-1)
    shares[timed, :first] = never
    return shares

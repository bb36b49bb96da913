"""When each word was said, from where the decoder looked in the sound while it wrote.

The heads that follow the sound are those that the weights name; how their attention becomes times
(normalised, smoothed, the cheapest way through it) is that of OpenAI's ``whisper/timing.py`` (MIT).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio_voice.languages import WITHOUT_SPACES
from studio_voice.whisper.network import Whisper
from studio_voice.whisper.tokens import STEP, Tokens

_SMOOTHED: Final = 7
_CLOSING: Final = frozenset(".,!?;:%)]}…”’\"'。，！？：、")

Heads = Sequence[tuple[int, int]]
"""Layer and number of each head."""


class Timed(NamedTuple):
    """A word; ``start`` and ``end`` in seconds from the start of the window."""

    start: float
    end: float
    text: str


def usual_heads(network: Whisper) -> Heads:
    """Return all heads of the later half: for weights that name none."""
    layers, heads = len(network.decoder), network.sizes.heads
    return [(layer, head) for layer in range(layers // 2, layers) for head in range(heads)]


def word_times(
    network: Whisper,
    sound: Tensor,
    tokens: Tokens,
    language: str,
    phrases: Sequence[Sequence[int]],
    seconds: float,
    heads: Heads = (),
) -> list[list[Timed]]:
    """Return the words of each phrase of a window.

    Args:
        sound: The window, encoded: (1, places, width).
        phrases: Tokens of text of each phrase.
        seconds: How long the window is.
        heads: Which of the decoder's follow the sound.
    """
    text = [token for phrase in phrases for token in phrase]
    if not text:
        return [[] for _ in phrases]
    prompt = [*tokens.prompt(language, translate=False), tokens.first_time - 1]
    written = torch.tensor([[*prompt, *text, tokens.end]], device=sound.device)
    with torch.inference_mode():
        seen = network.attend(written, network.remember(sound), heads or usual_heads(network))
        matrix = _followed(seen[:, :, : max(1, round(seconds / STEP))])
    # A row says where it looked for the token behind it.
    rows = matrix[len(prompt) - 1 : -1].double().cpu().numpy()
    starts = _starts(-rows)[: len(text) + 1] * STEP
    times, at = [], 0
    for phrase in phrases:
        words = _words(phrase, tokens, is_spaced=language not in WITHOUT_SPACES)
        ends = np.cumsum([0, *(count for _, count in words)]) + at
        at += len(phrase)
        times.append(
            [
                Timed(round(float(starts[a]), 2), round(float(starts[b]), 2), word)
                for (word, _), (a, b) in zip(words, pairwise(ends))
            ]
        )
    return times


def _followed(seen: Tensor) -> Tensor:
    """Return (tokens, frames) of the attention of heads (heads, tokens, frames)."""
    deviation, mean = torch.std_mean(seen, dim=-2, keepdim=True, unbiased=False)
    seen = (seen - mean) / deviation.clamp_min(1e-9)
    half = _SMOOTHED // 2
    if seen.shape[-1] > half:
        padded = torch.nn.functional.pad(seen, (half, half), mode="reflect")
        seen = padded.unfold(-1, _SMOOTHED, 1).sort()[0][..., half]
    return seen.mean(0)


def _starts(costs: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the frame at which the cheapest way through (tokens, frames) comes to each token."""
    count, frames = costs.shape
    before = [0.0] + [np.inf] * frames
    came: list[bytearray] = []
    for row in costs.tolist():  # lists: arrays are slow, number by number
        total, steps = [np.inf] * (frames + 1), bytearray(frames + 1)
        for frame, cost in enumerate(row, 1):
            least, step = before[frame - 1], 0
            if before[frame] < least:
                least, step = before[frame], 1
            if total[frame - 1] < least:
                least, step = total[frame - 1], 2
            total[frame], steps[frame] = cost + least, step
        came.append(steps)
        before = total
    starts = np.zeros(count, np.int64)
    token, frame = count, frames
    while token > 0 and frame > 0:
        starts[token - 1] = frame - 1
        step = came[token - 1][frame]
        token, frame = token - (step < 2), frame - (step != 1)
    return starts


def _words(phrase: Sequence[int], tokens: Tokens, *, is_spaced: bool) -> list[tuple[str, int]]:
    """Return the words of a phrase, each with the number of its tokens."""
    pieces: list[tuple[str, int]] = []
    held: list[int] = []
    for token in phrase:
        held.append(token)
        text = tokens.text(held)
        if "\ufffd" not in text:  # else a letter is not whole yet
            pieces.append((text, len(held)))
            held = []
    if held:
        pieces.append((tokens.text(held), len(held)))
    words: list[tuple[str, int]] = []
    for text, count in pieces:
        begins = not is_spaced or text[:1].isspace()
        is_mark = bool(text.strip()) and set(text.strip()) <= _CLOSING
        if words and (not begins or is_mark):
            words[-1] = (words[-1][0] + text, words[-1][1] + count)
        else:
            words.append((text, count))
    while len(words) > 1 and not words[-1][0].strip():  # a space at the end is no word
        _, count = words.pop()
        words[-1] = (words[-1][0], words[-1][1] + count)
    return [(word.strip(), count) for word, count in words]

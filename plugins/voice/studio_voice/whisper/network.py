"""The network of Whisper: an encoder of thirty seconds of sound, a decoder that writes.

A. Radford and others, “Robust Speech Recognition via Large-Scale Weak Supervision”, 2022. Layer
normalisation comes before each part; keys have no bias of their own, so theirs are zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FRAMES: Final = 3000
"""Frames of the log-mel spectrogram of thirty seconds; the encoder halves them."""


@dataclass(frozen=True)
class Sizes:
    """How large a network is.

    Attributes:
        mels: Bands of the spectrogram: 80, or 128 in the third edition of the large one.
        longest: Tokens that the decoder can hold.
    """

    width: int
    heads: int
    encoder_layers: int
    decoder_layers: int
    vocabulary: int
    mels: int = 80
    longest: int = 448


class Cache:
    """Cached keys and values: those of the sound, and of the tokens so far."""

    def __init__(self, sizes: Sizes, memory: list[tuple[Tensor, Tensor]]) -> None:
        self.memory = memory
        like = memory[0][0]
        shape = (len(like), sizes.heads, sizes.longest, sizes.width // sizes.heads)
        self.tokens = [(like.new_zeros(shape), like.new_zeros(shape)) for _ in memory]
        self.length = 0

    def rows(self, rows: Tensor) -> None:
        """Keep only the given rows of the batch."""
        self.memory = [(keys[rows], values[rows]) for keys, values in self.memory]
        self.tokens = [(keys[rows], values[rows]) for keys, values in self.tokens]


class Attention(nn.Module):
    """Self-attention, or (``memory``) cross-attention to the encoder's output."""

    def __init__(self, width: int, heads: int, *, to_memory: bool = False) -> None:
        super().__init__()
        self.heads = heads
        if to_memory:
            self.query, self.memory = nn.Linear(width, width), nn.Linear(width, 2 * width)
        else:
            self.inputs = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return what each place (batch, places, width) takes from all of them."""
        query, keys, values = self._split(self.inputs(x), 3)
        return self._joined(F.scaled_dot_product_attention(query, keys, values))

    def step(self, x: Tensor, cache: tuple[Tensor, Tensor], start: int) -> Tensor:
        """Attend from new tokens to all up to themselves; cache their keys and values."""
        query, keys, values = self._split(self.inputs(x), 3)
        end = start + x.shape[1]
        cache[0][:, :, start:end], cache[1][:, :, start:end] = keys, values
        places = torch.arange(end, device=x.device)
        seen = places[None] <= places[start:, None]
        return self._joined(
            F.scaled_dot_product_attention(
                query, cache[0][:, :, :end], cache[1][:, :, :end], attn_mask=seen
            )
        )

    def look(self, x: Tensor, memory: tuple[Tensor, Tensor]) -> Tensor:
        """Return what each token takes from the sound."""
        (query,) = self._split(self.query(x), 1)
        return self._joined(F.scaled_dot_product_attention(query, *memory))

    def seen(self, x: Tensor, memory: tuple[Tensor, Tensor]) -> Tensor:
        """Return where in the sound each token looks: (batch, heads, tokens, places), sums of 1."""
        (query,) = self._split(self.query(x), 1)
        weights: Tensor = (query @ memory[0].transpose(-1, -2) * query.shape[-1] ** -0.5).softmax(
            -1
        )
        return weights

    def memorised(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Return keys and values of the encoded sound, once for all tokens."""
        keys, values = self._split(self.memory(sound), 2)
        return keys.contiguous(), values.contiguous()

    def _split(self, x: Tensor, parts: int) -> tuple[Tensor, ...]:
        split = x.unflatten(-1, (parts, self.heads, -1))
        return torch.unbind(split.permute(2, 0, 3, 1, 4))

    def _joined(self, x: Tensor) -> Tensor:
        joined: Tensor = self.output(x.transpose(1, 2).flatten(2))
        return joined


class Layer(nn.Module):
    """One layer of the encoder or (``reads``) of the decoder."""

    def __init__(self, width: int, heads: int, *, reads: bool = False) -> None:
        super().__init__()
        self.own_norm, self.own = nn.LayerNorm(width), Attention(width, heads)
        if reads:
            self.memory_norm = nn.LayerNorm(width)
            self.memory = Attention(width, heads, to_memory=True)
        self.norm = nn.LayerNorm(width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the next layer's input (batch, places, width)."""
        return self._fed(x + self.own(self.own_norm(x)))

    def step(self, x: Tensor, cache: Cache, number: int) -> Tensor:
        """Do the same for new tokens of the decoder."""
        x = x + self.own.step(self.own_norm(x), cache.tokens[number], cache.length)
        x = x + self.memory.look(self.memory_norm(x), cache.memory[number])
        return self._fed(x)

    def _fed(self, x: Tensor) -> Tensor:
        fed: Tensor = self.narrow(F.gelu(self.widen(self.norm(x))))
        return x + fed


class Whisper(nn.Module):
    """Log-mel spectrograms → text, as tokens."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        width, heads = sizes.width, sizes.heads
        self.first = nn.Conv1d(sizes.mels, width, 3, padding=1)
        self.second = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.times = nn.Parameter(torch.zeros(FRAMES // 2, width))
        self.encoder = nn.ModuleList(Layer(width, heads) for _ in range(sizes.encoder_layers))
        self.encoder_norm = nn.LayerNorm(width)
        self.tokens = nn.Embedding(sizes.vocabulary, width)
        self.places = nn.Parameter(torch.zeros(sizes.longest, width))
        self.decoder = nn.ModuleList(
            Layer(width, heads, reads=True) for _ in range(sizes.decoder_layers)
        )
        self.decoder_norm = nn.LayerNorm(width)

    def encode(self, spectrogram: Tensor) -> Tensor:
        """Return (batch, ``FRAMES`` / 2, width) of (batch, mels, ``FRAMES``)."""
        x = F.gelu(self.second(F.gelu(self.first(spectrogram)))).transpose(1, 2) + self.times
        for layer in self.encoder:
            x = layer(x)
        encoded: Tensor = self.encoder_norm(x)
        return encoded

    def remember(self, sound: Tensor) -> Cache:
        """Return the cache with which ``read`` begins, for encoded sound."""
        return Cache(self.sizes, [layer.memory.memorised(sound) for layer in self._readers])

    def read(self, tokens: Tensor, cache: Cache) -> Tensor:
        """Return logits (batch, new tokens, vocabulary) of what follows each of ``tokens``."""
        end = cache.length + tokens.shape[1]
        x = self.tokens(tokens) + self.places[cache.length : end]
        for number, layer in enumerate(self._readers):
            x = layer.step(x, cache, number)
        cache.length = end
        return F.linear(self.decoder_norm(x), self.tokens.weight)

    def attend(self, tokens: Tensor, cache: Cache, heads: Sequence[tuple[int, int]]) -> Tensor:
        """Read the tokens (1, count); return where in the sound some heads looked meanwhile.

        Args:
            heads: Layer and number of each.

        Returns:
            (heads, count, places); each row sums to 1.
        """
        x = self.tokens(tokens) + self.places[: tokens.shape[1]]
        weights = {}
        for number, layer in enumerate(self._readers):
            before = x + layer.own.step(layer.own_norm(x), cache.tokens[number], 0)
            seen = layer.memory.seen(layer.memory_norm(before), cache.memory[number])[0]
            weights.update({(number, head): attention for head, attention in enumerate(seen)})
            x = layer.step(x, cache, number)
        return torch.stack([weights[head] for head in heads])

    @property
    def _readers(self) -> list[Layer]:
        return cast(list[Layer], list(self.decoder))

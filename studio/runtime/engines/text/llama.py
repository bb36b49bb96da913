"""The Llama decoder in plain torch, for rows of several texts. Reads no file, samples nothing.

RMSNorm (arXiv:1910.07467), rotary positions (arXiv:2104.09864), grouped-query attention
(arXiv:2305.13245), SwiGLU (arXiv:2002.05202). Queries, keys and values are one product, and so are
gate and up. Rows are tokens, (tokens, hidden), so that rows of several texts may share a product.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from studio.runtime.engines.text.attention import KeyValueCache, Look, attend, looks
from studio.runtime.engines.text.config import LlamaConfig, RopeConfig
from studio.runtime.engines.text.packing import PackedMatrix, limbs_for
from studio.runtime.engines.text.stored_rows import StoredRows

_TURNS = 1_024
"""Positions whose rotations are computed at once."""


@dataclass(frozen=True)
class Passage:
    """What is read next of one text.

    Attributes:
        tokens: int64, (tokens,): a piece of the prompt, or the token last chosen.
        cache: Of this text; the tokens are added to it.
        wanted: After how many of its last tokens the scores are asked for.
    """

    tokens: Tensor
    cache: KeyValueCache
    wanted: int = 1


@dataclass(frozen=True)
class _Share:
    """The rows of one passage among those that are read together, and what they see."""

    rows: slice
    start: int
    cache: KeyValueCache
    looks: Sequence[Look]

    def store(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Put away keys and values, (rows, kv heads, head dim); return all of the layer."""
        all_keys, all_values = self.cache.keys[layer], self.cache.values[layer]
        end = self.start + self.rows.stop - self.rows.start
        all_keys[:, self.start : end] = keys[self.rows].transpose(0, 1)
        all_values[:, self.start : end] = values[self.rows].transpose(0, 1)
        return all_keys, all_values


class Linear(nn.Linear):
    """A product whose weights come from a file, as floats or packed.

    Attributes:
        packed: The weights, if they are packed; ``weight`` then has a shape and no memory.
    """

    packed: PackedMatrix | None = None

    def reset_parameters(self) -> None:
        """Draw nothing: torch's initialisers use the global generator, which is all jobs'."""

    def forward(self, rows: Tensor) -> Tensor:
        """Return the products of ``rows``, (tokens, inputs), and the bias added."""
        if self.packed is None:
            return super().forward(rows)
        products = self.packed(rows)
        return products if self.bias is None else products.add_(self.bias)


class Embedding(nn.Embedding):
    """A table whose rows come from a file.

    Attributes:
        stored: The rows, if they stay as they are stored; ``weight`` then has no memory.
    """

    stored: StoredRows | None = None

    def reset_parameters(self) -> None:
        """Draw nothing, as above."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the rows of ``tokens``."""
        return super().forward(tokens) if self.stored is None else self.stored(tokens)


class RMSNorm(nn.RMSNorm):
    """A norm whose weights come from a file."""

    def reset_parameters(self) -> None:
        """Fill nothing, as above."""


class _Attention(nn.Module):
    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.head_dim = config.head_dim
        self.kv_heads = config.kv_heads
        self.group = config.heads // config.kv_heads
        rows = (config.heads + 2 * config.kv_heads) * config.head_dim
        self.qkv = Linear(config.hidden, rows, bias=config.qkv_bias, device="meta")
        self.out = Linear(config.heads * config.head_dim, config.hidden, bias=False, device="meta")

    def forward(
        self, hidden: Tensor, rotation: Tensor, shares: Sequence[_Share], layer: int
    ) -> Tensor:
        heads = self.qkv(hidden).view(hidden.shape[0], -1, self.head_dim)
        rotated = rotate(heads[:, : -self.kv_heads], rotation)
        queries = rotated[:, : -self.kv_heads].unflatten(1, (self.kv_heads, self.group))
        new_keys, new_values = rotated[:, -self.kv_heads :], heads[:, -self.kv_heads :]
        mixed: list[Tensor] = []
        for share in shares:
            keys, values = share.store(layer, new_keys, new_values)
            asked = queries[share.rows]
            mixed += [attend(asked[look.rows], keys, values, look) for look in share.looks]
        result: Tensor = self.out(_joined(mixed).reshape(hidden.shape[0], -1))
        return result


class _FeedForward(nn.Module):
    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.gate_up = Linear(config.hidden, 2 * config.intermediate, bias=False, device="meta")
        self.down = Linear(config.intermediate, config.hidden, bias=False, device="meta")

    def forward(self, hidden: Tensor) -> Tensor:
        gate, up = self.gate_up(hidden).chunk(2, dim=-1)
        result: Tensor = self.down(functional.silu(gate) * up)
        return result


class Block(nn.Module):
    """One layer: attention, then feed-forward, each normalised before and added after."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(config.hidden, config.norm_eps, device="meta")
        self.attention = _Attention(config)
        self.feed_forward_norm = RMSNorm(config.hidden, config.norm_eps, device="meta")
        self.feed_forward = _FeedForward(config)

    def forward(
        self, hidden: Tensor, rotation: Tensor, shares: Sequence[_Share], layer: int
    ) -> Tensor:
        normed = self.attention_norm(hidden)
        hidden = hidden + self.attention(normed, rotation, shares, layer)
        result: Tensor = hidden + self.feed_forward(self.feed_forward_norm(hidden))
        return result


class Llama(nn.Module):
    """A decoder without memory yet: shapes only, until :meth:`allocate`; ``weights`` fills it.

    Attributes:
        config: Its sizes.
        frequencies: (head dim / 2,) float32: radians a token for each pair.
    """

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = Embedding(config.vocabulary, config.hidden, device="meta")
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = RMSNorm(config.hidden, config.norm_eps, device="meta")
        self.head = Linear(config.hidden, config.vocabulary, bias=False, device="meta")
        self.frequencies = rope_frequencies(config)
        self._turns = torch.empty(0, 1, config.head_dim // 2, dtype=torch.complex64)
        self._tie()

    def allocate(self, dtype: torch.dtype, device: torch.device | str) -> None:
        """Reserve memory for all weights as floats, uninitialised."""
        for module in self.modules():
            self._allocate(module, dtype, device)
        self.frequencies = self.frequencies.to(device)
        self._tie()

    def allocate_packed(self, embedding: StoredRows) -> None:
        """Reserve memory on the processor: products packed, the embedding as it is stored."""
        self.embedding.stored = embedding
        limbs = limbs_for(self.config.parameters)
        for module in self.modules():
            if isinstance(module, Linear):
                module.packed = PackedMatrix(module.out_features, module.in_features, limbs)
                self._allocate(module, torch.float32, "cpu", ("bias",))
            elif module is not self.embedding:
                self._allocate(module, torch.float32, "cpu")

    @staticmethod
    def _allocate(
        module: nn.Module,
        dtype: torch.dtype,
        device: torch.device | str,
        fields: Sequence[str] = ("weight", "bias"),
    ) -> None:
        for name, shape in [(n, p.shape) for n, p in module.named_parameters(recurse=False)]:
            if name in fields:
                weight = torch.empty(shape, dtype=dtype, device=device)
                setattr(module, name, nn.Parameter(weight, requires_grad=False))

    def each_block(self) -> Iterator[Block]:
        """Yield the layers in order."""
        for block in self.blocks:
            assert isinstance(block, Block)
            yield block

    def _tie(self) -> None:
        if self.config.tied:
            self.head.weight = self.embedding.weight

    @property
    def is_packed(self) -> bool:
        """Whether the weights are packed: then no row's bits depend on the rows beside it."""
        return self.head.packed is not None

    @property
    def weights_bytes(self) -> int:
        """Memory that the weights take."""
        packed = [m.packed.bytes for m in self.modules() if isinstance(m, Linear) and m.packed]
        stored = self.embedding.stored.bytes if self.embedding.stored else 0
        floats = sum(p.numel() * p.itemsize for p in self.parameters() if not p.is_meta)
        return sum(packed) + stored + floats

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.norm.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """The type of everything between the weights."""
        return self.norm.weight.dtype

    def new_cache(self, capacity: int) -> KeyValueCache:
        """Return an empty cache for a text of at most ``capacity`` tokens."""
        return KeyValueCache(self.config, capacity, self.dtype, self.device)

    def forward(self, tokens: Tensor, cache: KeyValueCache) -> Tensor:
        """Read ``tokens`` of one text; see :meth:`read`. Returns float32, (vocabulary,)."""
        return self.read([Passage(tokens, cache)])[0]

    @torch.inference_mode()
    def read(self, passages: Sequence[Passage]) -> Tensor:
        """Read passages of different texts as rows of the same products.

        Returns:
            The scores of what follows the last ``wanted`` tokens of each passage, in order:
            float32, (sum of wanted, vocabulary).

        Raises:
            ValueError: A cache has no room.
        """
        shares = self._shares(passages)
        rotation = torch.cat(
            [self._rotation(s.start, s.start + s.rows.stop - s.rows.start) for s in shares]
        )
        hidden = self.embedding(torch.cat([passage.tokens for passage in passages]))
        for index, block in enumerate(self.blocks):
            hidden = block(hidden, rotation, shares, index)
        for passage in passages:
            passage.cache.length += passage.tokens.shape[0]
        asked = [
            row
            for passage, share in zip(passages, shares, strict=True)
            for row in range(share.rows.stop - passage.wanted, share.rows.stop)
        ]
        scores: Tensor = self.head(self.norm(hidden[asked]))
        return scores.float()

    def _shares(self, passages: Sequence[Passage]) -> list[_Share]:
        shares, row = [], 0
        for passage in passages:
            cache, count = passage.cache, passage.tokens.shape[0]
            cache.reserve(cache.length + count)
            group = self.config.heads // self.config.kv_heads
            seen = looks(cache.length, count, group, cache)
            shares.append(_Share(slice(row, row + count), cache.length, cache, seen))
            row += count
        return shares

    def _rotation(self, start: int, end: int) -> Tensor:
        """Return the turns of positions, complex64, (tokens, 1, head dim / 2)."""
        while self._turns.shape[0] < end:  # always made in the same pieces: always the same bits
            first = self._turns.shape[0]
            positions = torch.arange(first, first + _TURNS, dtype=torch.float32)
            angles = positions.to(self.device).unsqueeze(-1) * self.frequencies
            more = torch.polar(torch.ones_like(angles), angles).unsqueeze(1)
            self._turns = torch.cat([self._turns.to(more), more])
        return self._turns[start:end]


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def rotate(heads: Tensor, rotation: Tensor) -> Tensor:
    """Turn neighbouring pairs of ``heads``, (tokens, heads, head dim), by ``rotation``.

    Args:
        heads: Pairs that belong together stand side by side (see ``weights.Piece``).
        rotation: complex64, (tokens, 1, head dim / 2), of length one.
    """
    pairs = torch.view_as_complex(heads.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * rotation).flatten(-2).to(heads.dtype)


def rope_frequencies(config: LlamaConfig) -> Tensor:
    """Return the radians a token by which each pair of a head turns, float32, (head dim / 2,)."""
    rope = config.rope
    exponents = torch.arange(0, config.head_dim, 2, dtype=torch.int64).float() / config.head_dim
    frequencies = 1.0 / rope.theta**exponents
    if rope.scaling == "linear":
        return frequencies / rope.factor
    return _llama3(frequencies, rope) if rope.scaling == "llama3" else frequencies


def _llama3(frequencies: Tensor, rope: RopeConfig) -> Tensor:
    """Slow pairs turn ``factor`` times slower, fast ones as before, the others in between."""
    wavelengths = 2 * math.pi / frequencies
    turns = rope.original_context / wavelengths
    share = (turns - rope.low_factor) / (rope.high_factor - rope.low_factor)
    share = share.clamp(0, 1)
    return (1 - share) * frequencies / rope.factor + share * frequencies

"""The Llama decoder: plain torch, one fixed-size cache per text. Reads no file, samples nothing.

RMSNorm (arXiv:1910.07467), rotary positions (arXiv:2104.09864), grouped-query attention
(arXiv:2305.13245), SwiGLU (arXiv:2002.05202). Queries, keys and values are one product, and so are
gate and up. Rows are tokens, (tokens, hidden), so that rows of several texts may share a product.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from studio.runtime.engines.text.config import LlamaConfig, RopeConfig


class KeyValueCache:
    """Keys and values of one text. Allocated once, for ``capacity`` tokens; it never grows.

    Attributes:
        keys, values: (layers, kv heads, capacity, head dim).
        length: Tokens in it.
    """

    def __init__(
        self, config: LlamaConfig, capacity: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        shape = (config.layers, config.kv_heads, capacity, config.head_dim)
        self.keys = torch.empty(shape, dtype=dtype, device=device)
        self.values = torch.empty(shape, dtype=dtype, device=device)
        self.capacity = capacity
        self.length = 0


class Linear(nn.Linear):
    """A product whose weights come from a file; the place for packed ones."""

    def reset_parameters(self) -> None:
        """Draw nothing: torch's initialisers use the global generator, which is all jobs'."""


class Embedding(nn.Embedding):
    """A table whose rows come from a file."""

    def reset_parameters(self) -> None:
        """Draw nothing, as above."""


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
        self, hidden: Tensor, rotation: Tensor, mask: Tensor | None, keys: Tensor, values: Tensor,
        start: int,
    ) -> Tensor:  # fmt: skip
        count, end = hidden.shape[0], start + hidden.shape[0]
        heads = self.qkv(hidden).view(count, -1, self.head_dim).transpose(0, 1)
        rotated = rotate(heads[: -self.kv_heads], rotation)
        queries = rotated[: -self.kv_heads]
        keys[:, start:end] = rotated[-self.kv_heads :]
        values[:, start:end] = heads[-self.kv_heads :]
        # The heads of a group stand one below the other, so keys need not be repeated for them.
        mixed = functional.scaled_dot_product_attention(
            queries.reshape(1, self.kv_heads, self.group * count, self.head_dim),
            keys[:, :end].unsqueeze(0),
            values[:, :end].unsqueeze(0),
            attn_mask=mask,
        )
        mixed = mixed.view(-1, count, self.head_dim).transpose(0, 1)
        result: Tensor = self.out(mixed.reshape(count, -1))
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
        self, hidden: Tensor, rotation: Tensor, mask: Tensor | None, keys: Tensor, values: Tensor,
        start: int,
    ) -> Tensor:  # fmt: skip
        normed = self.attention_norm(hidden)
        hidden = hidden + self.attention(normed, rotation, mask, keys, values, start)
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
        self._tie()

    def allocate(self, dtype: torch.dtype, device: torch.device | str) -> None:
        """Reserve memory for all weights, uninitialised."""
        for module in self.modules():
            for name, shape in [(n, p.shape) for n, p in module.named_parameters(recurse=False)]:
                weight = torch.empty(shape, dtype=dtype, device=device)
                setattr(module, name, nn.Parameter(weight, requires_grad=False))
        self.frequencies = self.frequencies.to(device)
        self._tie()

    def each_block(self) -> Iterator[Block]:
        """Yield the layers in order."""
        for block in self.blocks:
            assert isinstance(block, Block)
            yield block

    def _tie(self) -> None:
        if self.config.tied:
            self.head.weight = self.embedding.weight

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.embedding.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """The type of the weights and of everything between them."""
        return self.embedding.weight.dtype

    def new_cache(self, capacity: int) -> KeyValueCache:
        """Return an empty cache for a text of at most ``capacity`` tokens."""
        return KeyValueCache(self.config, capacity, self.dtype, self.device)

    @torch.inference_mode()
    def forward(self, tokens: Tensor, cache: KeyValueCache) -> Tensor:
        """Read ``tokens`` after those in ``cache`` and return the scores of what comes next.

        Args:
            tokens: int64, (tokens,): a chunk of the prompt, or the one last chosen.
            cache: Of this text; the tokens are added to it.

        Returns:
            float32, (vocabulary,).

        Raises:
            ValueError: The cache has no room for them.
        """
        start, count = cache.length, tokens.shape[0]
        if start + count > cache.capacity:
            raise ValueError(f"a cache for {cache.capacity} tokens cannot hold {start + count}")
        rotation = self._rotation(start, count)
        mask = self._mask(start, count) if count > 1 else None
        hidden = self.embedding(tokens)
        for index, block in enumerate(self.blocks):
            hidden = block(hidden, rotation, mask, cache.keys[index], cache.values[index], start)
        cache.length = start + count
        scores: Tensor = self.head(self.norm(hidden[-1:]))[0]
        return scores.float()

    def _rotation(self, start: int, count: int) -> Tensor:
        positions = torch.arange(start, start + count, device=self.device, dtype=torch.float32)
        angles = positions.unsqueeze(-1) * self.frequencies
        return torch.polar(torch.ones_like(angles), angles)

    def _mask(self, start: int, count: int) -> Tensor:
        """Return what each token may look at: itself and all before, for each head of a group."""
        ones = torch.ones(count, start + count, dtype=torch.bool, device=self.device)
        return ones.tril_(start).repeat(self.config.heads // self.config.kv_heads, 1)


def rotate(heads: Tensor, rotation: Tensor) -> Tensor:
    """Turn neighbouring pairs of ``heads``, (heads, tokens, head dim), by ``rotation``.

    Args:
        heads: Pairs that belong together stand side by side (see ``weights.interleave``).
        rotation: complex64, (tokens, head dim / 2), of length one.
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

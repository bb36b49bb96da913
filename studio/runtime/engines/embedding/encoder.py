"""The encoder of BERT (arXiv:1810.04805) without its heads. Knows neither text nor files.

Its modules are named as the tensors of every BERT checkpoint, so that those load as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
import torch
import torch.nn.functional as F
from torch import Tensor, nn


def _up_to(limit: int) -> msgspec.Meta:
    return msgspec.Meta(ge=1, le=limit)


class EncoderConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sizes of an encoder. No network that a file asks for is larger than these limits anywhere.

    Attributes:
        vocabulary: Tokens it knows.
        positions: Tokens of the longest text.
        width: Of a token's vector, and of the result.
        layers, heads: Blocks, and attention heads in each.
        inner: Width between the two products of a block's feed-forward part.
        epsilon: Of the layer norms.
    """

    vocabulary: Annotated[int, _up_to(1 << 20)]
    positions: Annotated[int, _up_to(1 << 14)]
    width: Annotated[int, _up_to(4096)]
    layers: Annotated[int, _up_to(96)]
    heads: Annotated[int, _up_to(128)]
    inner: Annotated[int, _up_to(16_384)]
    epsilon: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 1e-12

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ValueError(f"{self.heads} heads do not divide a width of {self.width}")


class Encoder(nn.Module):
    """Token ids → one vector of length 1 for each text: the mean over its tokens."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = _Embeddings(config)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(self._blocks())})

    def _blocks(self) -> Iterator[nn.Module]:
        return (_Block(self.config) for _ in range(self.config.layers))

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return the vectors of texts.

        Args:
            ids: (texts, longest), whatever behind the end of each text.
            lengths: (texts,), at least 1.

        Returns:
            (texts, width), each of Euclidean length 1.
        """
        is_there = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
        state: Tensor = self.embeddings(ids)
        for block in self.encoder["layer"].children():
            state = block(state, is_there[:, None, None, :])
        total = (state * is_there[..., None]).sum(1)
        return F.normalize(total / lengths[:, None], dim=-1)


class _Table(nn.Embedding):
    """Draws no first values where there is no room for any: for them torch imports its compiler,
    which took each runtime 0.7 seconds."""

    def reset_parameters(self) -> None:
        if not self.weight.is_meta:
            super().reset_parameters()


class _Embeddings(nn.Module):
    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.word_embeddings: nn.Module = _Table(config.vocabulary, config.width)
        self.position_embeddings = _Table(config.positions, config.width)
        self.token_type_embeddings = _Table(2, config.width)
        self.LayerNorm = nn.LayerNorm(config.width, config.epsilon)

    def forward(self, ids: Tensor) -> Tensor:
        place = self.position_embeddings.weight[: ids.shape[1]]
        # A text alone is all of the first type; the second is for a pair's other half.
        state = self.word_embeddings(ids) + place + self.token_type_embeddings.weight[0]
        return self.LayerNorm(state)  # type: ignore[no-any-return]


class _Attention(nn.Module):
    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.heads = config.heads
        parts = {name: nn.Linear(config.width, config.width) for name in ("query", "key", "value")}
        self.self = nn.ModuleDict(parts)
        self.output = _Output(config.width, config)

    def forward(self, state: Tensor, mask: Tensor) -> Tensor:
        query, key, value = (
            self.self[name](state).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.output(mixed.transpose(1, 2).flatten(-2), state)  # type: ignore[no-any-return]


class _Block(nn.Module):
    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.attention = _Attention(config)
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(config.width, config.inner)})
        self.output = _Output(config.inner, config)

    def forward(self, state: Tensor, mask: Tensor) -> Tensor:
        state = self.attention(state, mask)
        inner = F.gelu(self.intermediate["dense"](state))
        return self.output(inner, state)  # type: ignore[no-any-return]


class _Output(nn.Module):
    """A product, added to what was there before, and normed."""

    def __init__(self, inputs: int, config: EncoderConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, config.width)
        self.LayerNorm = nn.LayerNorm(config.width, config.epsilon)

    def forward(self, state: Tensor, before: Tensor) -> Tensor:
        return self.LayerNorm(self.dense(state) + before)  # type: ignore[no-any-return]

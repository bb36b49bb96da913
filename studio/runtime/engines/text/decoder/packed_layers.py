"""The layers of a packed model, in few compiled calls each, as ``transformer_block`` has them.

All between two products is one call (see ``kernels``), from float32 products to the bytes of the
next ones. Rows are tokens of several texts; each has the same bits in any company.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from studio.runtime.engines.text.decoder.layers import Linear
from studio.runtime.engines.text.decoder.packed_kv_cache import PackedKVCache
from studio.runtime.engines.text.decoder.transformer_block import Block
from studio.runtime.engines.text.formats.config import LayerKind, LlamaConfig, RopeConfig
from studio.runtime.engines.text.kernels import quantised_activations as planes
from studio.runtime.engines.text.kernels.attention import AttentionConfig, Text, attend
from studio.runtime.engines.text.kernels.norm_and_gate import (
    NO_WEIGHTS,
    Rows,
    add_norm_quantise,
    gate_quantise,
)
from studio.runtime.engines.text.kernels.packed_matrix import PackedMatrix
from studio.runtime.engines.text.kernels.quantised_activations import QuantisedActivations

if TYPE_CHECKING:
    from studio.runtime.engines.text.decoder.llama import Llama, Passage

Turns = Mapping[RopeConfig | None, Rows]
"""Of all rows, by the rule for positions: (tokens, head dim), or no row."""


@dataclass(frozen=True)
class Stretch:
    """The rows of one text.

    Attributes:
        rows: How many.
        start: The position of the first.
        cache: Of the text.
    """

    rows: int
    start: int
    cache: PackedKVCache


class PackedLayer:
    """One layer.

    Attributes:
        addend_weight: Of the norm of what it returns, or ``NO_WEIGHTS``.
    """

    def __init__(self, config: LlamaConfig, block: Block, layer: int, planes: int) -> None:
        self._layer = layer
        self._kind: LayerKind = config.kinds[layer]
        self._eps = config.norm_eps
        self._is_gelu = config.family.gelu
        self._mixed_width = config.heads * config.head_dim
        attention = block.attention
        scale = config.query_scale
        self._attention = AttentionConfig(
            heads=config.heads,
            bias=NO_WEIGHTS if attention.qkv.bias is None else _array(attention.qkv.bias),
            query_weight=_weights(attention.query_norm),
            key_weight=_weights(attention.key_norm),
            eps=config.norm_eps,
            scale=config.head_dim**-0.5 if scale is None else scale,
            cap=config.attention_cap or 0.0,
            window=self._kind.window or 0,
        )
        self._weight = _weights(block.attention_norm)
        self._between = _weights(block.feed_forward_norm)
        self._mixed_weight = _weights(block.attention_post_norm)
        self.addend_weight = _weights(block.feed_forward_post_norm)
        self._qkv, self._out = packed(attention.qkv), packed(attention.out)
        self._gate_up = packed(block.feed_forward.gate_up)
        self._down = packed(block.feed_forward.down)
        self._planes = planes

    def __call__(
        self,
        hidden: Rows,
        addend: Rows | None,
        addend_weight: Rows,
        stretches: Sequence[Stretch],
        turns: Turns,
    ) -> Rows:
        """Add ``addend``, which the layer before returned, to ``hidden``; return what is added
        next.

        Args:
            addend_weight: That of the layer before.
        """
        quantised = add_norm_quantise(
            hidden, addend, addend_weight, self._weight, self._eps, self._planes
        )
        heads = self._qkv.multiply(quantised).numpy()
        addend = self._out.multiply(self._looked(heads, stretches, turns)).numpy()
        weights = self._mixed_weight, self._between
        quantised = add_norm_quantise(hidden, addend, *weights, self._eps, self._planes)
        gates = self._gate_up.multiply(quantised).numpy()
        quantised = gate_quantise(gates, self._is_gelu, self._planes)
        made: Rows = self._down.multiply(quantised).numpy()
        return made

    def _looked(
        self, heads: Rows, stretches: Sequence[Stretch], turns: Turns
    ) -> QuantisedActivations:
        out = planes.empty(heads.shape[0], self._mixed_width, self._planes)
        texts = [Text(each.rows, each.start, *each.cache.layers[self._layer]) for each in stretches]
        attend(self._attention, heads, turns[self._kind.rope], texts, out)
        return out


class PackedLayers:
    """All layers of a model, and the scores after them."""

    def __init__(self, model: Llama) -> None:
        self._config = model.config
        self._embedding = model.embedding
        self._rotaries = model.rotaries
        self._planes = model.planes
        self._layers = [
            PackedLayer(model.config, block, layer, model.planes)
            for layer, block in enumerate(model.each_block())
        ]
        self._norm = _weights(model.norm)
        self._head = packed(model.head)

    def read(self, passages: Sequence[Passage]) -> Tensor:
        """See ``Llama.read``; the scores are not bent yet."""
        stretches: list[Stretch] = []
        wanted: list[int] = []
        row = 0
        for passage in passages:
            cache, count = passage.cache, passage.tokens.shape[0]
            cache.reserve(cache.length + count)
            stretches.append(Stretch(count, cache.length, cache))
            row += count
            wanted += range(row - passage.wanted, row)
        hidden, addend, weight = self._embedded(passages), None, NO_WEIGHTS
        turns = self._turns(passages)
        for layer in self._layers:
            addend = layer(hidden, addend, weight, stretches, turns)
            weight = layer.addend_weight
        for passage in passages:
            passage.cache.length += passage.tokens.shape[0]
        assert addend is not None, "there is a layer"
        last = hidden[wanted], addend[wanted], weight
        quantised = add_norm_quantise(*last, self._norm, self._config.norm_eps, self._planes)
        return self._head.multiply(quantised)

    def _embedded(self, passages: Sequence[Passage]) -> Rows:
        hidden: Tensor = self._embedding(torch.cat([passage.tokens for passage in passages]))
        if self._config.family.scaled_embedding:
            hidden = hidden * math.sqrt(self._config.hidden)
        return _array(hidden)

    def _turns(self, passages: Sequence[Passage]) -> Turns:
        turns: dict[RopeConfig | None, Rows] = {None: _NO_TURNS}
        for rope in self._config.ropes:
            parts = [
                self._rotaries[rope, each.cache.is_long].turns(
                    each.cache.length, each.cache.length + each.tokens.shape[0]
                )
                for each in passages
            ]
            turns[rope] = _array(torch.view_as_real(torch.cat(parts)).flatten(1))
        return turns


_NO_TURNS: Rows = np.empty((0, 0), np.float32)


def packed(linear: Linear) -> PackedMatrix:
    """Return the packed weights of ``linear``."""
    assert linear.packed is not None, "the model is packed"
    return linear.packed


def _weights(norm: nn.Module | None) -> NDArray[np.float32]:
    """Return the weights of a norm; none of what is no norm."""
    return _array(norm.weight) if isinstance(norm, nn.RMSNorm) else NO_WEIGHTS


def _array(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().contiguous().numpy()
    return array

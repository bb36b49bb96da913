"""The layers of a packed model, in one compiled call, as ``transformer_block`` has them.

Rows are tokens of several texts; each has the same bits in any company.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from studio.runtime.engines.text.decoder.layers import Embedding, Linear, RMSNorm
from studio.runtime.engines.text.decoder.rotary import Rotary
from studio.runtime.engines.text.decoder.transformer_block import Block
from studio.runtime.engines.text.formats.config import LlamaConfig, RopeConfig
from studio.runtime.engines.text.kernels import attention, matmul, whole_step
from studio.runtime.engines.text.kernels.norm_and_gate import Rows
from studio.runtime.engines.text.kernels.packed_matrix import PackedMatrix

if TYPE_CHECKING:
    from studio.runtime.engines.text.decoder.protocol import Passage


class PackedLayers:
    """All layers of a model, and the scores after them. Two threads may read at once."""

    def __init__(
        self,
        config: LlamaConfig,
        embedding: Embedding,
        blocks: Sequence[Block],
        norm: RMSNorm,
        head: Linear,
        rotaries: Mapping[tuple[RopeConfig, bool], Rotary],
        planes: int,
    ) -> None:
        """Take the parts of a model that has its weights; see ``Llama``."""
        self._config = config
        self._embedding = embedding
        self._rotaries = rotaries
        self._ropes: list[RopeConfig] = sorted(config.ropes, key=repr)
        scale = config.query_scale
        self._shape = whole_step.Shape(
            heads=config.heads,
            kv_heads=config.kv_heads,
            width=config.head_dim,
            inner=config.intermediate,
            planes=planes,
            is_gelu=config.family.gelu,
            eps=config.norm_eps,
            scale=config.head_dim**-0.5 if scale is None else scale,
            cap=config.attention_cap or 0.0,
        )
        self._alive: list[NDArray[np.float32]] = []
        self._layers = np.array(
            [self._row(layer, block) for layer, block in enumerate(blocks)], np.int64
        )
        self._norm = _array(norm.weight)
        self._products = [packed(product) for block in blocks for product in _products(block)]
        self._products.append(packed(head))
        self._weights: tuple[list[Tensor], whole_step.Weights] = self._placed()

    def _row(self, layer: int, block: Block) -> list[int]:
        """Return the row of a layer in the table of ``whole_step``."""
        kind, self_attention = self._config.kinds[layer], block.attention
        norms = (
            block.attention_norm,
            block.feed_forward_norm,
            block.attention_post_norm,
            block.feed_forward_post_norm,
        )
        row = [0] * whole_step.COLUMNS
        row[: whole_step.BIAS] = [self._place(_weight(norm)) for norm in norms]
        row[whole_step.BIAS] = self._place(self_attention.qkv.bias)
        row[whole_step.QUERY] = self._place(_weight(self_attention.query_norm))
        row[whole_step.KEY] = self._place(_weight(self_attention.key_norm))
        row[whole_step.WINDOW] = kind.window or 0
        row[whole_step.TURNS] = -1 if kind.rope is None else self._ropes.index(kind.rope)
        return row

    def _place(self, weight: Tensor | None) -> int:
        """Return where weights are from now on; 0 for none."""
        if weight is None:
            return 0
        self._alive.append(_array(weight))
        place: int = self._alive[-1].ctypes.data
        return place

    def _placed(self) -> tuple[list[Tensor], whole_step.Weights]:
        """Return the memory of all products, and the table that says where they are in it."""
        memory, places = [], []
        offsets = [0]
        for product in self._products:
            memory.append(product.memory)
            places += product.places
            offsets.append(len(places))
        weights = whole_step.Weights(
            layers=self._layers,
            norm=self._norm,
            offsets=np.array(offsets, np.int64),
            bands=np.array(places, np.int64).reshape(-1, matmul.COLUMNS),
            size=sum(part.numel() for part in memory),
            outputs=self._products[-1].rows,
        )
        return memory, weights

    def _weights_now(self) -> tuple[list[Tensor], whole_step.Weights]:
        """Return the products and their table, made again after a product has moved."""
        current = self._weights
        if any(
            part.memory is not old for part, old in zip(self._products, current[0], strict=True)
        ):
            self._weights = current = self._placed()
        return current

    def read(self, passages: Sequence[Passage]) -> Tensor:
        """See ``Llama.read``; the scores are not bent yet."""
        wanted: list[int] = []
        row = 0
        for passage in passages:
            count = passage.tokens.shape[0]
            passage.cache.reserve(passage.cache.length + count)
            row += count
            wanted += range(row - passage.wanted, row)
        _memory, weights = self._weights_now()  # held as long as it is read
        scores = torch.empty(len(wanted), weights.outputs)
        hidden = self._embedded(passages)
        texts = self._texts(passages)
        whole_step.step(
            self._shape, weights, hidden, texts, _wanted_of(texts[-1], passages),
            self._turns(passages), np.array(wanted, np.int64), scores.numpy(),
        )  # fmt: skip
        for passage in passages:
            passage.cache.length += passage.tokens.shape[0]
        return scores

    def _embedded(self, passages: Sequence[Passage]) -> Rows:
        hidden: Tensor = self._embedding(torch.cat([passage.tokens for passage in passages]))
        if self._config.family.scaled_embedding:
            hidden = hidden * math.sqrt(self._config.hidden)
        return _array(hidden)

    def _texts(self, passages: Sequence[Passage]) -> NDArray[np.int64]:
        """Return the table of texts for each layer: (layers, texts, columns)."""
        layers = len(self._layers)
        table = np.empty((layers, len(passages), attention.COLUMNS), np.int64)
        first = 0
        for place, passage in enumerate(passages):
            cache, rows = passage.cache, passage.tokens.shape[0]
            table[:, place, :4] = first, rows, cache.length, cache.keys.shape[2]
            for column, stored in ((4, cache.keys), (5, cache.values)):
                begin, end = stored.data_ptr(), stored.data_ptr() + stored.nbytes
                table[:, place, column] = np.arange(begin, end, stored.nbytes // layers)
            first += rows
        return table

    def _turns(self, passages: Sequence[Passage]) -> NDArray[np.float32]:
        """Return the turns of all rows by each rule: (rules, rows, head dim)."""
        if not self._ropes:
            return np.zeros((1, 0, self._config.head_dim), np.float32)
        parts = [
            torch.cat(
                [
                    self._rotaries[rope, passage.cache.is_long].turns(
                        passage.cache.length, passage.cache.length + passage.tokens.shape[0]
                    )
                    for passage in passages
                ]
            )
            for rope in self._ropes
        ]
        return _array(torch.view_as_real(torch.stack(parts)).flatten(2))


def _wanted_of(texts: NDArray[np.int64], passages: Sequence[Passage]) -> NDArray[np.int64]:
    """Return the table of texts of a layer with no more rows than are wanted: the last ones."""
    wanted = texts.copy()
    for row, passage in zip(wanted, passages, strict=True):
        left_out = passage.tokens.shape[0] - passage.wanted
        row[:3] += left_out, -left_out, left_out
    return wanted


def _products(block: Block) -> tuple[Linear, Linear, Linear, Linear]:
    """Return the products of a layer, in the order of ``whole_step``."""
    self_attention, feed_forward = block.attention, block.feed_forward
    return self_attention.qkv, self_attention.out, feed_forward.gate_up, feed_forward.down


def packed(linear: Linear) -> PackedMatrix:
    """Return the packed weights of ``linear``."""
    assert linear.packed is not None, "the model is packed"
    return linear.packed


def _weight(norm: nn.Module | None) -> Tensor | None:
    """Return the weights of a norm; none of what is no norm."""
    return norm.weight if isinstance(norm, nn.RMSNorm) else None


def _array(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().contiguous().numpy()
    return array

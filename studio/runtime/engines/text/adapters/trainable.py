"""A decoder that gradients flow through, to an adapter beside it. Its own weights stay as they are.

Texts stand one after the other as rows of the same products, without padding; each is read from
its beginning, so that nothing is kept of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from studio.api.worker.tuning import Adapter
from studio.runtime.engines.text.adapters.places import Product, products
from studio.runtime.engines.text.decoder.attention import KeyValueCache, look_from
from studio.runtime.engines.text.decoder.llama import Llama
from studio.runtime.engines.text.decoder.transformer_block import Reading, Share
from studio.runtime.engines.text.formats.config import RopeConfig


@dataclass(frozen=True)
class _WholeText(Share):
    """A text of which nothing was read before: its keys and values are those of its rows."""

    def store(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return both, (kv heads, rows, head dim)."""
        return keys[self.rows].transpose(0, 1), values[self.rows].transpose(0, 1)


class TrainableNetwork:
    """A ``TextNetwork`` over our decoder.

    Attributes:
        ends, context_length, digest: See ``TextNetwork``.
    """

    def __init__(
        self,
        model: Llama,
        names: Mapping[str, str],
        ends: Sequence[int],
        digest: str = "",
        decode: Callable[[Sequence[int]], str] = str,
    ) -> None:
        """Take a model of floats for good.

        Args:
            names: Of the parts in its file.
            decode: Returns tokens as text.
        """
        self.ends, self.digest, self._decode = ends, digest, decode
        self.context_length = model.config.context_length
        self._model = model
        self._adapter: Adapter = {}
        found = list(products(model, names))
        self.products = {each.name: each.shape for each in found}
        beside: dict[nn.Module, list[Product]] = {}
        for each in found:
            beside.setdefault(each.piece.module, []).append(each)
        for module, parts in beside.items():
            module.register_forward_hook(self._hook(parts))

    def scores(self, texts: Sequence[Tensor], wanted: Sequence[int], adapter: Adapter) -> Tensor:
        """See ``TextNetwork``."""
        self._adapter = adapter
        try:
            return self._scores(texts, wanted)
        finally:
            self._adapter = {}

    def decode(self, ids: Sequence[int]) -> str:
        """See ``TextNetwork``."""
        return self._decode(ids)

    def _scores(self, texts: Sequence[Tensor], wanted: Sequence[int]) -> Tensor:
        model, config = self._model, self._model.config
        hidden = model.through(torch.cat(list(texts)).to(model.device), self._reading(texts))
        end, rows = 0, []
        for text, count in zip(texts, wanted, strict=True):
            end += text.shape[0]
            rows.append(hidden[end - count : end])
        scores: Tensor = model.head(model.norm(torch.cat(rows))).float()
        return scores if (cap := config.score_cap) is None else cap * torch.tanh(scores / cap)

    def _reading(self, texts: Sequence[Tensor]) -> Reading:
        model, config = self._model, self._model.config
        group = config.heads // config.kv_heads
        shares, row = [], 0
        for text in texts:
            count = text.shape[0]
            looks = {
                window: look_from(0, count, group, model.device, window)
                for window in {kind.window for kind in config.kinds}
            }
            nothing = KeyValueCache(config, 0, model.dtype, model.device)
            shares.append(_WholeText(slice(row, row + count), 0, nothing, looks))
            row += count
        return Reading(shares, {rope: self._turns(rope, shares) for rope in config.ropes})

    def _turns(self, rope: RopeConfig, shares: Sequence[Share]) -> Tensor:
        rotaries, config = self._model.rotaries, self._model.config
        each = [rotaries[rope, config.is_long(s.end)].turns(0, s.end) for s in shares]
        return torch.cat(each)

    def _hook(self, parts: Sequence[Product]) -> Callable[..., Tensor]:
        width = sum(each.shape[0] for each in parts)
        assert width == parts[0].piece.module.out_features, "they fill the product"

        def add(_module: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> Tensor:
            if not any(each.name in self._adapter for each in parts):
                return made
            return made + torch.cat([self._beside(each, given[0]) for each in parts], 1)

        return add

    def _beside(self, part: Product, given: Tensor) -> Tensor:
        pair = self._adapter.get(part.name)
        if pair is None:
            return given.new_zeros(given.shape[0], part.shape[0])
        down, up = pair
        up = up if part.order is None else up[part.order.to(up.device)]
        told: Tensor = functional.linear(functional.linear(given, down.to(given)), up.to(given))
        return told


def float_type(device: str) -> torch.dtype:
    """Return the type of the weights: a card computes faster with half the digits."""
    return torch.float32 if device.startswith("cpu") else torch.bfloat16

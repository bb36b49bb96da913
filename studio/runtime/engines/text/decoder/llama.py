"""The decoder in plain torch, for rows of several texts. Reads no file, samples nothing.

Llama and its relatives: what they vary is in ``config``, what a layer does in ``blocks``. Rows are
tokens, (tokens, hidden), so that rows of several texts may share a product.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from studio.runtime.engines.text.decoder.attention import KeyValueCache, look_from
from studio.runtime.engines.text.decoder.cuda_graph import StepGraphs, cuda_capture
from studio.runtime.engines.text.decoder.int4_linear import Int4Linear
from studio.runtime.engines.text.decoder.layers import Embedding, Linear, RMSNorm
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.decoder.rotary import Rotary
from studio.runtime.engines.text.decoder.transformer_block import Block, Reading, Share
from studio.runtime.engines.text.formats.config import LlamaConfig, RopeConfig
from studio.runtime.engines.text.formats.quantised_embedding import QuantisedEmbedding
from studio.runtime.engines.text.kernels.packed_kv_cache import PackedKVCache
from studio.runtime.engines.text.kernels.packed_matrix import Band, PackedMatrix

if TYPE_CHECKING:
    from studio.runtime.engines.text.decoder.packed_layers import PackedLayers
    from studio.runtime.engines.text.kernels.huge_pages import Moving


class Llama(nn.Module):
    """A decoder without memory yet: shapes only, until :meth:`allocate`.

    Attributes:
        config: Its sizes.
        engine: What computes, as records name it.
        graphs: Replay its steps, on devices that can.
        rotaries: How rows turn, by the rule for positions and whether texts may become long.
        moving: Moves packed weights to better memory after a load; to be stopped with the model.
        planes: Bytes of each input of its packed products; see ``activation_precision``.
    """

    engine = "torch"
    graphs: StepGraphs | None = None
    moving: Moving | None = None
    planes = 2
    _compiled: PackedLayers | None = None

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = Embedding(config.vocabulary, config.hidden, device="meta")
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(config.layers))
        self.norm = RMSNorm(config.hidden, config.norm_eps, device="meta")
        self.head = Linear(config.hidden, config.vocabulary, bias=False, device="meta")
        self.rotaries = {
            (rope, is_long): Rotary(rope, config.head_dim, is_long=is_long)
            for rope in config.ropes
            for is_long in (False, True)
        }
        self._tie()

    def allocate(
        self,
        dtype: torch.dtype,
        device: torch.device | str,
        layers: int | None = None,
        four_bits: Collection[Linear] = (),
    ) -> None:
        """Reserve memory for all weights as floats, uninitialised.

        Args:
            four_bits: Products whose weights stay 4 bits.
            layers: Only so many have their matrices on ``device``; by default all. The processor
                computes the products of the others; all else, caches included, is on ``device``.
        """
        for block in self.blocks[layers:] if layers is not None else ():
            for module in block.modules():
                if isinstance(module, Linear):
                    module.is_away = True
        for module in self.modules():
            is_away = isinstance(module, Linear) and module.is_away
            if isinstance(module, Linear) and module in four_bits:
                module.four_bits = Int4Linear(module.out_features, module.in_features, device)
                self._allocate(module, dtype, device, ("bias",))
            else:
                self._allocate(module, dtype, "cpu" if is_away else device)
        for rotary in self.rotaries.values():
            rotary.to(device)
        self._tie()
        self._capture(device)

    def move(self, device: torch.device | str) -> None:
        """Move the weights to ``device``, but for those that stay with the processor."""
        self.graphs = None
        for module in self.modules():
            if isinstance(module, Linear) and module.is_away:
                continue
            if isinstance(module, Linear) and module.four_bits is not None:
                module.four_bits.to(device)
            for name, weight in list(module.named_parameters(recurse=False)):
                if not weight.is_meta:
                    setattr(module, name, nn.Parameter(weight.to(device), requires_grad=False))
        for rotary in self.rotaries.values():
            rotary.to(device)
        self._tie()
        self._capture(device)

    def _capture(self, device: torch.device | str) -> None:
        """Let steps be replayed where that is possible: not with the processor in between."""
        device = torch.device(device)
        is_whole = not any(isinstance(m, Linear) and m.is_away for m in self.modules())
        if device.type == "cuda" and is_whole:
            self.graphs = StepGraphs(self, partial(cuda_capture, device))

    def allocate_packed(
        self, embedding: QuantisedEmbedding, packing: Mapping[Linear, Sequence[Band]]
    ) -> None:
        """Prepare for the processor: packed products without memory, the embedding as it is stored.

        Args:
            packing: How the rows of each product are held.
        """
        self.embedding.stored = embedding
        for module in self.modules():
            if isinstance(module, Linear):
                module.packed = PackedMatrix(module.in_features, packing[module])
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

    def layers(self) -> Iterator[Block]:
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
        products = [module for module in self.modules() if isinstance(module, Linear)]
        packed = [weights.bytes for m in products for weights in (m.packed, m.four_bits) if weights]
        stored = self.embedding.stored.bytes if self.embedding.stored else 0
        floats = sum(p.numel() * p.itemsize for p in self.parameters() if not p.is_meta)
        return sum(packed) + stored + floats

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self.norm.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """The type of everything between the weights."""
        return self.norm.weight.dtype

    def new_cache(self, capacity: int) -> KeyValueCache | PackedKVCache:
        """Return an empty cache for a text of at most ``capacity`` tokens."""
        if self.is_packed:
            return PackedKVCache(self.config, capacity)
        return KeyValueCache(self.config, capacity, self.dtype, self.device)

    def forward(self, tokens: Tensor, cache: KeyValueCache | PackedKVCache) -> Tensor:
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
        if self.graphs is not None and (scores := self.graphs.read(passages)) is not None:
            return scores
        if self.is_packed:
            return self._bent(self._packed_layers().read(passages))
        reading = self._reading(passages)
        tokens = torch.cat([passage.tokens for passage in passages]).to(self.device)
        hidden = self.through(tokens, reading)
        for passage in passages:
            passage.cache.length += passage.tokens.shape[0]
        ends = zip(passages, (share.rows.stop for share in reading.shares), strict=True)
        return self.score(torch.cat([hidden[end - p.wanted : end] for p, end in ends]))

    def through(self, tokens: Tensor, reading: Reading) -> Tensor:
        """Return ``tokens`` after all layers, (tokens, hidden)."""
        hidden: Tensor = self.embedding(tokens)
        if self.config.family.scaled_embedding:
            hidden = hidden * math.sqrt(self.config.hidden)
        for block in self.blocks:
            hidden = block(hidden, reading)
        return hidden

    def score(self, hidden: Tensor) -> Tensor:
        """Return the scores after rows of ``hidden``: float32, (rows, vocabulary)."""
        return self._bent(self.head(self.norm(hidden)).float())

    def _packed_layers(self) -> PackedLayers:
        """Return the layers in compiled calls, made once all weights are here."""
        if self._compiled is None:
            # Loads numba, which a model on a card never needs.
            from studio.runtime.engines.text.decoder.packed_layers import PackedLayers

            self._compiled = PackedLayers(
                self.config,
                self.embedding,
                list(self.layers()),
                self.norm,
                self.head,
                self.rotaries,
                self.planes,
            )
        return self._compiled

    def cut_inputs(self, planes: int) -> None:
        """Have inputs of packed products in so many bytes, 1 or 2."""
        self.planes, self._compiled = planes, None

    def _bent(self, scores: Tensor) -> Tensor:
        if (cap := self.config.score_cap) is not None:
            scores = scores.div_(cap).tanh_().mul_(cap)
        return scores

    def _reading(self, passages: Sequence[Passage]) -> Reading:
        shares, row = [], 0
        group = self.config.heads // self.config.kv_heads
        windows = {kind.window for kind in self.config.kinds}
        for passage in passages:
            cache, count = passage.cache, passage.tokens.shape[0]
            cache.reserve(cache.length + count)
            looks = {
                window: look_from(cache.length, count, group, self.device, window)
                for window in windows
            }
            shares.append(Share(slice(row, row + count), cache.length, cache, looks))
            row += count
        return Reading(shares, {rope: self._turns(rope, shares) for rope in self.config.ropes})

    def turns_up_to(self, end: int) -> dict[RopeConfig, Tensor]:
        """Return the turns of the positions up to ``end`` by each rule, for texts of usual length.

        Each: complex64, (end, 1, head dim / 2).
        """
        return {rope: self.rotaries[rope, False].turns(0, end) for rope in self.config.ropes}

    def _turns(self, rope: RopeConfig, shares: Sequence[Share]) -> Tensor:
        """Return the turns of all rows, complex64, (tokens, 1, head dim / 2)."""
        return torch.cat(
            [self.rotaries[rope, s.cache.is_long].turns(s.start, s.end) for s in shares]
        )

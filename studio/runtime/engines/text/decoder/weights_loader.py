"""Fills a decoder from a tensor source, in steps. Checks all shapes before reserving memory."""

from __future__ import annotations

import math
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from studio.api.worker.context import Placement
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.devices.memory import give_back
from studio.runtime.engines.text.caches.packed_weights import PackedCache, parts_of
from studio.runtime.engines.text.decoder.int4_linear import KINDS, Int4Linear, can_multiply
from studio.runtime.engines.text.decoder.layers import Linear, RMSNorm
from studio.runtime.engines.text.decoder.llama import Llama
from studio.runtime.engines.text.decoder.transformer_block import Attention, FeedForward
from studio.runtime.engines.text.formats.config import LlamaConfig
from studio.runtime.engines.text.formats.config_gguf import DIVISORS
from studio.runtime.engines.text.formats.load_errors import bad_weights, shown
from studio.runtime.engines.text.formats.tensor_source import (
    COPIED_BYTES,
    StoredTensor,
    TensorSource,
)
from studio.runtime.engines.text.kernels.huge_pages import Moving, provide
from studio.runtime.engines.text.kernels.packed_matrix import Band, PackedMatrix, bands


@dataclass(frozen=True)
class Piece:
    """A tensor of the file and the part of the decoder that it fills.

    Attributes:
        name: In the file.
        module: Whose ``field`` it fills, from row ``first``.
        shape: Of the part.
        heads: How rows must be reordered so that those that turn together stand side by side.
        offset: Added to all values.
    """

    name: str
    module: nn.Module
    field: str
    first: int
    shape: tuple[int, ...]
    heads: HeadOrder | None = None
    offset: float = 0.0

    @classmethod
    def whole(cls, name: str, module: nn.Module, field: str = "weight") -> Piece:
        """Return the piece that fills all of a field."""
        return cls(name, module, field, 0, tuple(getattr(module, field).shape))

    @property
    def size(self) -> int:
        """The number of its values."""
        return math.prod(self.shape)

    @property
    def is_packed(self) -> bool:
        """Whether it is a part of a packed matrix."""
        return self._packed is not None

    @property
    def _packed(self) -> PackedMatrix | None:
        if self.field != "weight" or not isinstance(self.module, Linear):
            return None
        return self.module.packed

    @property
    def _four_bits(self) -> Int4Linear | None:
        if self.field != "weight" or not isinstance(self.module, Linear):
            return None
        return self.module.four_bits

    def fill(self, source: TensorSource) -> Iterator[int]:
        """Put all rows of the tensor where they belong; yield how many values have come."""
        packed = self._packed or self._four_bits
        if packed is None:
            for first, values in source.rows(self.name):
                self._write(first, values)
                yield values.numel()
            return
        stored = source.stored(self.name)
        for first, rows in stored.chunks():
            packed.write(self._places(first, rows), rows, stored.kind, stored.block_bytes)
            yield rows.shape[0] * stored.shape[1]

    def _write(self, first: int, values: Tensor) -> None:
        target = getattr(self.module, self.field)
        places = self._places(first, values).to(target.device)
        values = values.float() + self.offset if self.offset else values  # rounded only once
        target[places] = values.to(target)

    def _places(self, first: int, values: Tensor) -> Tensor:
        places = torch.arange(first, first + values.shape[0])
        return self.first + (places if self.heads is None else self.heads.places(places))


@dataclass(frozen=True)
class HeadOrder:
    """Moves rows from two halves of what turns to neighbouring pairs, head by head.

    Attributes:
        rows: How many are moved: those of queries and keys, which come first.
        width: Values of a head.
        turning: How many of them turn: the first ones.
    """

    rows: int
    width: int
    turning: int

    def places(self, rows: Tensor) -> Tensor:
        """Return where ``rows``, int64 (rows,), go."""
        head, place = rows // self.width, rows % self.width
        half = self.turning // 2
        moved = head * self.width + place % half * 2 + place // half
        return torch.where((rows < self.rows) & (place < self.turning), moved, rows)


def load_decoder(
    source: TensorSource,
    names: Mapping[str, str],
    config: LlamaConfig,
    dtype: torch.dtype | None,
    device: str,
    cache: PackedCache | None = None,
    layers: int | None = None,
    *,
    may_pack: bool = False,
) -> Generator[float, None, Llama]:
    """Yield the share done (0–1) after every chunk of rows; return the decoder.

    Args:
        dtype: Of the weights as floats; None packs them (see ``kernels``).
        cache: Where packed weights of this model are kept, if anywhere.
        layers: So many on ``device``, as :func:`placement` says; by default all.
        may_pack: Where a card multiplies by 4 bits, products that are stored so stay so.

    Raises:
        StudioError: A tensor is missing, superfluous, or has another shape than the sizes say.
    """
    model = Llama(config)
    check_shapes(source, model, names)
    parts = list(pieces(model, names))
    stored = None
    if dtype is None:
        embedding = parts.pop(0)
        stored = source.stored(embedding.name)
        if config.tied:
            parts.append(Piece.whole(embedding.name, model.head))
    packing = bands_of(source, parts) if stored is not None else {}
    four_bits: Collection[Linear] = ()
    if may_pack and layers is None:
        four_bits = _four_bit_products(source, parts, dtype, device)
    _allocate(model, dtype, device, stored, packing, layers, four_bits)
    total = sum(piece.size for piece in parts)
    done = 0
    packed = parts_of(model)
    matrices = [part for part in packed.values() if isinstance(part, PackedMatrix)]
    if cache is not None and packed and (yield from cache.fill(packed)):
        parts = [piece for piece in parts if not piece.is_packed]
        cache, stored, done = None, None, total - sum(piece.size for piece in parts)
        model.moving = Moving(list(packed.values()))
    else:
        _provide(matrices)
    for first, rows in stored.chunks(COPIED_BYTES) if stored else ():
        assert model.embedding.stored is not None
        model.embedding.stored.write(first, rows)
        yield 0.0
    for piece in parts:
        for count in piece.fill(source):
            done += count
            yield done / total
    if cache is not None and packed:
        for _ in cache.keep(packed):
            yield 1.0
    if model.moving is not None:
        model.moving.start()
    else:
        give_back()  # or a tenth more than the weights stays taken: of chunks that were floats
    return model


def pieces(model: Llama, names: Mapping[str, str]) -> Iterator[Piece]:
    """Yield all that has to be filled, in the order of the computation."""
    config = model.config
    yield Piece.whole(names["embedding"], model.embedding)
    for index, block in enumerate(model.layers()):
        layer = {part: name.format(index) for part, name in names.items()}
        yield _norm(layer["attention_norm"], block.attention_norm, config)
        yield from _attention(block.attention, layer, config)
        if isinstance(block.attention_post_norm, RMSNorm):
            yield _norm(layer["attention_post_norm"], block.attention_post_norm, config)
        yield _norm(layer["feed_forward_norm"], block.feed_forward_norm, config)
        yield from _feed_forward(block.feed_forward, layer, config)
        if isinstance(block.feed_forward_post_norm, RMSNorm):
            yield _norm(layer["feed_forward_post_norm"], block.feed_forward_post_norm, config)
    yield _norm(names["norm"], model.norm, config)
    if not config.tied:
        yield Piece.whole(names["head"], model.head)


def _norm(name: str, module: RMSNorm, config: LlamaConfig, heads: HeadOrder | None = None) -> Piece:
    shape = tuple(module.weight.shape)
    return Piece(name, module, "weight", 0, shape, heads, config.norm_offset)


def _attention(module: Attention, names: Mapping[str, str], config: LlamaConfig) -> Iterator[Piece]:
    width, turning = config.head_dim, module.kind.rope.dim if module.kind.rope else 0
    queries, keys = config.heads * width, config.kv_heads * width
    reordered = turning > 0 and not config.interleaved

    def order(rows: int) -> HeadOrder | None:
        return HeadOrder(rows, width, turning) if reordered and rows else None

    for kind in ("weight", "bias") if config.family.qkv_bias else ("weight",):
        row_shape = (config.hidden,) if kind == "weight" else ()
        if config.family.fused:
            shape = (queries + 2 * keys, *row_shape)
            moved = order(queries + keys)
            yield Piece(f"{names['qkv']}.{kind}", module.qkv, kind, 0, shape, moved)
            continue
        first = 0
        for part, rows, moved in (
            ("query", queries, order(queries)),
            ("key", keys, order(keys)),
            ("value", keys, None),
        ):
            shape = (rows, *row_shape)
            yield Piece(f"{names[part]}.{kind}", module.qkv, kind, first, shape, moved)
            first += rows
    if module.query_norm is not None and module.key_norm is not None:
        yield _norm(names["query_norm"], module.query_norm, config, order(width))
        yield _norm(names["key_norm"], module.key_norm, config, order(width))
    yield Piece.whole(names["out"], module.out)


def _feed_forward(
    module: FeedForward, names: Mapping[str, str], config: LlamaConfig
) -> Iterator[Piece]:
    if config.family.fused:
        yield Piece.whole(names["gate_up"], module.gate_up)
    else:
        half = (config.intermediate, config.hidden)
        yield Piece(names["gate"], module.gate_up, "weight", 0, half)
        yield Piece(names["up"], module.gate_up, "weight", config.intermediate, half)
    yield Piece.whole(names["down"], module.down)


def check_shapes(source: TensorSource, model: Llama, names: Mapping[str, str]) -> None:
    """Compare the file with a decoder that has no memory yet.

    Raises:
        StudioError: A tensor is missing, has another shape, or would be left over: a bias that is
            not added would not stop the model, only make it talk nonsense.
    """
    left = set(source.shapes)
    for piece in pieces(model, names):
        field = f"tensor “{shown(piece.name)}”"
        shape = source.shapes.get(piece.name)
        if shape is None:
            raise bad_weights(source.path, f"{field} is missing")
        if shape != piece.shape:
            raise bad_weights(
                source.path,
                f"{field} has the shape {list(shape)} instead of {list(piece.shape)}",
            )
        left.discard(piece.name)
    spare = sorted(name for name in left if not _harmless(name, names, model.config))
    if spare:
        raise bad_weights(
            source.path,
            f"it has the tensor “{shown(spare[0])}”, which its architecture does not use",
            "Choose another file of this model.",
        )


def _harmless(name: str, names: Mapping[str, str], config: LlamaConfig) -> bool:
    tied_copy = config.tied and name == names["head"]
    return tied_copy or name in DIVISORS or name.endswith("rotary_emb.inv_freq")


def placement(config: LlamaConfig, dtype: torch.dtype, budget: int) -> Placement | None:
    """Return how many layers have their matrices within ``budget`` bytes of a device; None: none.

    What is not of a layer is on the device in any case.
    """
    block = Llama(config).blocks[0]
    layer = sum(m.weight.numel() for m in block.modules() if isinstance(m, Linear))
    layer *= dtype.itemsize
    rest = config.parameters * dtype.itemsize - config.layers * layer
    layers = min(config.layers, (budget - rest) // layer)
    if layers < 1:
        return None
    host = (config.layers - layers) * layer
    return Placement(layers, config.layers, rest + layers * layer, host)


def bands_of(source: TensorSource, parts: Sequence[Piece]) -> dict[Linear, list[Band]]:
    """Return how the rows of each product are held, which is how their tensors are stored."""
    tensors: dict[Linear, list[tuple[int, int, str]]] = {}
    for piece in parts:
        if isinstance(piece.module, Linear) and piece.field == "weight":
            kind = source.stored(piece.name).kind
            tensors.setdefault(piece.module, []).append((piece.first, piece.shape[0], kind))
    return {module: bands(rows) for module, rows in tensors.items()}


def _allocate(
    model: Llama,
    dtype: torch.dtype | None,
    device: str,
    stored: StoredTensor | None,
    packing: Mapping[Linear, Sequence[Band]],
    layers: int | None,
    four_bits: Collection[Linear],
) -> None:
    try:
        if stored is not None:
            model.allocate_packed(stored.empty_rows(), packing)
        else:
            assert dtype is not None, "floats have a type"
            model.allocate(dtype, device, layers, four_bits)
    except RuntimeError as error:  # torch's own out-of-memory errors are RuntimeErrors
        size = stored.bytes if stored is not None else 0
        size += float_bytes(model.config, dtype) if dtype is not None else _bytes(packing)
        raise _no_room(size, device, error) from error


def _provide(matrices: Sequence[PackedMatrix]) -> None:
    try:
        provide(matrices)
    except MemoryError as error:
        raise _no_room(sum(matrix.bytes for matrix in matrices), "cpu", error) from error


def _no_room(size: int, device: str, error: Exception) -> StudioError:
    return StudioError(
        ErrorCode.OUT_OF_MEMORY,
        f"The model needs {size / 2**30:.1f} GiB on {device}, but there is not enough memory.",
        "Close other models or programs, or choose a smaller model.",
        details=str(error),
    )


def _bytes(packing: Mapping[Linear, Sequence[Band]]) -> int:
    return sum(band.bytes(m.in_features) for m, parts in packing.items() for band in parts)


def float_bytes(config: LlamaConfig, dtype: torch.dtype) -> int:
    """Return the memory that the weights will take as floats."""
    return config.parameters * dtype.itemsize


def card_bytes(
    source: TensorSource,
    names: Mapping[str, str],
    config: LlamaConfig,
    dtype: torch.dtype,
    device: str,
) -> int:
    """Return the memory that the weights will take on a card: as floats, or 4 bits where they may.

    Raises:
        StudioError: As :func:`check_shapes` raises it.
    """
    whole = float_bytes(config, dtype)
    if not can_multiply(device):
        return whole
    model = Llama(config)
    check_shapes(source, model, names)
    for product in _four_bit_products(source, list(pieces(model, names)), dtype, device):
        rows, columns = product.weight.shape
        whole -= rows * columns * dtype.itemsize - Int4Linear.bytes_of(rows, columns)
    return whole


def _four_bit_products(
    source: TensorSource, parts: Sequence[Piece], dtype: torch.dtype | None, device: str
) -> set[Linear]:
    """Return the products whose weights stay 4 bits: all their tensors are stored so."""
    if dtype is not torch.bfloat16 or not can_multiply(device):
        return set()
    kinds: dict[Linear, set[str]] = {}
    for piece in parts:
        if isinstance(piece.module, Linear) and piece.field == "weight":
            kinds.setdefault(piece.module, set()).add(source.stored(piece.name).kind)
    return {
        product
        for product, stored in kinds.items()
        if stored <= KINDS and Int4Linear.can_have(*product.weight.shape)
    }


def packed_bytes(source: TensorSource, names: Mapping[str, str], config: LlamaConfig) -> int:
    """Return the memory that the weights will take packed.

    Raises:
        StudioError: As :func:`check_shapes` raises it.
    """
    model = Llama(config)
    check_shapes(source, model, names)
    embedding, *parts = pieces(model, names)
    if config.tied:
        parts.append(Piece.whole(embedding.name, model.head))
    packing = bands_of(source, parts)
    floats = sum(p.size for p in parts if p.module not in packing or p.field != "weight")
    return _bytes(packing) + source.stored(embedding.name).bytes + 4 * floats

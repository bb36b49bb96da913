"""Fills a decoder from a tensor source, in steps. Checks all shapes before reserving memory."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.config import LlamaConfig
from studio.runtime.engines.text.llama import Linear, Llama
from studio.runtime.engines.text.packing import limbs_for, packed_bytes
from studio.runtime.engines.text.refusals import bad_weights, shown
from studio.runtime.engines.text.tensor_source import StoredTensor, TensorSource

GGUF_NAMES: Mapping[str, str] = {
    "embedding": "token_embd.weight",
    "norm": "output_norm.weight",
    "head": "output.weight",
    "rope_divisors": "rope_freqs.weight",  # how GGUF tells ``llama3`` stretching
    "attention_norm": "blk.{}.attn_norm.weight",
    "query": "blk.{}.attn_q",
    "key": "blk.{}.attn_k",
    "value": "blk.{}.attn_v",
    "out": "blk.{}.attn_output.weight",
    "feed_forward_norm": "blk.{}.ffn_norm.weight",
    "gate": "blk.{}.ffn_gate.weight",
    "up": "blk.{}.ffn_up.weight",
    "down": "blk.{}.ffn_down.weight",
}
FOLDER_NAMES: Mapping[str, str] = {
    "embedding": "model.embed_tokens.weight",
    "norm": "model.norm.weight",
    "head": "lm_head.weight",
    "attention_norm": "model.layers.{}.input_layernorm.weight",
    "query": "model.layers.{}.self_attn.q_proj",
    "key": "model.layers.{}.self_attn.k_proj",
    "value": "model.layers.{}.self_attn.v_proj",
    "out": "model.layers.{}.self_attn.o_proj.weight",
    "feed_forward_norm": "model.layers.{}.post_attention_layernorm.weight",
    "gate": "model.layers.{}.mlp.gate_proj.weight",
    "up": "model.layers.{}.mlp.up_proj.weight",
    "down": "model.layers.{}.mlp.down_proj.weight",
}


@dataclass(frozen=True)
class Piece:
    """A tensor of the file and the part of the decoder that it fills.

    Attributes:
        name: In the file.
        module: Whose ``field`` it fills, from row ``first``.
        shape: Of the part.
        turn: Values of a head if its rows must be reordered from two halves to neighbouring pairs,
            so that those that turn together stand side by side; 0 if not.
    """

    name: str
    module: nn.Module
    field: str
    first: int
    shape: tuple[int, ...]
    turn: int = 0

    @classmethod
    def whole(cls, name: str, module: nn.Module, field: str = "weight") -> Piece:
        """Return the piece that fills all of a field."""
        return cls(name, module, field, 0, tuple(getattr(module, field).shape))

    @property
    def size(self) -> int:
        """How many values."""
        return math.prod(self.shape)

    def write(self, first: int, values: Tensor) -> None:
        """Put rows of the tensor, from its row ``first``, where they belong."""
        places = self._places(first, first + values.shape[0])
        packed = getattr(self.module, "packed", None) if self.field == "weight" else None
        if packed is not None:
            packed.write(places, values)
        else:
            target = getattr(self.module, self.field)
            target[places] = values.to(target)

    def _places(self, first: int, last: int) -> Tensor | slice:
        if not self.turn:
            return slice(self.first + first, self.first + last)
        rows = torch.arange(first, last)
        head, place = rows // self.turn, rows % self.turn
        half = self.turn // 2
        return self.first + head * self.turn + place % half * 2 + place // half


def load_decoder(
    source: TensorSource,
    names: Mapping[str, str],
    config: LlamaConfig,
    dtype: torch.dtype | None,
    device: str,
) -> Generator[float, None, Llama]:
    """Yield the share done (0–1) after every chunk of rows; return the decoder.

    Args:
        dtype: Of the weights as floats; None packs them (see ``packing``).

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
    _allocate(model, dtype, device, stored)
    total = sum(piece.size for piece in parts)
    done = 0
    for first, rows in stored.chunks() if stored else ():
        assert model.embedding.stored is not None
        model.embedding.stored.write(first, rows)
        yield 0.0
    for piece in parts:
        for first, rows in source.rows(piece.name):
            piece.write(first, rows)
            done += rows.numel()
            yield done / total
    if names.get("rope_divisors") in source.shapes:
        for _, divisors in source.rows(names["rope_divisors"]):
            model.frequencies /= divisors.to(model.frequencies)
    return model


def pieces(model: Llama, names: Mapping[str, str]) -> Iterator[Piece]:
    """Yield all that has to be filled, in the order of the computation."""
    config = model.config
    yield Piece.whole(names["embedding"], model.embedding)
    for index, block in enumerate(model.each_block()):
        attention, feed_forward = block.attention, block.feed_forward
        yield Piece.whole(names["attention_norm"].format(index), block.attention_norm)
        for kind in ("weight", "bias") if config.qkv_bias else ("weight",):
            yield from _qkv(config, names, index, attention.qkv, kind)
        yield Piece.whole(names["out"].format(index), attention.out)
        yield Piece.whole(names["feed_forward_norm"].format(index), block.feed_forward_norm)
        half = (config.intermediate, config.hidden)
        gate_up = feed_forward.gate_up
        yield Piece(names["gate"].format(index), gate_up, "weight", 0, half)
        yield Piece(names["up"].format(index), gate_up, "weight", config.intermediate, half)
        yield Piece.whole(names["down"].format(index), feed_forward.down)
    yield Piece.whole(names["norm"], model.norm)
    if not config.tied:
        yield Piece.whole(names["head"], model.head)


def _qkv(
    config: LlamaConfig, names: Mapping[str, str], index: int, qkv: nn.Module, kind: str
) -> Iterator[Piece]:
    first = 0
    for part, heads in zip(
        ("query", "key", "value"), (config.heads, config.kv_heads, config.kv_heads), strict=True
    ):
        rows = heads * config.head_dim
        shape = (rows, config.hidden) if kind == "weight" else (rows,)
        turn = 0 if part == "value" or config.interleaved else config.head_dim
        yield Piece(f"{names[part].format(index)}.{kind}", qkv, kind, first, shape, turn)
        first += rows


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
                f"{field} has the shape {list(shape)}; its header's sizes need {list(piece.shape)}",
            )
        left.discard(piece.name)
    divisors = names.get("rope_divisors", "")
    if source.shapes.get(divisors, half := (model.config.head_dim // 2,)) != half:
        raise bad_weights(source.path, f"tensor “{divisors}” does not have the shape {list(half)}")
    spare = sorted(name for name in left if not _harmless(name, names, model.config))
    if spare:
        raise bad_weights(
            source.path,
            f"it has the tensor “{shown(spare[0])}”, which its architecture does not use",
            "Choose another file of this model.",
        )


def _harmless(name: str, names: Mapping[str, str], config: LlamaConfig) -> bool:
    tied_copy = config.tied and name == names["head"]
    return tied_copy or name == names.get("rope_divisors") or name.endswith("rotary_emb.inv_freq")


def _allocate(
    model: Llama, dtype: torch.dtype | None, device: str, stored: StoredTensor | None
) -> None:
    try:
        if stored is not None:
            model.allocate_packed(stored.empty_rows())
        else:
            assert dtype is not None, "floats have a type"
            model.allocate(dtype, device)
    except RuntimeError as error:  # torch's own out-of-memory errors are RuntimeErrors
        size = weights_bytes(model.config, dtype, stored) / 2**30
        raise StudioError(
            ErrorCode.OUT_OF_MEMORY,
            f"The model needs {size:.1f} GiB on {device}, and there is not enough memory.",
            "Close other models or programs, or choose a smaller model.",
            details=str(error),
        ) from error


def weights_bytes(
    config: LlamaConfig, dtype: torch.dtype | None, stored: StoredTensor | None
) -> int:
    """Return the memory that the weights will take: as floats of ``dtype``, or packed."""
    if dtype is not None:
        return config.parameters * dtype.itemsize
    assert stored is not None, "packed weights keep the embedding as it is stored"
    model = Llama(config)
    limbs = limbs_for(config.parameters)
    products = [module for module in model.modules() if isinstance(module, Linear)]
    packed = sum(packed_bytes(m.out_features, m.in_features, limbs) for m in products)
    matrices = sum(m.weight.numel() for m in products) - (
        model.head.weight.numel() if config.tied else 0
    )
    floats = config.parameters - matrices - model.embedding.weight.numel()
    return packed + stored.bytes + 4 * floats

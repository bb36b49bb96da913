"""Fills a decoder from a tensor source, in steps. Checks all shapes before reserving memory."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.config import LlamaConfig
from studio.runtime.engines.text.llama import Llama
from studio.runtime.engines.text.refusals import bad_weights, shown
from studio.runtime.engines.text.tensor_source import TensorSource

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
        target: A view of a weight.
        turn: Whether rows must be reordered from halves to neighbouring pairs.
    """

    name: str
    target: Tensor
    turn: bool = False


def load_decoder(
    source: TensorSource,
    names: Mapping[str, str],
    config: LlamaConfig,
    dtype: torch.dtype,
    device: str,
) -> Generator[float, None, Llama]:
    """Yield the share done (0–1) after every chunk of rows; return the decoder.

    Raises:
        StudioError: A tensor is missing, superfluous, or has another shape than the sizes say.
    """
    model = Llama(config)
    check_shapes(source, model, names)
    _allocate(model, dtype, device)
    total = sum(piece.target.numel() for piece in pieces(model, names))
    done = 0
    for piece in pieces(model, names):
        for first, rows in source.rows(piece.name):
            piece.target[first : first + rows.shape[0]].copy_(rows)
            done += rows.numel()
            yield done / total
        if piece.turn:
            piece.target.copy_(interleave(piece.target, config.head_dim))
    if names.get("rope_divisors") in source.shapes:
        for _, divisors in source.rows(names["rope_divisors"]):
            model.frequencies /= divisors.to(model.frequencies)
    return model


def pieces(model: Llama, names: Mapping[str, str]) -> Iterator[Piece]:
    """Yield all that has to be filled, in the order of the computation."""
    config = model.config
    yield Piece(names["embedding"], model.embedding.weight)
    for index, block in enumerate(model.each_block()):
        yield Piece(names["attention_norm"].format(index), block.attention_norm.weight)
        sizes = [config.heads, config.kv_heads, config.kv_heads]
        rows = [count * config.head_dim for count in sizes]
        for kind in ("weight", "bias") if config.qkv_bias else ("weight",):
            parts = getattr(block.attention.qkv, kind).split(rows)
            for part, target in zip(("query", "key", "value"), parts, strict=True):
                turn = part != "value" and not config.interleaved
                yield Piece(f"{names[part].format(index)}.{kind}", target, turn)
        yield Piece(names["out"].format(index), block.attention.out.weight)
        yield Piece(names["feed_forward_norm"].format(index), block.feed_forward_norm.weight)
        gate, up = block.feed_forward.gate_up.weight.chunk(2)
        yield Piece(names["gate"].format(index), gate)
        yield Piece(names["up"].format(index), up)
        yield Piece(names["down"].format(index), block.feed_forward.down.weight)
    yield Piece(names["norm"], model.norm.weight)
    if not config.tied:
        yield Piece(names["head"], model.head.weight)


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
        if shape != tuple(piece.target.shape):
            raise bad_weights(
                source.path,
                f"{field} has the shape {list(shape)}; its header's sizes need"
                f" {list(piece.target.shape)}",
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


def _allocate(model: Llama, dtype: torch.dtype, device: str) -> None:
    try:
        model.allocate(dtype, device)
    except RuntimeError as error:  # torch's own out-of-memory errors are RuntimeErrors
        size = model.config.parameters * dtype.itemsize / 2**30
        raise StudioError(
            ErrorCode.OUT_OF_MEMORY,
            f"The model needs {size:.1f} GiB on {device}, and there is not enough memory.",
            "Close other models or programs, or choose a smaller model.",
            details=str(error),
        ) from error


def interleave(rows: Tensor, head_dim: int) -> Tensor:
    """Reorder the rows of each head from two halves to neighbouring pairs.

    Args:
        rows: (heads × head dim, …) in which rows i and i + head dim / 2 turn together.

    Returns:
        The same rows, with those that turn together side by side.
    """
    halves = rows.unflatten(0, (-1, 2, head_dim // 2))
    turned: Tensor = halves.transpose(1, 2).reshape(rows.shape)
    return turned

"""Where the products of a decoder lie in a file, and how they are called elsewhere. Reads nothing.

An adapter names products and orders their rows as transformers does, whatever file its base is in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from studio.runtime.engines.text.decoder.layers import Linear
from studio.runtime.engines.text.decoder.llama import Llama
from studio.runtime.engines.text.decoder.weights_loader import HeadOrder, Piece, pieces
from studio.runtime.engines.text.formats.config import LlamaConfig
from studio.runtime.engines.text.formats.tensor_names import folder_names

_SUFFIX = ".weight"


@dataclass(frozen=True)
class Product:
    """One matrix as transformers knows it.

    Attributes:
        name: There, without ``.weight``.
        file_name: Of the tensor in the file of the base.
        piece: The part of the decoder that it is.
        file_order: Which of its rows each row in the file is; None where they are the same.
        order: The same for its rows in the decoder.
    """

    name: str
    file_name: str
    piece: Piece
    file_order: Tensor | None
    order: Tensor | None

    @property
    def shape(self) -> tuple[int, int]:
        """(outputs, inputs)."""
        rows, columns = self.piece.shape
        return rows, columns


def products(model: Llama, names: Mapping[str, str]) -> Iterator[Product]:
    """Yield the matrices of all layers, in the order of the computation.

    Args:
        model: May be without memory.
        names: Of the parts in the file of the base.
    """
    config = model.config
    here = pieces(model, names)
    there = pieces(model, folder_names(config.family))
    for piece, named in zip(here, there, strict=True):
        is_head = piece.module is model.head
        if not isinstance(piece.module, Linear) or piece.field != "weight" or is_head:
            continue
        moved = _in_file(config, named.name, piece.shape[0])
        rows = torch.arange(piece.shape[0])
        inside = moved if moved is not None else rows
        if piece.heads is not None:
            inside = piece.heads.places(inside)
        yield Product(
            named.name.removesuffix(_SUFFIX),
            piece.name,
            piece,
            None if moved is None else moved.argsort(),
            None if inside.equal(rows) else inside.argsort(),
        )


def _in_file(config: LlamaConfig, name: str, rows: int) -> Tensor | None:
    """Return where rows of queries and keys are in files that store them interleaved."""
    if not config.interleaved or not name.endswith(("q_proj.weight", "k_proj.weight")):
        return None
    # All layers are stored so, those that know no positions, too: both sides of the product move.
    return HeadOrder(rows, config.head_dim, config.head_dim).places(torch.arange(rows))

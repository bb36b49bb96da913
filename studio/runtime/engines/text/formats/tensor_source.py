"""Tensors by name from a GGUF file or a model folder, a few rows at a time. Knows no model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from studio.runtime.engines.text.formats import gguf, safetensors_file
from studio.runtime.engines.text.formats.dequantisation import dequantise
from studio.runtime.engines.text.formats.load_errors import bad_weights, shown, unsupported
from studio.runtime.engines.text.formats.mapped_file import MappedFile
from studio.runtime.engines.text.formats.quantised_embedding import QuantisedEmbedding

CHUNK_VALUES = 1 << 18
"""Values that are turned into floats at once: bounds both memory and the wait for a cancel."""

COPIED_BYTES = 8 << 20
"""Bytes that are copied as they are at once: some milliseconds."""

_LONGEST_VECTOR = 1 << 16


@dataclass(frozen=True)
class StoredTensor:
    """A matrix as it lies in the file.

    Attributes:
        shape: (rows, columns).
        kind: Block type, as ``dequantisation`` names it.
        block_bytes: Bytes of one block.
        raw: uint8, (rows, bytes of a row), over the file, uncopied.
    """

    shape: tuple[int, int]
    kind: str
    block_bytes: int
    raw: Tensor

    @property
    def bytes(self) -> int:
        """Bytes of it all."""
        return self.raw.numel()

    def empty_rows(self) -> QuantisedEmbedding:
        """Return a table in memory for these rows."""
        return QuantisedEmbedding(self.shape, self.kind, self.block_bytes, self.raw.shape[1])

    def chunks(self, most: int = CHUNK_VALUES) -> Iterator[tuple[int, Tensor]]:
        """Yield (first row, rows), each time ``most`` bytes or one row, until all have come."""
        rows, width = self.raw.shape
        for first, last in _spans(rows, width, most):
            yield first, self.raw[first:last]


class TensorSource(Protocol):
    """Where weights come from."""

    path: Path
    shapes: dict[str, tuple[int, ...]]
    quantisation: str
    """How most of the values are stored, ``Q4_K``."""
    file_bytes: int
    """Bytes of all tensors on disk."""

    def rows(self, name: str) -> Iterator[tuple[int, Tensor]]:
        """Yield (first row, rows) until all of the tensor ``name`` has come, as floats.

        A vector is one row after another of one value, so that it comes as (0, vector).
        """
        ...

    def stored(self, name: str) -> StoredTensor:
        """Return the matrix ``name`` as it is stored."""
        ...

    def close(self) -> None:
        """Let go of the files."""
        ...


class GgufSource:
    """The tensors of a GGUF model, in one file or several."""

    def __init__(self, files: Sequence[MappedFile], header: gguf.GgufHeader) -> None:
        self.path = header.path
        self.shapes = {name: tensor.shape for name, tensor in header.tensors.items()}
        self.file_bytes = header.tensor_bytes
        self.quantisation = _commonest(
            (tensor.type.name, tensor.bytes) for tensor in header.tensors.values()
        )
        self._files = files
        self._tensors = header.tensors

    def rows(self, name: str) -> Iterator[tuple[int, Tensor]]:
        """See :class:`TensorSource`."""
        tensor = self._tensors[name]
        count, width = _matrix(tensor.shape)
        row_bytes = tensor.bytes // count
        for first, last in _spans(count, width, CHUNK_VALUES):
            raw = self._files[tensor.part].bytes_at(
                tensor.offset + first * row_bytes, (last - first) * row_bytes
            )
            values = dequantise(raw.view(-1, tensor.type.bytes), tensor.type.name)
            yield first, values.reshape(-1, *tensor.shape[1:])

    def vector(self, name: str) -> tuple[float, ...]:
        """Return the values of a short tensor of one dimension; nothing if it is another."""
        tensor = self._tensors[name]
        if len(tensor.shape) != 1 or tensor.shape[0] > _LONGEST_VECTOR:
            return ()
        return tuple(value for _, values in self.rows(name) for value in values.float().tolist())

    def stored(self, name: str) -> StoredTensor:
        """See :class:`TensorSource`."""
        tensor = self._tensors[name]
        raw = self._files[tensor.part].bytes_at(tensor.offset, tensor.bytes)
        return _stored(tensor.shape, tensor.type.name, tensor.type.bytes, raw)

    def close(self) -> None:
        """See :class:`TensorSource`."""
        for file in self._files:
            file.close()


class FolderSource:
    """The tensors of all safetensors files of a folder."""

    def __init__(self, folder: Path, shards: Iterable[Path]) -> None:
        self.path = folder
        self._files: list[MappedFile] = []
        self._places: dict[str, tuple[MappedFile, safetensors_file.SafeTensor]] = {}
        try:
            for shard in shards:
                self._add(shard)
        except BaseException:
            self.close()
            raise
        tensors = [tensor for _, tensor in self._places.values()]
        self.shapes = {tensor.name: tensor.shape for tensor in tensors}
        self.file_bytes = sum(tensor.bytes for tensor in tensors)
        self.quantisation = _commonest((tensor.dtype, tensor.bytes) for tensor in tensors)

    def _add(self, shard: Path) -> None:
        file = MappedFile(shard)
        self._files.append(file)
        for name, tensor in safetensors_file.read_header(file).items():
            if name in self._places:
                raise bad_weights(shard, f"tensor “{shown(name)}” is also in another file")
            self._places[name] = (file, tensor)

    def rows(self, name: str) -> Iterator[tuple[int, Tensor]]:
        """See :class:`TensorSource`."""
        file, tensor = self._places[name]
        item = _item_bytes(file, tensor)
        count, width = _matrix(tensor.shape)
        row_bytes = tensor.bytes // count
        for first, last in _spans(count, width, CHUNK_VALUES):
            raw = file.bytes_at(tensor.offset + first * row_bytes, (last - first) * row_bytes)
            values = dequantise(raw.view(-1, item), tensor.dtype)
            yield first, values.reshape(-1, *tensor.shape[1:])

    def stored(self, name: str) -> StoredTensor:
        """See :class:`TensorSource`."""
        file, tensor = self._places[name]
        raw = file.bytes_at(tensor.offset, tensor.bytes)
        item = _item_bytes(file, tensor)
        return _stored(tensor.shape, tensor.dtype, item, raw)

    def close(self) -> None:
        """See :class:`TensorSource`."""
        for file in self._files:
            file.close()


def _item_bytes(file: MappedFile, tensor: safetensors_file.SafeTensor) -> int:
    if tensor.dtype not in safetensors_file.ITEM_BYTES:
        raise unsupported(file.path, f"tensor “{shown(tensor.name)}” is stored as {tensor.dtype}")
    return safetensors_file.ITEM_BYTES[tensor.dtype]


def _stored(shape: tuple[int, ...], kind: str, block_bytes: int, raw: Tensor) -> StoredTensor:
    rows, columns = shape
    return StoredTensor((rows, columns), kind, block_bytes, raw.view(rows, -1))


def _commonest(sizes: Iterable[tuple[str, int]]) -> str:
    """Return the type with most bytes."""
    total: Counter[str] = Counter()
    for kind, size in sizes:
        total[kind] += size
    return total.most_common(1)[0][0] if total else ""


def _matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return rows and values a row; a vector is read whole, so it counts as one row."""
    return (shape[0], int(torch.Size(shape[1:]).numel())) if len(shape) > 1 else (1, shape[0])


def _spans(count: int, width: int, most: int) -> Iterator[tuple[int, int]]:
    step = max(1, most // width)
    for first in range(0, count, step):
        yield first, min(first + step, count)

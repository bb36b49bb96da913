"""A GGUF model with an adapter added, as one file of its own that needs neither. Loads no model."""

from __future__ import annotations

import struct
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from studio.protocol.weights_files import parts_of
from studio.runtime.engines.text.adapters.adapted_source import AdaptedSource
from studio.runtime.engines.text.decoder.model_files import ModelFiles
from studio.runtime.engines.text.formats.gguf import (
    BLOCK_TYPES,
    BlockType,
    GgufHeader,
    GgufTensor,
    is_gguf,
    read_header,
)
from studio.runtime.engines.text.formats.load_errors import unsupported
from studio.runtime.engines.text.formats.mapped_file import MappedFile
from studio.runtime.engines.text.formats.tensor_source import COPIED_BYTES

_NUMBERS = {block.name: number for number, block in BLOCK_TYPES.items()}
_LARGEST = 127


def write_merged(files: ModelFiles, target: Path) -> Generator[float, None, None]:
    """Write an adapted model, its words and tokenizer as in its base; yield the share done.

    Changed matrices have 8 bits a weight (Q8_0), all others what they had.

    Args:
        files: What ``adapter_file.join`` returned.

    Raises:
        StudioError: ``UNSUPPORTED``: the base is a folder, or in several files.
        OSError: The disk refused.
    """
    source, path = files.source, files.path
    assert isinstance(source, AdaptedSource)
    refuse_unmergeable(path)
    with MappedFile(path) as base, target.open("wb") as file:
        header = read_header(base)
        kinds = {n: _kind(t, n in source.changed) for n, t in header.tensors.items()}
        alignment = header.metadata.get("general.alignment", 32)
        assert isinstance(alignment, int), "it was checked"
        file.write(base.data[: header.entries_at])
        _write_entries(file, header, kinds, alignment)
        total, done = sum(t.bytes for t in header.tensors.values()), 0
        for name, tensor in header.tensors.items():
            _pad(file, alignment)
            if name in source.changed:
                for _, values in source.rows(name):
                    file.write(_stored(values.float(), kinds[name]).numpy().tobytes())
                    yield done / total
            else:
                for at in range(0, tensor.bytes, COPIED_BYTES):
                    count = min(COPIED_BYTES, tensor.bytes - at)
                    file.write(base.bytes_at(tensor.offset + at, count).numpy().tobytes())
                    yield done / total
            done += tensor.bytes
        _pad(file, alignment)


def refuse_unmergeable(path: Path) -> None:
    """Raise unless a model at ``path`` can be written with an adapter added.

    Raises:
        StudioError: ``UNSUPPORTED``: it is a folder, or in several files.
    """
    if not path.is_file() or not is_gguf(path) or len(parts_of(path)) > 1:
        raise unsupported(
            path, "only a model in one GGUF file can be merged", "Keep the adapter beside it."
        )


def _kind(tensor: GgufTensor, is_changed: bool) -> BlockType:
    if not is_changed:
        return tensor.type
    return BLOCK_TYPES[_NUMBERS["F16" if tensor.shape[-1] % 32 else "Q8_0"]]


def _write_entries(
    file: BinaryIO, header: GgufHeader, kinds: dict[str, BlockType], alignment: int
) -> None:
    offset = 0
    for name, tensor in header.tensors.items():
        raw, kind = name.encode(), kinds[name]
        file.write(struct.pack("<Q", len(raw)) + raw + struct.pack("<I", len(tensor.shape)))
        file.write(struct.pack(f"<{len(tensor.shape)}Q", *tensor.shape[::-1]))
        file.write(struct.pack("<IQ", _NUMBERS[kind.name], offset))
        size = torch.Size(tensor.shape).numel() // kind.items * kind.bytes
        offset += -(-size // alignment) * alignment
    _pad(file, alignment)


def _pad(file: BinaryIO, alignment: int) -> None:
    file.write(bytes(-file.tell() % alignment))


def _stored(values: Tensor, kind: BlockType) -> Tensor:
    """Return rows of floats as the bytes of blocks, uint8."""
    if kind.name == "F16":
        return values.half().view(torch.uint8)
    blocks = values.reshape(-1, kind.items)
    scale = (blocks.abs().amax(1, keepdim=True) / _LARGEST).half()
    numbers = (blocks / scale.float().clamp_min(1e-30)).round_().clamp_(-_LARGEST, _LARGEST)
    return torch.cat([scale.view(torch.uint8), numbers.to(torch.int8).view(torch.uint8)], 1)

"""What a text engine does for those who fine-tune its model: see ``studio.api.worker.tuning``."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from studio.api.worker.text import ChatMessage
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.weights_files import parts_of
from studio.runtime.engines.text.adapters.adapted_source import AdaptedSource
from studio.runtime.engines.text.adapters.adapter_file import join, read_adapter
from studio.runtime.engines.text.adapters.trainable import TrainableNetwork, float_type
from studio.runtime.engines.text.decoder.model_files import ModelFiles
from studio.runtime.engines.text.decoder.weights_loader import load_decoder
from studio.runtime.engines.text.formats.config import KNOWN
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
    """Write an adapted model as one GGUF file of its own; yield the share done.

    Its words and tokenizer are those of its base.

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


Opened = Callable[[], ModelFiles] | None
"""Opens the files of an engine; None for one that was made of no files."""


def network(
    opened: Opened,
    device: str,
    ends: Sequence[int],
    digest: str,
    decode: Callable[[Sequence[int]], str],
) -> Generator[float, None, TrainableNetwork]:
    """Yield the share done; return the model as floats, for training adapters.

    Args:
        ends, digest, decode: As ``TextNetwork`` has them.

    Raises:
        StudioError: ``UNSUPPORTED``: transformers computes it.
    """
    with _files(opened) as files:
        if files.is_foreign:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                "This model cannot be fine-tuned: it is run by transformers.",
                f"Choose one of {KNOWN}.",
            )
        model = yield from load_decoder(
            files.source, files.names, files.config, float_type(device), device
        )
        return TrainableNetwork(model, files.names, ends, digest, decode)


def check_mergeable(opened: Opened) -> None:
    """Raise unless the model can be written with an adapter added.

    Raises:
        StudioError: ``UNSUPPORTED``: it is not in one GGUF file.
    """
    with _files(opened) as files:
        refuse_unmergeable(files.path)


def merge(opened: Opened, adapter: Path, target: Path) -> Generator[float, None, None]:
    """Yield the share done; write the model with ``adapter`` added as a GGUF file.

    Raises:
        StudioError: As ``check_mergeable``; or ``adapter`` does not fit.
        OSError: The disk refused.
    """
    check_mergeable(opened)
    found = read_adapter(adapter)
    if found is None:
        raise StudioError(ErrorCode.BAD_WEIGHTS, f"{adapter.name} is not an adapter.")
    with _files(opened) as files:
        yield from write_merged(join(files, found), target)


def _files(opened: Opened) -> ModelFiles:
    if opened is None:
        raise StudioError(ErrorCode.UNSUPPORTED, "This model was not read from files of its own.")
    return opened()


def turn_ends(
    ends: Sequence[int], rendered: Callable[[Sequence[ChatMessage]], list[int]]
) -> list[int]:
    """Return ``ends``, first the one that a conversation is written with.

    Args:
        rendered: Returns the ids of a whole conversation.
    """
    turn: list[ChatMessage] = [{"role": "user", "content": "?"}]
    turn.append({"role": "assistant", "content": "!"})
    with contextlib.suppress(StudioError):  # a template may refuse anything
        ids = rendered(turn)
        ends = [*[token for token in reversed(ids) if token in ends][:1], *ends]
    return list(dict.fromkeys(ends))

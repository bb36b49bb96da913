"""Reads Whisper as faster-whisper's packages carry it: a file of CTranslate2, version 6.

Behind the tensors of ``model.bin`` come the texts of its ``tokenizer.json`` and ``config.json``, so
that all of it is one file.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import torch
from torch import Tensor

from studio.api import open_regular

MAGIC: Final = struct.pack("<IH", 6, 12) + b"WhisperSpec\0"
_KINDS: Final[dict[int, type[np.generic]]] = {
    0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16
}  # fmt: skip
_MOST_TENSORS = 4096
_LONGEST_NAME = 256
_MOST_BYTES = 8 * 2**30
_LAYER_PARTS = {
    "self_attention/layer_norm": "own_norm",
    "self_attention/linear_0": "own.inputs",
    "self_attention/linear_1": "own.output",
    "attention/layer_norm": "memory_norm",
    "attention/linear_0": "memory.query",
    "attention/linear_1": "memory.memory",
    "attention/linear_2": "memory.output",
    "ffn/layer_norm": "norm",
    "ffn/linear_0": "widen",
    "ffn/linear_1": "narrow",
}
_PARTS = {
    "encoder/conv1": "first",
    "encoder/conv2": "second",
    "encoder/layer_norm": "encoder_norm",
    "decoder/layer_norm": "decoder_norm",
}
_WHOLE = {
    "encoder/position_encodings/encodings": "times",
    "decoder/position_encodings/encodings": "places",
    "decoder/embeddings/weight": "tokens.weight",
}
_ENDS = {"gamma": "weight", "beta": "bias", "weight": "weight", "bias": "bias"}


@dataclass(frozen=True)
class Entry:
    """Where a tensor lies in the file, in bytes from its start."""

    name: str
    shape: tuple[int, ...]
    kind: type[np.generic]
    offset: int
    bytes: int


@dataclass(frozen=True)
class Contents:
    """Header of the file, before its tensors are read.

    Attributes:
        tail: Where the texts behind the tensors begin.
    """

    entries: dict[str, Entry]
    tail: int


def is_whisper(path: Path) -> bool:
    """Whether the first bytes are those of such a file."""
    try:
        with open_regular(path) as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def contents(path: Path) -> Contents:
    """Return where each tensor lies; reads no tensor.

    Raises:
        ValueError: It is no such file, or it is incomplete.
        OSError: It cannot be read.
    """
    size = path.stat().st_size
    with open_regular(path) as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise ValueError("it is not a Whisper file of CTranslate2")
        _revision, count = _numbers(file, "<II")
        if count > _MOST_TENSORS:
            raise ValueError("it says that it has too many tensors")
        entries = {entry.name: entry for entry in (_entry(file, size) for _ in range(count))}
        (aliases,) = _numbers(file, "<I")
        if aliases > _MOST_TENSORS:
            raise ValueError("it says that it has too many names")
        for _ in range(2 * aliases):
            _name(file)
        return Contents(entries, file.tell())


def heads(path: Path, contents: Contents) -> int:
    """Return how many heads its attention has."""
    entry = contents.entries["encoder/num_heads"]
    with open_regular(path) as file:
        file.seek(entry.offset)
        return int(np.frombuffer(file.read(entry.bytes), entry.kind)[0])


def texts(path: Path, contents: Contents) -> tuple[str, dict[str, Any]]:
    """Return the tokenizer as text and the configuration.

    Raises:
        ValueError: They are not there.
    """
    with open_regular(path) as file:
        file.seek(contents.tail)
        text = file.read(64 * 2**20).decode("utf-8")
    decode = json.JSONDecoder().raw_decode
    _tokenizer, end = decode(text.lstrip())
    tokenizer, rest = text.lstrip()[:end], text.lstrip()[end:]
    config, _ = decode(rest.lstrip())
    if not isinstance(config, dict):
        raise ValueError("its configuration is none")
    return tokenizer, config


def read(path: Path, contents: Contents) -> Generator[float, None, dict[str, Tensor]]:
    """Yield the share read; return the tensors by the names of our network, in full precision.

    Raises:
        ValueError: A tensor is of a kind that is not read here.
    """
    state: dict[str, Tensor] = {}
    with open_regular(path) as file:
        for number, entry in enumerate(contents.entries.values(), 1):
            name = _ours(entry.name)
            if name is None:
                continue
            if entry.kind is not np.float32 and entry.kind is not np.float16:
                raise ValueError(f"its tensor {entry.name} is of whole numbers")
            file.seek(entry.offset)
            values = np.frombuffer(file.read(entry.bytes), entry.kind).reshape(entry.shape)
            state[name] = torch.from_numpy(values.astype(np.float32))
            yield number / len(contents.entries)
    return state


def _ours(name: str) -> str | None:
    """Return our network's name of a tensor; None for unused ones."""
    if name in _WHOLE:
        return _WHOLE[name]
    whole, _, end = name.rpartition("/")
    if end not in _ENDS:
        return None
    if whole in _PARTS:
        return f"{_PARTS[whole]}.{_ENDS[end]}"
    side, _, rest = whole.partition("/layer_")
    number, _, part = rest.partition("/")
    if side not in ("encoder", "decoder") or part not in _LAYER_PARTS:
        return None
    return f"{side}.{number}.{_LAYER_PARTS[part]}.{_ENDS[end]}"


def _entry(file: IO[bytes], size: int) -> Entry:
    name = _name(file)
    (rank,) = _numbers(file, "<B")
    shape = _numbers(file, f"<{rank}I")
    kind, length = _numbers(file, "<BI")
    if kind not in _KINDS or rank > 4 or length > _MOST_BYTES or file.tell() + length > size:
        raise ValueError("it is damaged or incomplete")
    if length != int(np.prod(shape, dtype=np.int64)) * np.dtype(_KINDS[kind]).itemsize:
        raise ValueError(f"the size of its tensor {name} is wrong")
    at = file.tell()
    file.seek(length, 1)
    return Entry(name, shape, _KINDS[kind], at, length)


def _name(file: IO[bytes]) -> str:
    (length,) = _numbers(file, "<H")
    if not 0 < length <= _LONGEST_NAME:
        raise ValueError("it is damaged")
    return file.read(length).rstrip(b"\0").decode("ascii")


def _numbers(file: IO[bytes], form: str) -> tuple[int, ...]:
    data = file.read(struct.calcsize(form))
    if len(data) < struct.calcsize(form):
        raise ValueError("it is incomplete")
    return struct.unpack(form, data)

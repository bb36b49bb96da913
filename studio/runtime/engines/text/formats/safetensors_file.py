"""safetensors headers, read more strictly than by the library. Never reads a tensor's values.

Format: https://github.com/huggingface/safetensors#format.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from studio.runtime.engines.text.formats.load_errors import bad_weights, shown, unsupported
from studio.runtime.engines.text.formats.mapped_file import MappedFile
from studio.runtime.engines.text.formats.strict_json import parse_object

MAX_HEADER_BYTES = 16 << 20
MAX_TENSORS = 100_000
MAX_NAME_LENGTH = 512
MAX_DIMENSIONS = 8

ITEM_BYTES: Mapping[str, int] = {"F32": 4, "F16": 2, "BF16": 2}
"""The types this engine reads. Others may lie in a file as long as nothing asks for them."""

_OTHER_ITEM_BYTES = {
    "F64": 8, "I64": 8, "U64": 8, "I32": 4, "U32": 4, "I16": 2, "U16": 2, "I8": 1, "U8": 1,
    "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1,
}  # fmt: skip


@dataclass(frozen=True)
class SafeTensor:
    """Where a tensor lies: ``offset`` is from the start of the file, ``bytes`` its length there."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    offset: int
    bytes: int


def read_header(file: MappedFile) -> dict[str, SafeTensor]:
    """Return the tensors of ``file`` by name.

    Raises:
        StudioError: The header is too long or broken, or does not cover the file exactly.
    """
    return read_whole_header(file)[0]


def read_whole_header(file: MappedFile) -> tuple[dict[str, SafeTensor], dict[str, str]]:
    """Return the tensors of ``file`` by name, and its metadata; see :func:`read_header`."""
    if file.size < 8:
        raise bad_weights(file.path, "it is too short for a safetensors file")
    (length,) = struct.unpack_from("<Q", file.data)
    if length > min(MAX_HEADER_BYTES, file.size - 8):
        raise bad_weights(
            file.path,
            f"its header claims {length} bytes; the limit is {MAX_HEADER_BYTES} and the file's end",
        )
    entries = parse_object(file.data[8 : 8 + length], file.path)
    told = entries.pop("__metadata__", None)
    told = told if isinstance(told, dict) else {}
    if len(entries) > MAX_TENSORS:
        raise bad_weights(file.path, f"it lists {len(entries)} tensors; the limit is {MAX_TENSORS}")
    tensors = [_tensor(file.path, name, entry, 8 + length) for name, entry in entries.items()]
    _check_coverage(file, tensors, 8 + length)
    metadata = {name: value for name, value in told.items() if isinstance(value, str)}
    return {tensor.name: tensor for tensor in tensors}, metadata


def _tensor(path: Path, name: str, entry: Any, start: int) -> SafeTensor:
    field = f"tensor “{shown(name)}”"
    if (
        not 0 < len(name) <= MAX_NAME_LENGTH
        or not name.isprintable()
        or "/" in name
        or "\\" in name
    ):
        raise bad_weights(path, f"{field} has an invalid name")
    if not isinstance(entry, dict) or not _whole_numbers(entry.get("shape"), MAX_DIMENSIONS):
        raise bad_weights(path, f"{field} has an invalid shape")
    shape, dtype = tuple(entry["shape"]), entry.get("dtype")
    span: Any = entry.get("data_offsets")
    item = ITEM_BYTES.get(str(dtype)) or _OTHER_ITEM_BYTES.get(str(dtype))
    if item is None:
        raise unsupported(path, f"{field} is stored as {shown(str(dtype))}")
    if not _whole_numbers(span, 2) or len(span) != 2:
        raise bad_weights(path, f"{field} has an invalid position in the file")
    begin, end = span
    if end - begin != math.prod(shape) * item:
        raise bad_weights(
            path, f"{field} of shape {list(shape)} cannot fill the bytes {begin} to {end}"
        )
    return SafeTensor(name, shape, str(dtype), start + begin, end - begin)


def _whole_numbers(value: Any, limit: int) -> TypeGuard[list[int]]:
    return (
        isinstance(value, list)
        and len(value) <= limit
        and all(type(item) is int and 0 <= item < 1 << 48 for item in value)
    )


def _check_coverage(file: MappedFile, tensors: list[SafeTensor], start: int) -> None:
    """Refuse holes, overlaps and bytes that belong to no tensor."""
    end = start
    for tensor in sorted(tensors, key=lambda tensor: (tensor.offset, tensor.bytes)):
        if tensor.offset != end:
            raise bad_weights(
                file.path,
                f"tensor “{shown(tensor.name)}” starts at {tensor.offset}, not at {end}",
            )
        end += tensor.bytes
    if end != file.size:
        raise bad_weights(file.path, f"its tensors end at {end}, but the file ends at {file.size}")

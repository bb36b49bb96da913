"""GGUF headers (versions 2 and 3), with a limit on every number. Never reads a tensor's values.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Every hostile or cut-short file
ends in one ``StudioError`` that names the file, the field and the limit; nothing is allocated on
the word of a header before that word was compared with the length of the file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from studio.protocol.errors import StudioError
from studio.runtime.engines.text.formats.load_errors import bad_weights, shown, unsupported
from studio.runtime.engines.text.formats.mapped_file import MappedFile

MAX_METADATA = 10_000
MAX_TENSORS = 100_000
MAX_NAME_BYTES = 65_535
MAX_STRING_BYTES = 16 << 20
MAX_ARRAY_ITEMS = 4 << 20
MAX_STRINGS_BYTES = 64 << 20
MAX_DEPTH = 4
MAX_DIMENSIONS = 4
MAX_ALIGNMENT = 1 << 16

_MAGIC = b"GGUF"
_STRING, _ARRAY = 8, 9
_SCALARS = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: struct.Struct("<I"),
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    7: struct.Struct("<?"),
    10: struct.Struct("<Q"),
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}
_U32, _U64 = _SCALARS[4], _SCALARS[10]


@dataclass(frozen=True)
class Strings:
    """An array of strings as it lies in the file, for vocabularies are long and seldom asked for.

    Attributes:
        raw: Each string's length, eight bytes, and its UTF-8.
        count: How many there are.
    """

    raw: bytes = field(repr=False)
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[str]:
        raw, unpack, end = self.raw, _U64.unpack_from, 0
        while end < len(raw):
            start = end + 8
            end = start + unpack(raw, end)[0]
            yield raw[start:end].decode(errors="replace")


Value = bool | int | float | str | Strings | tuple["Value", ...]


@dataclass(frozen=True)
class BlockType:
    """How a tensor's values are stored: ``items`` values share a block of ``bytes`` bytes."""

    name: str
    items: int
    bytes: int


BLOCK_TYPES: Mapping[int, BlockType] = {
    0: BlockType("F32", 1, 4),
    1: BlockType("F16", 1, 2),
    2: BlockType("Q4_0", 32, 18),
    3: BlockType("Q4_1", 32, 20),
    6: BlockType("Q5_0", 32, 22),
    7: BlockType("Q5_1", 32, 24),
    8: BlockType("Q8_0", 32, 34),
    10: BlockType("Q2_K", 256, 84),
    11: BlockType("Q3_K", 256, 110),
    12: BlockType("Q4_K", 256, 144),
    13: BlockType("Q5_K", 256, 176),
    14: BlockType("Q6_K", 256, 210),
    20: BlockType("IQ4_NL", 32, 18),
    23: BlockType("IQ4_XS", 256, 136),
    30: BlockType("BF16", 1, 2),
}
_UNREADABLE = {
    9: "Q8_1", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S",
    21: "IQ3_S", 22: "IQ2_S", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M",
    34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4", 41: "Q1_0",
}  # fmt: skip


@dataclass(frozen=True)
class GgufTensor:
    """Where a tensor lies.

    Attributes:
        name: Its name in the file.
        shape: Rows first (the file lists them last first).
        type: How its values are stored.
        offset: From the start of the file, in bytes.
        bytes: Length in the file.
        part: Which file of a model in several, from 0.
    """

    name: str
    shape: tuple[int, ...]
    type: BlockType
    offset: int
    bytes: int
    part: int = 0


@dataclass(frozen=True)
class GgufHeader:
    """All that a GGUF file says about itself."""

    path: Path
    version: int
    metadata: Mapping[str, Value]
    tensors: Mapping[str, GgufTensor]
    entries_at: int = 0
    """Where the list of tensors begins."""

    @property
    def tensor_bytes(self) -> int:
        """Bytes of all tensors in the file."""
        return sum(tensor.bytes for tensor in self.tensors.values())


def is_gguf(path: Path) -> bool:
    """Return whether the file's first bytes are GGUF's, whatever its name is."""
    try:
        with MappedFile(path) as file:
            return bytes(file.data[:4]) == _MAGIC
    except StudioError:
        return False


def read_header(file: MappedFile) -> GgufHeader:
    """Return the checked header of ``file``.

    Raises:
        StudioError: ``BAD_WEIGHTS`` or ``UNSUPPORTED``, naming the field and the limit.
    """
    cursor = _Cursor(file)
    version = _read_version(cursor)
    tensor_count = cursor.count("tensor count", MAX_TENSORS)
    metadata_count = cursor.count("metadata count", MAX_METADATA)
    metadata: dict[str, Value] = {}
    for _ in range(metadata_count):
        key = cursor.name("metadata key")
        if key in metadata:
            raise cursor.refuse(f"metadata key “{shown(key)}” appears twice")
        metadata[key] = cursor.value(key, cursor.integer(_U32, key), depth=0)
    entries_at = cursor.position
    entries = [_read_tensor_entry(cursor) for _ in range(tensor_count)]
    alignment = _alignment(cursor, metadata)
    start = -(-cursor.position // alignment) * alignment
    tensors = _place(cursor, entries, start, alignment)
    return GgufHeader(file.path, version, metadata, tensors, entries_at)


def _read_version(cursor: _Cursor) -> int:
    if bytes(cursor.take(4, "file type")) != _MAGIC:
        raise cursor.refuse("it is not a GGUF file (wrong magic bytes)")
    version = cursor.integer(_U32, "version")
    if version not in (2, 3):
        if version & 0xFFFF == 0:
            problem = "it is big-endian"
        else:
            problem = f"it is GGUF version {version}; only versions 2 and 3 are supported"
        raise unsupported(cursor.path, problem, "Convert it again, or choose another file.")
    return version


class _Cursor:
    """Reads forward through a header and never past the end of the file."""

    def __init__(self, file: MappedFile) -> None:
        self.path = file.path
        self.position = 0
        self.size = file.size
        self._data = file.data

    def refuse(self, problem: str) -> StudioError:
        return bad_weights(self.path, problem)

    def take(self, length: int, field: str) -> bytes:
        start, end = self.position, self.position + length
        if end > self.size:
            raise self.refuse(
                f"{field} needs {length} bytes at {start}, but the file ends at {self.size}"
            )
        self.position = end
        return self._data[start:end]

    def scalar(self, kind: struct.Struct, field: str) -> bool | int | float:
        value: bool | int | float = kind.unpack(self.take(kind.size, field))[0]
        return value

    def integer(self, kind: struct.Struct, field: str) -> int:
        return int(self.scalar(kind, field))

    def count(self, field: str, limit: int) -> int:
        value = self.integer(_U64, field)
        if value > limit:
            raise self.refuse(f"{field} is {value}; the limit is {limit}")
        return value

    def string(self, field: str, limit: int = MAX_STRING_BYTES) -> bytes:
        return self.take(self.count(f"length of {field}", limit), field)

    def name(self, field: str) -> str:
        raw = self.string(field, MAX_NAME_BYTES)
        try:
            name = raw.decode()
        except UnicodeDecodeError as error:
            raise self.refuse(f"{field} {raw[:40]!r} is not UTF-8") from error
        if not name or not name.isprintable():
            raise self.refuse(f"{field} {name[:40]!r} is empty or has control characters")
        return name

    def value(self, key: str, kind: int, depth: int) -> Value:
        field = f"metadata “{shown(key)}”"
        if kind == _STRING:
            return self.string(field).decode(errors="replace")
        if kind == _ARRAY:
            return self._array(key, field, depth + 1)
        if kind not in _SCALARS:
            raise self.refuse(f"{field} is of the unknown type {kind}")
        return self.scalar(_SCALARS[kind], field)

    def _array(self, key: str, field: str, depth: int) -> Strings | tuple[Value, ...]:
        if depth > MAX_DEPTH:
            raise self.refuse(f"{field} is nested more than {MAX_DEPTH} deep")
        kind = self.integer(_U32, field)
        length = self.count(f"array length of {field}", MAX_ARRAY_ITEMS)
        if kind == _STRING:
            return self._strings(length, field)
        if kind in _SCALARS:
            item = _SCALARS[kind]
            return struct.unpack(
                f"<{length}{item.format[1:]}", self.take(length * item.size, field)
            )
        # Every nested array costs at least its own 12-byte heading.
        if length * 12 > self.size - self.position:
            raise self.refuse(f"{field} declares {length} items, more than the file can hold")
        return tuple(self.value(key, kind, depth) for _ in range(length))

    def _strings(self, length: int, field: str) -> Strings:
        """Find the end of many short strings: the vocabulary, so this loop must be quick."""
        data, end, unpack = self._data, self.position, _U64.unpack_from
        try:
            for _ in range(length):
                end += 8 + unpack(data, end)[0]
        except (struct.error, OverflowError):  # the length itself would lie past the end
            end = self.size + 1
        if end > self.size:
            raise self.refuse(
                f"{field} ends early: one of {length} items runs past {self.size} bytes"
            )
        if end - self.position > MAX_STRINGS_BYTES:
            raise self.refuse(f"{field} is longer than {MAX_STRINGS_BYTES} bytes")
        return Strings(self.take(end - self.position, field), length)


def _read_tensor_entry(cursor: _Cursor) -> tuple[str, tuple[int, ...], int, int]:
    name = cursor.name("tensor name")
    field = f"tensor “{shown(name)}”"
    rank = cursor.integer(_U32, f"dimensions of {field}")
    if not 1 <= rank <= MAX_DIMENSIONS:
        raise cursor.refuse(f"{field} has {rank} dimensions; the limit is {MAX_DIMENSIONS}")
    sizes = tuple(cursor.integer(_U64, f"shape of {field}") for _ in range(rank))
    kind = cursor.integer(_U32, f"type of {field}")
    return name, sizes[::-1], kind, cursor.integer(_U64, f"offset of {field}")


def _alignment(cursor: _Cursor, metadata: Mapping[str, Value]) -> int:
    value = metadata.get("general.alignment", 32)
    fits = isinstance(value, int) and not isinstance(value, bool) and 8 <= value <= MAX_ALIGNMENT
    if not (fits and isinstance(value, int) and value & (value - 1) == 0):
        raise cursor.refuse(
            f"general.alignment is {value!r}; it must be a power of two up to {MAX_ALIGNMENT}"
        )
    return value


def _place(
    cursor: _Cursor,
    entries: list[tuple[str, tuple[int, ...], int, int]],
    start: int,
    alignment: int,
) -> dict[str, GgufTensor]:
    """Return the tensors by name, each inside the file and none over another."""
    tensors: dict[str, GgufTensor] = {}
    for name, shape, kind, offset in entries:
        field = f"tensor “{shown(name)}”"
        if name in tensors:
            raise cursor.refuse(f"{field} appears twice")
        block = _block_type(cursor, field, kind)
        length = _stored_bytes(cursor, field, shape, block)
        if offset % alignment:
            raise cursor.refuse(
                f"{field} starts at {offset}, which is not a multiple of {alignment}"
            )
        if start + offset + length > cursor.size:
            raise cursor.refuse(
                f"{field} needs {length} bytes at {start + offset}, but the file ends at"
                f" {cursor.size}"
            )
        tensors[name] = GgufTensor(name, shape, block, start + offset, length)
    _refuse_overlap(cursor, tensors)
    return tensors


def _block_type(cursor: _Cursor, field: str, kind: int) -> BlockType:
    if kind in BLOCK_TYPES:
        return BLOCK_TYPES[kind]
    name = _UNREADABLE.get(kind, f"number {kind}")
    known = ", ".join(block.name for block in BLOCK_TYPES.values())
    raise unsupported(
        cursor.path,
        f"{field} is stored as {name}, which this version cannot read",
        f"Choose a file with one of {known}, or update Offline Studio.",
    )


def _stored_bytes(cursor: _Cursor, field: str, shape: tuple[int, ...], block: BlockType) -> int:
    items = 1
    for size in shape:
        items *= size  # Python integers do not wrap
    if items == 0 or shape[-1] % block.items:
        raise cursor.refuse(
            f"{field} has the shape {list(shape)}; rows of {block.name} must be a multiple of"
            f" {block.items} and not empty"
        )
    return items // block.items * block.bytes


def _refuse_overlap(cursor: _Cursor, tensors: Mapping[str, GgufTensor]) -> None:
    end, before = 0, ""
    for tensor in sorted(tensors.values(), key=lambda tensor: tensor.offset):
        if tensor.offset < end:
            raise cursor.refuse(f"tensors “{shown(before)}” and “{shown(tensor.name)}” overlap")
        end, before = tensor.offset + tensor.bytes, tensor.name

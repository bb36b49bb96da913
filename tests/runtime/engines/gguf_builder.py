"""Writes GGUF files byte by byte, so that every field can lie. Independent of any reader."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

U32, I32, F32, BOOL, STRING, ARRAY, U64 = 4, 5, 6, 7, 8, 9, 10
_PACKED = {0: "<B", U32: "<I", I32: "<i", F32: "<f", BOOL: "<?", U64: "<Q"}


def text(value: str | bytes, length: int | None = None) -> bytes:
    """A string as GGUF spells it; ``length`` lies about it."""
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(raw) if length is None else length) + raw


def scalar(kind: int, value: object) -> bytes:
    """A value with its type before it."""
    body = text(value) if kind == STRING else struct.pack(_PACKED[kind], value)  # type: ignore[arg-type]
    return struct.pack("<I", kind) + body


def array(kind: int, values: list, length: int | None = None) -> bytes:
    """An array with its type before it; ``length`` lies about it."""
    items = b"".join(text(v) if kind == STRING else struct.pack(_PACKED[kind], v) for v in values)
    return struct.pack("<IIQ", ARRAY, kind, len(values) if length is None else length) + items


def tensor(name: str | bytes, sizes: tuple[int, ...], kind: int = 0, offset: int = 0) -> bytes:
    """One entry of the tensor list; ``sizes`` as in the file, the row length first."""
    shape = struct.pack(f"<I{len(sizes)}Q", len(sizes), *sizes)
    return text(name) + shape + struct.pack("<IQ", kind, offset)


@dataclass
class Gguf:
    """A file under construction. ``metadata`` maps names to ``scalar`` or ``array`` bytes."""

    metadata: list[tuple[str | bytes, bytes]] = field(default_factory=list)
    tensors: list[bytes] = field(default_factory=list)
    data: bytes = bytes(4096)
    magic: bytes = b"GGUF"
    version: int = 3
    metadata_count: int | None = None
    tensor_count: int | None = None
    alignment: int = 32

    def build(self) -> bytes:
        """The bytes of the file."""
        count = len(self.tensors) if self.tensor_count is None else self.tensor_count
        keys = len(self.metadata) if self.metadata_count is None else self.metadata_count
        head = self.magic + struct.pack("<IQQ", self.version, count, keys)
        head += b"".join(text(key) + value for key, value in self.metadata)
        head += b"".join(self.tensors)
        return head + bytes(-len(head) % self.alignment) + self.data


def in_parts(count: int = 3, **lies: int) -> dict[str, bytes]:
    """A model in ``count`` files with a tensor each, by name; ``lies`` are told by the last."""
    files = {}
    for number in range(count):
        says = {"no": number, "count": count, "tensors.count": count}
        words = [("general.architecture", scalar(STRING, "llama"))]
        if number == 0:
            words += [
                ("general.name", scalar(STRING, "Big")),
                ("llama.context_length", scalar(U32, 64)),
            ]
        if number == count - 1:
            says |= {key.replace("_", "."): value for key, value in lies.items()}
        words += [(f"split.{key}", scalar(U32, value)) for key, value in says.items()]
        file = Gguf(words, [tensor(f"w{number}", (8, 4))], bytes([number]) * 128)
        files[f"big-{number + 1:05}-of-{count:05}.gguf"] = file.build()
    return files

"""FLAC files with marks of chapters, which players such as VLC and mpv show.

Format: RFC 9639 (blocks of metadata before the sound); chapters are the comments ``CHAPTER000`` and
``CHAPTER000NAME`` that Ogg files have (https://wiki.xiph.org/Chapter_Extension).
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

MAGIC: Final = b"fLaC"
_COMMENTS, _PADDING = 4, 1
_LAST: Final = 0x80
_BLOCK: Final = 65_536
_VENDOR: Final = "Offline Studio"

Mark = tuple[str, float]
"""Title of a chapter, and the second it begins at."""


def write(sound: Path, path: Path, title: str, marks: Sequence[Mark]) -> Iterator[float]:
    """Write the recording ``sound`` to ``path`` as FLAC with marks; yield the share done.

    Raises:
        OSError: The disk refused.
    """
    import soundfile

    bare = path.with_suffix(".bare")
    with (
        soundfile.SoundFile(sound) as given,
        soundfile.SoundFile(
            bare, "w", given.samplerate, given.channels, subtype="PCM_16", format="FLAC"
        ) as output,
    ):
        while len(block := given.read(_BLOCK, dtype="int16")):
            output.write(block)
            yield 0.9 * given.tell() / given.frames
    comments = [f"TITLE={title}"]
    for number, (name, start) in enumerate(marks):
        comments += [f"CHAPTER{number:03}={_clock(start)}", f"CHAPTER{number:03}NAME={name}"]
    with bare.open("rb") as file, path.open("wb") as out:
        out.write(_head(file.read(4), _blocks(file), comments))
        yield 0.95
        shutil.copyfileobj(file, out)
    bare.unlink()


def _blocks(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield kind and content of each block of metadata; the file stands behind them then."""
    is_last = False
    while not is_last:
        kind, *size = struct.unpack("4B", file.read(4))
        is_last = bool(kind & _LAST)
        yield kind & ~_LAST, file.read(int.from_bytes(bytes(size), "big"))


def _head(magic: bytes, blocks: Iterator[tuple[int, bytes]], comments: Sequence[str]) -> bytes:
    if magic != MAGIC:
        raise OSError("libsndfile has written no FLAC file")
    others = [block for block in blocks if block[0] not in (_COMMENTS, _PADDING)]
    words = [_text(_VENDOR), struct.pack("<I", len(comments)), *map(_text, comments)]
    others.append((_COMMENTS, b"".join(words)))
    head = [MAGIC]
    for number, (kind, content) in enumerate(others, 1):
        last = _LAST if number == len(others) else 0
        head += [bytes([kind | last]), len(content).to_bytes(3, "big"), content]
    return b"".join(head)


def _text(words: str) -> bytes:
    data = words.encode()
    return struct.pack("<I", len(data)) + data


def _clock(seconds: float) -> str:
    whole = round(seconds * 1000)
    return (
        f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}"
        f".{whole % 1000:03}"
    )

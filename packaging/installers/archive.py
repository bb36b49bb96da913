"""A folder as one stream that is the same each time, and the list of what is in it.

The stream is a tar of sorted names, one owner and one time, pressed with zstd by one thread; its
first member is the list, so that who unpacks can check each file as it comes.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from zstandard import ZstdCompressor

LIST = "files.json"
CHUNK = 2**20


def entries(folder: Path) -> Iterator[Path]:
    """Yield all files, links and folders below ``folder``, sorted by their names."""
    for at, folders, files in os.walk(folder):
        folders.sort()
        links = [name for name in folders if Path(at, name).is_symlink()]
        for name in sorted([*files, *links]):
            yield Path(at, name)


def listed(folder: Path) -> dict[str, dict[str, Any]]:
    """Return path → digest and size, or where it leads to, of each file that is not the list."""
    found: dict[str, dict[str, Any]] = {}
    for path in entries(folder):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = {"link": os.readlink(path)}
        elif name != LIST:
            with path.open("rb") as handle:
                digest = hashlib.file_digest(handle, "sha256").hexdigest()
            found[name] = {"sha256": digest, "bytes": path.stat().st_size}
            if path.stat().st_mode & 0o100:
                found[name]["runs"] = True
    return found


def write_list(folder: Path) -> tuple[str, int]:
    """Write the list into the folder; return one digest for all that is in it, and its bytes."""
    files = listed(folder)
    text = json.dumps(files, indent=0, sort_keys=True)
    (folder / LIST).write_text(text + "\n", "utf-8")
    size = sum(each.get("bytes", 0) for each in files.values())
    return hashlib.sha256(text.encode()).hexdigest(), size


def write_tar(folder: Path, out: IO[bytes], epoch: int) -> None:
    """Write the folder as a tar: the list first, then all else by name.

    Args:
        folder: What is written.
        out: Where to.
        epoch: Seconds since 1970 that every member gets.
    """
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT, bufsize=CHUNK) as tar:
        made = {"."}
        names = [each for each in entries(folder) if each != folder / LIST]
        first = [folder / LIST] if (folder / LIST).exists() else []
        for path in [*first, *names]:
            name = path.relative_to(folder)
            for parent in reversed(name.parents):
                if str(parent) not in made:
                    made.add(str(parent))
                    tar.addfile(_member(f"{parent.as_posix()}/", epoch, tarfile.DIRTYPE, 0o755))
            _add(tar, path, name.as_posix(), epoch)


def _add(tar: tarfile.TarFile, path: Path, name: str, epoch: int) -> None:
    if path.is_symlink():
        member = _member(name, epoch, tarfile.SYMTYPE, 0o777)
        member.linkname = os.readlink(path)
        tar.addfile(member)
        return
    runs = path.stat().st_mode & 0o100
    member = _member(name, epoch, tarfile.REGTYPE, 0o755 if runs else 0o644)
    member.size = path.stat().st_size
    with path.open("rb") as handle:
        tar.addfile(member, handle)


def _member(name: str, epoch: int, kind: bytes, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mtime, member.type, member.mode = epoch, kind, mode
    member.uname = member.gname = "root"
    return member


def pressed(folder: Path, out: IO[bytes], epoch: int, level: int) -> None:
    """Write the folder as a tar pressed with zstd.

    Several threads write the same bytes as one would, for they share the work by its size.
    """
    press = ZstdCompressor(level=level, threads=2)
    with press.stream_writer(out, closefd=False, write_size=CHUNK) as writer:
        write_tar(folder, writer, epoch)

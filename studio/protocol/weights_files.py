"""Which files a set of weights lies in, and the digest of them all. Opens none.

A GGUF model may lie in several, as llama.cpp names them: ``NAME-00001-of-00003.gguf``. Both
processes must agree on them, so the rule is here.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

MAX_PARTS = 500
"""Files of one model: each is open while the model is, and many systems allow 1,024."""

ADAPTER_FORMAT = "text-adapter/1"
"""The entry ``format`` in the metadata of a language model's adapter."""
ADAPTER_FAMILY = "text-adapter"

_PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})(\.gguf)", re.IGNORECASE | re.DOTALL)


def parts_of(path: Path) -> list[Path]:
    """Return all files of the model that ``path`` is a file of, by names alone, in order.

    A file that its name does not make one of several is alone.
    """
    match = _PART.fullmatch(path.name)
    count = int(match[3]) if match else 1
    if match is None or not 1 <= int(match[2]) <= count <= MAX_PARTS:
        return [path]
    name, suffix = match[1], match[4]
    return [path.with_name(f"{name}-{n:05}-of-{count:05}{suffix}") for n in range(1, count + 1)]


def name_of(path: Path) -> str:
    """Return the name of the model in the file ``path``: without suffix and part number."""
    match = _PART.fullmatch(path.name)
    return match[1] if match else path.stem


def files_of(path: Path) -> list[Path]:
    """Return the files of the weights at ``path``: a folder's, all of a model's, or itself.

    Not what is hidden in a folder: where it was cloned, ``.git`` holds everything once more.
    """
    if not path.is_dir():
        return parts_of(path)
    files: list[Path] = []
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [Path(folder, name) for name in names if not name.startswith(".")]
    return sorted(file for file in files if file.is_file())


def special_file(path: Path) -> Path | None:
    """Return a pipe or device at or below ``path``: opening it may block for ever."""
    files = [path] if not path.is_dir() else [file for file in path.rglob("*") if not file.is_dir()]
    return next((file for file in files if file.exists() and not file.is_file()), None)


def resolved(path: Path) -> Path:
    """Return ``path`` without links; one of several files keeps its name, which leads to all."""
    return real(path.parent) / path.name if len(parts_of(path)) > 1 else real(path)


def real(path: Path) -> Path:
    """Return ``path`` without links; itself if they lead in a circle."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # before Python 3.13 the latter
        return path


def digest_of_all(path: Path, digests: Mapping[Path, str]) -> str:
    """Return the digest of the weights at ``path`` from those of all ``files_of`` it.

    Of several it is that of the lines ``digest  name``, sorted by name.
    """
    if not path.is_dir() and len(digests) == 1:
        return next(iter(digests.values()))
    root = path if path.is_dir() else path.parent
    lines = (f"{digests[file]}  {file.relative_to(root).as_posix()}\n" for file in sorted(digests))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def stamp(path: Path) -> str:
    """Return an identifier of the weights at ``path``: names, sizes and mtimes.

    Raises:
        OSError: A file is missing.
    """
    facts = []
    for file in files_of(path):
        now = file.stat()
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        facts.append((name, now.st_size, now.st_mtime_ns))
    return f"{path.resolve()} {facts}"

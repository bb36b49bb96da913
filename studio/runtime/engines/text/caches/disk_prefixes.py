"""Beginnings of texts on disk, so that a conversation goes on at once after a restart.

Derived from what the user wrote, so nobody else may read it; only a cache, so whatever is torn,
foreign or too old is removed, and a disk that refuses is no failure.

A beginning is cut into pieces. A piece is a safetensors file ``AFTER-OWN.safetensors``, where OWN
is the digest of AFTER and its tokens: what begins alike shares its files, and what has another
ending has one more. The folder is that of one model, computed in one way.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from studio.protocol.errors import StudioError
from studio.runtime.engines.text.caches.prefix import Prefix, common
from studio.runtime.engines.text.formats.mapped_file import MappedFile
from studio.runtime.engines.text.formats.safetensors_file import SafeTensor, read_header

log = logging.getLogger(__name__)

PIECE = 256
"""Tokens of a piece; the last one of a text may have fewer."""
MOST_BYTES = 2 << 30
"""Of all models together."""
LEAST_FREE = 4 << 30
"""Bytes that are left free on the disk."""

FORMAT = 2
"""To be raised when the decoder comes to other bits: pieces of before are of no use then."""

_SUFFIX = ".safetensors"
_WAITING = 2
"""Beginnings that may wait to be written; further ones are not."""


class DiskPrefixes:
    """The beginnings of one model's texts on disk.

    Args:
        root: Folder of all models; made when it is needed.
        model: What tells the weights and the way they are computed from all others; see
            ``caches.identity``.
        shape: (layers, kv heads, head dim).
    """

    def __init__(
        self, root: Path, model: str, shape: tuple[int, int, int], most_bytes: int = MOST_BYTES
    ) -> None:
        self._root = root
        self._model = model
        self._folder = root / _digest(model)
        self._shape = shape
        self._most_bytes = most_bytes
        self._writer = ThreadPoolExecutor(1, "parking")
        self._waiting: list[Future[None]] = []

    # --- reading --------------------------------------------------------------------------------

    def longest(self, ids: Sequence[int], is_long: bool, least: int) -> Prefix | None:
        """Return the longest beginning of ``ids`` here, if it has at least ``least`` tokens."""
        found = list(self._chain(ids, is_long))
        if sum(count for _, count in found) < least:
            return None
        parts: list[tuple[Tensor, Tensor]] = []
        tokens = 0
        for path, count in found:
            part = self._read(path, count)
            if part is None:
                break
            parts.append(part)
            tokens += count
        if tokens < least:
            return None
        for path, _ in reversed(found):  # what others follow is the newest: it goes last
            with contextlib.suppress(OSError):
                os.utime(path)
        keys, values = (torch.cat(each, dim=2) for each in zip(*parts, strict=True))
        return Prefix(ids[:tokens], keys, values, is_long)

    def _chain(self, ids: Sequence[int], is_long: bool) -> Iterator[tuple[Path, int]]:
        """Yield the pieces that ``ids`` begin with, and how many of their tokens are the same."""
        pieces = self._pieces()
        after, place = self._start(is_long), 0
        while place < len(ids):
            best, count = Path(), 0
            for path in pieces.get(after, ()):
                tokens = self._tokens(path)
                if (same := common(tokens, ids[place : place + PIECE])) > count:
                    best, count = path, same
            if not count:
                return
            yield best, count
            if count < PIECE:
                return
            after, place = _own(best), place + count

    def _pieces(self) -> dict[str, list[Path]]:
        """Return the files by what they follow; remove what is none of ours."""
        found = defaultdict(list)
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                after, dash, own = path.name.removesuffix(_SUFFIX).partition("-")
                if path.suffix == _SUFFIX and dash and len(after) == len(own) == _DIGEST_LENGTH:
                    found[after].append(path)
                elif path.suffix != ".tmp":
                    _remove(path)
        return found

    def _tokens(self, path: Path) -> list[int]:
        """Return the tokens of a piece; none, and remove it, if it is not what its name says."""
        try:
            with MappedFile(path) as file:
                tensors = self._checked(file)
                tokens = file.bytes_at(tensors["tokens"].offset, tensors["tokens"].bytes)
                found: list[int] = tokens.view(torch.int32).tolist()
        except (StudioError, OSError, ValueError, RuntimeError) as error:
            self._refuse(path, error)
            return []
        after = path.name.split("-")[0]
        if _own(path) == _digest(after, found):
            return found
        self._refuse(path, ValueError("its tokens are not those of its name"))
        return []

    def _read(self, path: Path, count: int) -> tuple[Tensor, Tensor] | None:
        """Return keys and values of the first ``count`` tokens, as views of the mapped file."""
        try:
            with MappedFile(path) as file:
                tensors = self._checked(file)
                raw = [
                    file.bytes_at(tensors[name].offset, tensors[name].bytes)
                    for name in ("keys", "values", "check")
                ]
                if int(raw[2].view(torch.int64)) != _check(raw[0], raw[1]):
                    raise ValueError("its numbers are not those that were written")
                keys, values = (each.view(torch.float32) for each in raw[:2])
                shape = tensors["keys"].shape
                return keys.view(shape)[:, :, :count], values.view(shape)[:, :, :count]
        except (StudioError, OSError, ValueError, RuntimeError) as error:
            self._refuse(path, error)
            return None

    def _checked(self, file: MappedFile) -> dict[str, SafeTensor]:
        """Return the tensors of a piece.

        Raises:
            ValueError: They are not those of this model.
        """
        tensors = read_header(file)
        if tensors.keys() != {"tokens", "keys", "values", "check"}:
            raise ValueError("it has other tensors")
        count = tensors["tokens"].shape[0] if tensors["tokens"].shape else 0
        layers, heads, width = self._shape
        expected = {
            "tokens": ("I32", (count,)),
            "keys": ("F32", (layers, heads, count, width)),
            "values": ("F32", (layers, heads, count, width)),
            "check": ("I64", (1,)),
        }
        found = {name: (tensor.dtype, tensor.shape) for name, tensor in tensors.items()}
        if found != expected or not 0 < count <= PIECE:
            raise ValueError("its tensors have other shapes")
        return tensors

    def _refuse(self, path: Path, error: Exception) -> None:
        log.warning("removing the beginning %s: %s", path.name, error)
        _remove(path)

    # --- writing --------------------------------------------------------------------------------

    def keep(self, kept: Prefix) -> None:
        """Write what is not here yet, in a thread of its own."""
        self._waiting = [each for each in self._waiting if not each.done()]
        if len(self._waiting) < _WAITING:
            self._waiting.append(self._writer.submit(self._keep, kept))

    def close(self) -> None:
        """Wait until all is written, and write no more."""
        self._writer.shutdown()

    def _keep(self, kept: Prefix) -> None:
        try:
            self._write_pieces(kept)
            _shrink(self._root, self._most_bytes)
        except OSError as error:
            log.warning("a beginning is not kept on disk: %s", error)
        except Exception:  # a bug of ours; nobody asks this thread how it went
            log.exception("a beginning is not kept on disk")

    def _write_pieces(self, kept: Prefix) -> None:
        self._folder.mkdir(0o700, parents=True, exist_ok=True)
        os.chmod(self._root, 0o700)
        for torn in self._folder.glob("*.tmp"):
            _remove(torn)
        pieces = self._pieces()
        after = self._start(kept.is_long)
        for start in range(0, len(kept.tokens), PIECE):
            piece = kept.part(start, start + PIECE)
            tokens = list(piece.tokens)
            path = self._folder / f"{after}-{_digest(after, tokens)}{_SUFFIX}"
            if path.exists():
                os.utime(path)
            elif not self._write(path, piece):
                return
            for older in pieces.get(after, ()):  # a shorter one with the same beginning
                known = self._tokens(older) if older != path else []
                if known and known == tokens[: len(known)]:
                    _remove(older)
            after = _own(path)

    def _write(self, path: Path, piece: Prefix) -> bool:
        keys, values = piece.keys.contiguous(), piece.values.contiguous()
        if shutil.disk_usage(self._root).free < LEAST_FREE + 2 * keys.nbytes:
            return False
        tensors = {
            "tokens": torch.tensor(piece.tokens, dtype=torch.int32),
            "keys": keys,
            "values": values,
            "check": torch.tensor([_check(_bytes(keys), _bytes(values))]),
        }
        handle, name = tempfile.mkstemp(dir=self._folder, suffix=".tmp")  # mode 0600
        os.close(handle)
        try:
            save_file(tensors, name)
            os.chmod(name, 0o600)
            os.replace(name, path)
        finally:
            _remove(Path(name))
        return True

    def _start(self, is_long: bool) -> str:
        return _digest(f"{FORMAT} {self._model} {is_long}")


_DIGEST_LENGTH = 32


def _digest(text: str, tokens: Sequence[int] = ()) -> str:
    raw = f"{text} {' '.join(map(str, tokens))}".encode()
    return hashlib.blake2b(raw, digest_size=_DIGEST_LENGTH // 2).hexdigest()


def _own(path: Path) -> str:
    return path.name.removesuffix(_SUFFIX).rpartition("-")[2]


def _bytes(tensor: Tensor) -> Tensor:
    return tensor.view(-1).view(torch.uint8)


def _check(*raw: Tensor) -> int:
    """Return a sum that a torn file does not have. It is no defence against people."""
    value = 0
    for each in raw:
        value = zlib.crc32(each.numpy().data, value)
    return value


def _shrink(root: Path, most_bytes: int) -> None:
    """Remove what was not used for longest until the rest fits."""
    files = [(path, path.stat()) for path in root.glob(f"*/*{_SUFFIX}")]
    total = sum(facts.st_size for _, facts in files)
    for path, facts in sorted(files, key=lambda each: each[1].st_mtime_ns):
        if total <= most_bytes:
            return
        _remove(path)
        with contextlib.suppress(OSError):  # not empty yet
            path.parent.rmdir()
        total -= facts.st_size


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()

"""Packed weights on disk, so that a second load need not pack them again.

A safetensors file a model and a way of packing. Only a cache: it is made beside and renamed, its
name is a digest of all that its bytes depend on, every tensor has a checksum, and what is torn,
foreign or refused by the disk costs no more than packing again. It is not waited for on the disk:
what a power failure leaves behind has wrong sums.

What is found is mapped and not copied, so that a load costs one look at every byte; products are
moved to better memory later (see ``kernels.memory``). Nobody but the studio writes these files, and
never into one that has its name: it would change under the model.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import struct
import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from studio.protocol.errors import StudioError
from studio.runtime.engines.text.formats.mapped_file import MappedFile
from studio.runtime.engines.text.formats.quantised_embedding import QuantisedEmbedding
from studio.runtime.engines.text.formats.safetensors_file import read_header
from studio.runtime.engines.text.kernels.packed_matrix import ALIGNMENT, LAYOUT, PackedMatrix

log = logging.getLogger(__name__)

MOST_BYTES = 16 << 30
"""Of all models together; those not loaded for longest go first."""
MOST_SHARE = 0.1
"""Of the free disk, where that is more: one large model alone may be beyond ``MOST_BYTES``."""
LEAST_FREE = 4 << 30
"""Bytes that are left free on the disk."""

_FORMAT = 4
_SUFFIX = ".safetensors"

Parts = Mapping[str, PackedMatrix | QuantisedEmbedding]
"""What is kept of a model, by the name of its module."""


class PackedCache:
    """The packed weights of one model.

    Args:
        folder: Of all models; made when it is needed.
        model: What tells the weights from all others.
        most_bytes: Of all models; 0 for as many as the disk allows.
    """

    def __init__(self, folder: Path, model: str, most_bytes: int = 0) -> None:
        self._folder = folder
        self._model = model
        self._most_bytes = most_bytes

    def fill(self, parts: Parts) -> Generator[float, None, bool]:
        """Fill ``parts``, all or none; yield the share done; return whether it was possible."""
        path = self._path(parts)
        if not path.is_file():
            return False
        try:
            with MappedFile(path) as file:
                yield from _fill(file, parts)
            os.utime(path)
        except (StudioError, OSError, ValueError, LookupError) as error:
            log.warning("kept weights are prepared again: %s", error)
            with contextlib.suppress(OSError):
                path.unlink()
            return False
        return True

    def keep(self, parts: Parts) -> Generator[float, None, None]:
        """Write ``parts``, which are full, and forget old ones; yield the share done."""
        path = self._path(parts)
        tensors = {name: part.memory for name, part in parts.items()}
        size = sum(tensor.nbytes for tensor in tensors.values())
        part = None
        try:
            self._folder.mkdir(0o700, parents=True, exist_ok=True)
            free = shutil.disk_usage(self._folder).free
            most = self._most_bytes or max(MOST_BYTES, int(MOST_SHARE * free))
            if size > most or free < size + LEAST_FREE:
                return
            self._forget(most - size)
            handle, part = tempfile.mkstemp(dir=self._folder, suffix=".part")
            done = 0
            with os.fdopen(handle, "wb") as stream:
                stream.write(_header(tensors))
                for tensor in tensors.values():
                    stream.write(tensor.numpy().data)
                    done += tensor.nbytes
                    yield done / size
            os.replace(part, path)
        except OSError as error:  # a cache: without it they are packed again
            log.warning("packed weights cannot be kept: %s", error)
        finally:
            if part is not None:
                with contextlib.suppress(OSError):
                    os.unlink(part)

    def _path(self, parts: Parts) -> Path:
        shapes = [(name, _shape(part)) for name, part in parts.items()]
        how = [_FORMAT, self._model, LAYOUT, torch.__version__, shapes]
        return self._folder / (hashlib.sha256(repr(how).encode()).hexdigest() + _SUFFIX)

    def _forget(self, most: int) -> None:
        """Remove files until the rest take at most ``most`` bytes, and what was never finished."""
        kept = []
        for file in self._folder.iterdir():
            facts = file.stat()
            kept.append((file.suffix == _SUFFIX, facts.st_mtime, facts.st_size, file))
        total = sum(size for _, _, size, _ in kept)
        for is_whole, _, size, file in sorted(kept):
            if is_whole and total <= most:
                break
            file.unlink(missing_ok=True)
            total -= size


def _shape(part: PackedMatrix | QuantisedEmbedding) -> object:
    return (part.columns, part.bands) if isinstance(part, PackedMatrix) else part.shape


def _header(tensors: Mapping[str, Tensor]) -> bytes:
    entries: dict[str, object] = {}
    end = 0
    for name, tensor in tensors.items():
        first, end = end, end + tensor.nbytes
        entries[name] = {
            "dtype": "U8",
            "shape": list(tensor.shape),
            "data_offsets": [first, end],
        }
    entries["__metadata__"] = {name: str(_sum(tensor)) for name, tensor in tensors.items()}
    text = json.dumps(entries).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    return struct.pack("<Q", len(text)) + text


def _fill(file: MappedFile, parts: Parts) -> Generator[float, None, None]:
    places, sums = read_header(file), _sums(file)
    done = 0
    for name, part in parts.items():
        memory = file.bytes_at(places[name].offset, places[name].bytes)
        if str(_sum(memory)) != sums.get(name):
            raise ValueError(f"{name} has another sum than when it was written")
        part.use(memory)
        done += part.bytes
        yield done / file.size


def _sums(file: MappedFile) -> Mapping[str, str]:
    (length,) = struct.unpack_from("<Q", file.data)
    sums = json.loads(file.data[8 : 8 + length]).get("__metadata__")
    return sums if isinstance(sums, dict) else {}


def _sum(tensor: Tensor) -> int:
    """Return the sum of the bytes, eight as one number: as fast as memory is read."""
    whole = len(tensor) // 8 * 8
    return int(tensor[:whole].view(torch.int64).sum()) + int(tensor[whole:].sum())


def parts_of(model: nn.Module) -> dict[str, PackedMatrix | QuantisedEmbedding]:
    """Return what is kept of ``model``: its packed matrices, and its embedding as it is stored.

    That comes last, where its length puts nothing else beside a multiple of ``ALIGNMENT``.
    """
    found = [(name, getattr(module, "packed", None)) for name, module in model.named_modules()]
    found += [(name, getattr(module, "stored", None)) for name, module in model.named_modules()]
    return {name: part for name, part in found if part is not None}

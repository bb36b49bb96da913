"""Memory for packed weights, on the system's large pages where it has some. Fills none.

A token reads all weights once. On pages of 4 kB, looking up where they are took as long as reading
them (a virtual machine looks twice); on pages of 2 MB it takes nothing.
"""

from __future__ import annotations

import mmap
import threading
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from studio.runtime.engines.text.kernels.packed_matrix import PackedMatrix

_PAGE = 2 << 20


def allocate(size: int) -> Tensor:
    """Return zeros: uint8, (size,). What is not written to takes no memory yet.

    Raises:
        MemoryError: The system has none.
    """
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return torch.zeros(size, dtype=torch.uint8)
    try:
        pages = mmap.mmap(-1, size + _PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        pages.madvise(mmap.MADV_HUGEPAGE)
    except OSError as error:
        raise MemoryError(f"no {size} bytes: {error}") from error
    memory = torch.frombuffer(pages, dtype=torch.uint8)  # holds the mapping
    first = -memory.data_ptr() % _PAGE
    return memory[first : first + size]


class Movable(Protocol):
    """Weights that may be held anywhere: ``PackedMatrix``, ``StoredRows``."""

    @property
    def bytes(self) -> int: ...

    @property
    def memory(self) -> Tensor: ...

    def use(self, memory: Tensor) -> None: ...


def provide(matrices: Sequence[PackedMatrix]) -> None:
    """Give all ``matrices`` places in one piece of memory."""
    for matrix, place in zip(matrices, _places(matrices), strict=True):
        matrix.use(place)


def _places(parts: Sequence[Movable]) -> tuple[Tensor, ...]:
    sizes = [part.bytes for part in parts]
    return torch.split(allocate(sum(sizes)), sizes)


class Moving(threading.Thread):
    """Moves weights from a file's pages to large ones, while they are used.

    All that lie in the file: as long as one does, all its pages count as this process's memory.
    """

    def __init__(self, parts: Sequence[Movable]) -> None:
        super().__init__(name="moving weights")
        self._parts = parts
        self._stopped = threading.Event()

    def run(self) -> None:
        try:
            places = _places(self._parts)
        except MemoryError:  # they are as good where they are, only slower
            return
        for part, place in zip(self._parts, places, strict=True):
            if self._stopped.is_set():
                return
            place.copy_(part.memory)
            part.use(place)

    def stop(self) -> None:
        """Leave the rest where they are; return when nothing is moved any more."""
        self._stopped.set()
        self.join()

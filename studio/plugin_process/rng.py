"""A job's own randomness, from the seed of its record."""

from __future__ import annotations

import contextlib
import importlib
import random
from collections.abc import Iterator
from typing import Any


class JobRng:
    """Generators seeded from ``seed``: one for numpy, one of torch for each device.

    Implements :class:`studio.api.worker.context.Rng`. The same object is returned each time, so
    that two
    parts of a task draw from one sequence.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._numpy: Any = None
        self._torch: dict[str, Any] = {}

    def torch(self, device: str = "cpu") -> Any:
        """Return the job's ``torch.Generator`` on ``device``."""
        if device not in self._torch:
            import torch

            self._torch[device] = torch.Generator(device).manual_seed(self.seed)
        return self._torch[device]

    def numpy(self) -> Any:
        """Return the job's ``numpy.random.Generator``."""
        if self._numpy is None:
            import numpy

            self._numpy = numpy.random.default_rng(self.seed)
        return self._numpy


@contextlib.contextmanager
def seeded_globals(seed: int) -> Iterator[None]:
    """Seed the generators that all threads share, and leave them as they were.

    For libraries that insist on them; no other job may draw meanwhile.
    """
    with contextlib.ExitStack() as stack:
        stack.callback(random.setstate, random.getstate())
        random.seed(seed)
        if numpy := _installed("numpy"):
            stack.callback(numpy.random.set_state, numpy.random.get_state())
            numpy.random.seed(seed % 2**32)
        if torch := _installed("torch"):
            cards = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
            stack.enter_context(torch.random.fork_rng(cards))
            torch.manual_seed(seed)
        yield


def _installed(name: str) -> Any:
    """Return a library; None where it is not there, as it may be in a plugin's own process."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None

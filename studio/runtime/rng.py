"""A job's own randomness, from the seed of its record. Never touches the shared generators."""

from __future__ import annotations

from typing import Any


class JobRng:
    """Generators seeded from ``seed``: one for numpy, one of torch for each device.

    Implements :class:`studio.api.worker.Rng`. The same object is returned each time, so that two
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

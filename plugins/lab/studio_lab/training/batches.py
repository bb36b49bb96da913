"""Rows of a data set as batches, in an order that follows from the seed and the step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from studio_lab.datasets.dataset import Dataset
from studio_lab.networks.architecture import Batch
from studio_lab.training.augmentation import augmented
from studio_lab.training.randomness import generator


class Batches:
    """A data set on a device."""

    def __init__(
        self, data: Dataset, device: str, seed: int, size: int, augmentation: str = "none"
    ) -> None:
        """``size``: rows of a batch; fewer where there are not as many to learn from."""
        self._device, self._augmentation = device, augmentation
        self._data = data
        self._rows = torch.from_numpy(data.rows).to(device)
        self._labels = torch.from_numpy(data.labels).to(device)
        self._training = torch.from_numpy(data.split.training)
        self._seed = seed
        self.size = min(size, len(self._training))
        self._order: tuple[int, Tensor] = (-1, torch.empty(0))

    @property
    def epoch_steps(self) -> float:
        """Steps in which each row is seen once."""
        return len(self._training) / self.size

    def at(self, step: int) -> Batch:
        """Return the batch of ``step``; every epoch has an order of its own."""
        count = len(self._training)
        places = range(step * self.size, (step + 1) * self.size)
        batch = self.rows(torch.stack([self._ordered(at // count)[at % count] for at in places]))
        drawn = generator(self._device, self._seed, "augmentation", step)
        return {**batch, "x": augmented(batch["x"], self._augmentation, drawn)}

    def _ordered(self, epoch: int) -> Tensor:
        if self._order[0] != epoch:
            drawn = generator("cpu", self._seed, "order", epoch)
            self._order = (
                epoch,
                self._training[torch.randperm(len(self._training), generator=drawn)],
            )
        return self._order[1]

    def rows(self, numbers: Tensor) -> Batch:
        """Return rows by number."""
        rows = self._rows[numbers]
        if self._data.shape.kind == "pictures":
            rows = rows.float() * (2 / (self._data.shape.levels - 1)) - 1
        batch = {"x": rows}
        if len(self._labels):
            batch["label"] = self._labels[numbers]
        return batch

    def held_out(self, part: str, size: int = 256, most: int = 0) -> Iterator[Batch]:
        """Yield rows of ``validation`` or ``test``, in order: the first ``most``, or all."""
        numbers = torch.from_numpy(np.asarray(getattr(self._data.split, part)))[: most or None]
        for start in range(0, len(numbers), size):
            yield self.rows(numbers[start : start + size])

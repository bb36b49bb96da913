"""A conditional variational autoencoder of tables (after Xu et al. 2019, arXiv:1907.00503).

Numbers come as normal scores, categories one-hot with a place for gaps; the class is given to both
halves, and classes are drawn as often as each other, so that a rare one is learned too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.api.worker.optimiser import eager
from studio_lab.datasets.table import Column, Table, Target
from studio_lab.tables.generators import Wanted, in_order
from studio_lab.tables.scores import NormalScores

HIDDEN = 128
LATENT = 16
STEPS = 600
BATCH = 128
RATE = 2e-3
STEPS_A_YIELD = 5


class _Network(nn.Module):
    """Encoder and decoder of two layers each.

    Args:
        width: Numbers of a row as the network sees it.
        classes: How many classes there are.
        numbers: How many of them are normal scores; the rest are categories.
    """

    def __init__(self, width: int, classes: int, numbers: int) -> None:
        super().__init__()
        self.latent = min(LATENT, max(2, width))
        self.encoder = nn.Sequential(
            nn.Linear(width + classes, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, HIDDEN), nn.SiLU(),
            nn.Linear(HIDDEN, 2 * self.latent),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Linear(self.latent + classes, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, HIDDEN),
            nn.SiLU(), nn.Linear(HIDDEN, width),
        )  # fmt: skip
        self.log_scale = nn.Parameter(torch.zeros(numbers))


class TableVae:
    """Learns all classes with one network."""

    def fit(self, table: Table, target: Target, rng: np.random.Generator) -> Iterator[None]:
        """Train for 600 steps; a few of them are a step of the job."""
        self._table, self._target = table.at(np.zeros(0, int)), target
        self._scores = NormalScores.fitted(table)
        self._categories = [column for column in table.columns if column.kind == "category"]
        self._sizes = [len(column.names) + 1 for column in self._categories]
        rows = torch.from_numpy(self._rows(table)).float()
        classes = F.one_hot(torch.from_numpy(target.labels).long(), len(target.classes)).float()
        shares = 1 / np.bincount(target.labels)[target.labels]
        shares /= shares.sum()
        source = torch.Generator().manual_seed(int(rng.integers(2**31)))
        self._network = _network(rows.shape[1], classes.shape[1], self._numbers, source)
        optimiser = eager(torch.optim.AdamW)(self._network.parameters(), RATE, weight_decay=1e-3)
        for step in range(STEPS):
            drawn = torch.from_numpy(rng.choice(len(rows), min(BATCH, 2 * len(rows)), p=shares))
            with torch.enable_grad():
                loss = self._loss(rows[drawn], classes[drawn], source)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            if step % STEPS_A_YIELD == 0:
                yield

    @property
    def _numbers(self) -> int:
        return len(self._scores.columns)

    def _rows(self, table: Table) -> np.ndarray:
        parts = [np.nan_to_num(self._scores.forward(table))]
        for column, size in zip(self._categories, self._sizes):
            values = table[column.name].values
            parts.append(np.eye(size)[np.where(np.isnan(values), size - 1, values).astype(int)])
        return np.concatenate(parts, 1)

    def _loss(self, rows: Tensor, classes: Tensor, source: torch.Generator) -> Tensor:
        """Return the negative bound, in nats a row."""
        network, numbers = self._network, self._numbers
        mean, log_variance = network.encoder(torch.cat([rows, classes], 1)).chunk(2, 1)
        log_variance = log_variance.clamp(-8, 4)
        noise = torch.randn(mean.shape, generator=source)
        latent = mean + noise * (log_variance / 2).exp()
        decoded = network.decoder(torch.cat([latent, classes], 1))
        scale = network.log_scale.clamp(-3, 2)
        errors = (rows[:, :numbers] - decoded[:, :numbers]) / scale.exp()
        loss = (errors**2 / 2 + scale).sum(1)
        for logits, truth in zip(self._split(decoded), self._split(rows)):
            loss = loss - (F.log_softmax(logits, 1) * truth).sum(1)
        divergence = (mean**2 + log_variance.exp() - 1 - log_variance).sum(1) / 2
        bound: Tensor = (loss + divergence).mean()
        return bound

    def _split(self, rows: Tensor) -> list[Tensor]:
        return list(rows[:, self._numbers :].split(self._sizes, 1)) if self._sizes else []

    def sample(self, wanted: Wanted, rng: np.random.Generator) -> tuple[Table, Target]:
        """Return rows decoded from the prior, each with the class that is wanted."""
        counts = {label: count for label, count in wanted.items() if count > 0}
        labels = np.repeat(list(counts), list(counts.values())).astype(int)
        source = torch.Generator().manual_seed(int(rng.integers(2**31)))
        with torch.inference_mode():
            classes = F.one_hot(torch.from_numpy(labels).long(), len(self._target.classes)).float()
            latent = torch.randn(len(labels), self._network.latent, generator=source)
            decoded = self._network.decoder(torch.cat([latent, classes], 1))
            spread = self._network.log_scale.clamp(-3, 2).exp()
            noise = torch.randn(len(labels), self._numbers, generator=source)
            scores = (decoded[:, : self._numbers] + noise * spread).double().numpy()
            codes = [
                torch.multinomial(logits.softmax(1), 1, generator=source)[:, 0].double().numpy()
                for logits in self._split(decoded)
            ] if len(labels) else [np.zeros(0) for _ in self._sizes]  # fmt: skip
        columns = self._scores.backward(scores, rng)
        columns += [
            _category(category, chosen) for category, chosen in zip(self._categories, codes)
        ]
        return in_order(self._table, columns), replace(self._target, labels=labels)


def _category(column: Column, codes: np.ndarray) -> Column:
    return replace(column, values=np.where(codes >= len(column.names), np.nan, codes))


def _network(width: int, classes: int, numbers: int, source: torch.Generator) -> _Network:
    """Return a network whose first weights come from ``source``, and not from the global one."""
    with torch.device("meta"):
        network = _Network(width, classes, numbers)
    network.to_empty(device="cpu")
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Linear):
                bound = module.in_features**-0.5
                module.weight.uniform_(-bound, bound, generator=source)
                module.bias.zero_()
        network.log_scale.zero_()
    return network

"""A small classifier that predicts labels without generating data."""

from __future__ import annotations

from collections.abc import Generator
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio_lab.datasets.dataset import Shape
from studio_lab.networks.architecture import Architecture, Batch, Network
from studio_lab.networks.layers import Dropout, perceptron, picture_encoder


class Classifier(Network):
    """Convolutions for pictures, a perceptron for tables, then a logit for each class."""

    has_bound: ClassVar[bool] = False
    generates: ClassVar[bool] = False

    def __init__(self, shape: Shape, width: int, dropout: float = 0.0) -> None:
        """``width``: of the hidden layers."""
        super().__init__(shape)
        if shape.kind == "pictures":
            self.body = picture_encoder(shape.channels, (shape.height, shape.width), width, width)
        else:
            self.body = perceptron(shape.columns, width, 2, width, dropout)
        self.head = nn.Sequential(nn.SiLU(), Dropout(dropout), nn.Linear(width, shape.classes))

    def logits(self, x: Tensor) -> Tensor:
        """Rows → (B, classes)."""
        logits: Tensor = self.head(self.body(x))
        return logits.float()

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """Return the mean cross-entropy of the labels."""
        return self.validation(batch, random).mean()

    def validation(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return the cross-entropy of each label, in nats."""
        return F.cross_entropy(self.logits(batch["x"]), batch["label"], reduction="none")

    def right(self, batch: Batch) -> Tensor:
        """Return which labels are the likeliest."""
        return self.logits(batch["x"]).argmax(1) == batch["label"]

    def sample(self, count: int, random: torch.Generator) -> Generator[float, None, Tensor]:
        """It makes nothing."""
        yield 1.0
        raise NotImplementedError


ARCHITECTURE = Architecture(
    name="classifier",
    title="Classifier",
    explanation=(
        "It tells the classes of a data set apart and generates nothing. Its accuracy is a "
        "baseline: on made examples it shows whether they look like their class."
    ),
    takes=("pictures", "table"),
    sizes={"small": {"width": 32}, "medium": {"width": 64}, "large": {"width": 128}},
    make=Classifier,
)

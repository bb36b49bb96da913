"""A small convolutional network that judges pictures from their pixels."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score
from torch import nn

from studio_lab.augmentation.trial import Scores
from studio_lab.datasets.dataset import Shape
from studio_lab.networks.classifier import Classifier
from studio_lab.tables.utility import average_precision
from studio_lab.training.randomness import generator

STEPS, BATCH = 200, 32
_WIDTH, _RATE, _DECAY = 16, 3e-3, 0.01

Pictures = tuple[NDArray[np.float64], NDArray[np.int_]]
"""(n, C, H, W) in 0…1, and the class of each."""


def network_scores(training: Pictures, test: Pictures, classes: int, seed: int) -> Scores:
    """Train a network from nothing, and return how well it does on the test pictures."""
    pictures, labels = training
    channels, height, width = pictures.shape[1:]
    shape = Shape("pictures", channels, height, width, classes=classes)
    with torch.device("meta"):  # first weights are drawn below: not from the global generator
        network = Classifier(shape, _WIDTH)
    network = _drawn(network.to_empty(device="cpu"), generator("cpu", seed, "judge"))
    x, y = torch.from_numpy(pictures).float() * 2 - 1, torch.from_numpy(np.asarray(labels))
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    order = generator("cpu", seed, "order of the judge")
    for step in range(STEPS):
        some = torch.randint(len(x), (min(BATCH, len(x)),), generator=order)
        for group in optimiser.param_groups:
            group["lr"] = _RATE * (1 + math.cos(math.pi * step / STEPS)) / 2
        optimiser.zero_grad()
        with torch.enable_grad():
            network.loss({"x": x[some], "label": y[some]}, order, "network").backward()
        optimiser.step()
    with torch.no_grad():
        probabilities = (
            network.eval().logits(torch.from_numpy(test[0]).float() * 2 - 1).softmax(1).numpy()
        )
    return {
        "average precision": average_precision(probabilities, np.arange(classes), test[1]),
        "balanced accuracy": float(balanced_accuracy_score(test[1], probabilities.argmax(1))),
    }


def _drawn(network: Classifier, random: torch.Generator) -> Classifier:
    """Give every layer first weights as torch does, from a generator of its own."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_uniform_(layer.weight, math.sqrt(5), generator=random)
        elif isinstance(layer, nn.GroupNorm | nn.LayerNorm | nn.BatchNorm2d):
            nn.init.ones_(layer.weight)
        if getattr(layer, "bias", None) is not None:
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # of a layer it is a tensor
    return network

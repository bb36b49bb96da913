"""What pictures and other examples are compared by. Every set of features says its name.

None are those of Inception, which no package carries: a distance in them is called neither FID nor
KID without the name of the features.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from torch import Tensor

from studio_lab.measures.distances import Vectors, flat

BATCH = 64
COMPONENTS = 64
LEAST_SPREAD = 0.25
"""Of the mean spread: a dimension is scaled as if it had so much, at least."""
_MEAN_BGR = (103.939, 116.779, 123.68)
_VGG = ("1_1", "1_2", "", "2_1", "2_2", "", "3_1", "3_2", "3_3", "", "4_1", "4_2")


@dataclass(frozen=True)
class Features:
    """A fixed function from examples to vectors, each dimension scaled by the training examples.

    Attributes:
        name: What stands behind “KID”: ``VGG-16``.
        classify: (n, …) examples → (n,) class numbers, where a classifier makes the features.
    """

    name: str
    _vectors: Callable[[NDArray[Any]], Vectors]
    _mean: Vectors
    _scale: Vectors
    classify: Callable[[NDArray[Any]], NDArray[np.int_]] | None = None

    @classmethod
    def fitted(
        cls,
        name: str,
        vectors: Callable[[NDArray[Any]], Vectors],
        training: NDArray[Any],
        classify: Callable[[NDArray[Any]], NDArray[np.int_]] | None = None,
    ) -> Features:
        """Return features whose scale is that of ``training``."""
        fitted = vectors(training)
        spread = fitted.std(0)
        # What hardly ever differs among real examples would else outweigh all others together.
        usable = np.maximum(spread, LEAST_SPREAD * float(spread.mean()) or 1.0)
        return cls(name, vectors, fitted.mean(0), usable, classify)

    def __call__(self, examples: NDArray[Any]) -> Vectors:
        """Return (n, d) features of (n, …) examples."""
        return np.asarray((self._vectors(examples) - self._mean) / self._scale)


def component_features(training: NDArray[Any]) -> Features:
    """Return the leading principal components of training examples (n, …): 64 at most."""
    rows = flat(training)
    count = max(1, min(COMPONENTS, len(rows) - 1, rows.shape[1]))
    pca = PCA(count, random_state=0).fit(rows)
    # Scaled together, not one by one: the last component is noise, and would count as the first.
    scale = float(np.sqrt(pca.explained_variance_.mean())) or 1.0

    def vectors(examples: NDArray[Any]) -> Vectors:
        return np.asarray(pca.transform(flat(examples)) / scale)

    return Features(f"{count} principal components", vectors, np.zeros(count), np.ones(count))


def vgg_features(tensors: Mapping[str, Tensor], training: NDArray[Any]) -> Features:
    """Return VGG-16 after conv4_2, averaged over each picture, (n, 512).

    Args:
        tensors: ``convN_M.weight`` and ``convN_M.bias``, as in the weights *VGG-16 features*.
        training: (n, 1 or 3, H, W) pictures in 0…1.
    """
    named = {name: tensor.float() for name, tensor in tensors.items()}

    @torch.inference_mode()
    def vectors(pictures: NDArray[Any]) -> Vectors:
        parts = torch.as_tensor(pictures, dtype=torch.float32).split(BATCH)
        return torch.cat([_vgg(named, part) for part in parts]).double().numpy()

    return Features.fitted("VGG-16", vectors, training)


def _vgg(tensors: Mapping[str, Tensor], pictures: Tensor) -> Tensor:
    side = max(pictures.shape[-2:])
    if side < 64:  # trained on large pictures, it sees nothing in small ones
        pictures = F.interpolate(pictures, scale_factor=64 / side, mode="bilinear")
    inputs = pictures.expand(-1, 3, -1, -1).flip(1) * 255 - torch.tensor(_MEAN_BGR).view(1, 3, 1, 1)
    for layer in _VGG:
        if not layer:
            inputs = F.avg_pool2d(inputs, 2)
            continue
        weight, bias = tensors[f"conv{layer}.weight"], tensors[f"conv{layer}.bias"]
        inputs = F.relu(F.conv2d(inputs, weight, bias, padding=1))
    return inputs.mean((2, 3))


def classifier_features(training: NDArray[Any], labels: NDArray[np.int_]) -> Features:
    """Return the hidden layer of a small classifier of the data's own classes, (n, 64).

    One hidden layer on the principal components, trained from a fixed seed: enough to tell modes
    apart, in seconds, and the same for all that is compared on this data.
    """
    from sklearn.neural_network import MLPClassifier

    components = component_features(training)
    network = MLPClassifier(
        (64,), max_iter=200, early_stopping=len(training) >= 200, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it could be trained further
        network.fit(components(training), labels)

    def vectors(examples: NDArray[Any]) -> Vectors:
        hidden = components(examples) @ network.coefs_[0] + network.intercepts_[0]
        return np.asarray(np.maximum(hidden, 0))

    def classify(examples: NDArray[Any]) -> NDArray[np.int_]:
        return np.asarray(network.predict(components(examples)))

    count = len(np.unique(labels))
    return Features.fitted(f"classifier of {count} classes", vectors, training, classify)

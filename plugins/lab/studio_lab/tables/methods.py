"""Ways to make rows of a table, by name. Class weights make none and are not among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from studio_lab.tables.autoencoder import TableVae
from studio_lab.tables.generators import Copula, Generator, Independent, Noise, Smote

GENERATORS: Mapping[str, Callable[[], Generator]] = {
    "smote": Smote,
    "adasyn": lambda: Smote(adaptive=True),
    "copula": Copula,
    "vae": TableVae,
    "noise": Noise,
    "independent": Independent,
}

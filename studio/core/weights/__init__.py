"""Which weights there are on this machine. Reads headers and sidecars only; loads nothing."""

from __future__ import annotations

from studio.core.weights.catalogue import WeightsCatalogue
from studio.core.weights.verify import Verification
from studio.core.weights.weights import Weights

__all__ = ["Verification", "Weights", "WeightsCatalogue"]

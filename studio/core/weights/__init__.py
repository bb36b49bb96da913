"""Which weights there are on this machine, and which can be had. Loads none into memory."""

from __future__ import annotations

from studio.core.weights.catalogue import WeightsCatalogue
from studio.core.weights.download.background import Download, Downloads
from studio.core.weights.download.offers import Offer
from studio.core.weights.verification import Verification
from studio.core.weights.weights import Weights

__all__ = ["Download", "Downloads", "Offer", "Verification", "Weights", "WeightsCatalogue"]

"""Which weights there are on this machine, and which can be had. Loads none into memory."""

from __future__ import annotations

from studio.models.catalogue import WeightsCatalogue
from studio.models.download.background import Download, Downloads
from studio.models.download.offers import Offer
from studio.models.verification import Verification
from studio.models.weights import Weights

__all__ = ["Download", "Downloads", "Offer", "Verification", "Weights", "WeightsCatalogue"]

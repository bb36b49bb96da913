"""Which weights there are on this machine, and which can be had. Loads none into memory.

Where things are:

* How weights are got that do not come along: the only two ways out: ``download/``.
* The user's own weights: ``manager.py``; ``runtime/weights_check/`` looks at a file first, in a
  small process.
"""

from __future__ import annotations

from studio.models.catalogue import WeightsCatalogue
from studio.models.download.background import Download, Downloads
from studio.models.download.offers import Offer
from studio.models.verification import Verification
from studio.models.weights import Weights

__all__ = ["Download", "Downloads", "Offer", "Verification", "Weights", "WeightsCatalogue"]

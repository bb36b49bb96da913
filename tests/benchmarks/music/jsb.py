"""The test and validation pieces of the JSB split, from their compact copy."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

COPY: Final = Path(__file__).with_name("jsb_chorales.json.gz")
"""Its source is written inside."""

Grid = NDArray[np.int64]


def read() -> dict[str, list[Grid]]:
    """Return ``test`` and ``valid``: pieces (steps, 4) of MIDI pitches, −1 for a rest."""
    data = json.loads(gzip.decompress(COPY.read_bytes()))
    return {part: [np.array(piece).T for piece in data[part]] for part in ("test", "valid")}

"""The test and validation pieces of the JSB split, from their compact copy."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from studio.api import ErrorCode, StudioError

COPY: Final = Path("tests/bench/jsb_chorales.json.gz")
"""Where the copy lies in the repository; its source is written inside."""

Grid = NDArray[np.int64]


def read(path: Path) -> dict[str, list[Grid]]:
    """Return ``test`` and ``valid``: pieces (steps, 4) of MIDI pitches, −1 for a rest."""
    data = json.loads(gzip.decompress(path.read_bytes()))
    return {part: [np.array(piece).T for piece in data[part]] for part in ("test", "valid")}


def found() -> Path:
    """Return the copy in the repository that this package lies in.

    Raises:
        StudioError: it lies in none.
    """
    for folder in Path(__file__).resolve().parents:
        if (folder / COPY).is_file():
            return folder / COPY
    raise StudioError(
        ErrorCode.UNSUPPORTED,
        f"The chorales for this benchmark are missing: {COPY}.",
        "Run it from a source checkout.",
    )

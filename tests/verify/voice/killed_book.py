"""Reads a book aloud and is killed at its third sentence; ``test_killed_book`` runs it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from plugins.voice.tests.test_speech import Session, run


class Deadly(Session):
    """The machine is gone in the midst of the third sentence."""

    def run(self, names: None, given: dict[str, Any]) -> list[np.ndarray]:
        """Say a sentence, or end all of it."""
        if len(self.given) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().run(names, given)


if __name__ == "__main__":
    book, checkpoint = sys.argv[1:]
    run("", Deadly(), document=book, file="flac", checkpoint=Path(checkpoint))

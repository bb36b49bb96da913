"""Sound fonts as weights: recognised by their first bytes. Whoever plays one opens it itself."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Final

from studio.api import ErrorCode, Requirements, StudioError, TaskContext, WeightsFacts, WeightsId
from studio_music.audio.synth import selection

FAMILY: Final = "soundfont"
_UNPACKED = 20
"""So many times its size a packed font takes in memory."""


class FontLoader:
    """The ``Loader`` of the family ``soundfont``: lends the path of a font.

    Attributes:
        family: ``soundfont``.
    """

    family = FAMILY

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return facts about the font at ``path``; None if it is no font."""
        if path.suffix.lower() not in (".sf2", ".sf3") or not selection.is_soundfont(path):
            return None
        return WeightsFacts(FAMILY, path.stem, (FAMILY,), {})

    def measure(self, path: Path) -> Requirements:
        """Return the memory that its samples take, unpacked."""
        packed = path.suffix.lower() == ".sf3"
        return Requirements(path.stat().st_size * (_UNPACKED if packed else 1), 0)

    def load(self, path: Path, device: str) -> Generator[float, None, Path]:
        """Return the path: a synthesiser reads the file by itself.

        Raises:
            StudioError: It is no sound font.
        """
        yield 1.0
        if not selection.is_soundfont(path):
            raise StudioError(
                ErrorCode.BAD_WEIGHTS, f"“{path.name}” is not a SoundFont.", "Download it again."
            )
        return path

    def unload(self, loaded: Path) -> None:
        """There is nothing to let go of."""


def loader() -> FontLoader:
    """Return the loader of this family."""
    return FontLoader()


def font_of(ctx: TaskContext, weights: WeightsId | None) -> Path | None:
    """Return the file of the sound font that a task was given; None if it was given none."""
    return ctx.weights_path(weights) if weights else None

"""Parameters of ``music.open``."""

from __future__ import annotations

from typing import Annotated

from studio.api import File, Label, Params
from studio_music.schema.fields import SCORE_SUFFIXES


class Open(Params, frozen=True):
    """A file to read."""

    file: Annotated[str, File(SCORE_SUFFIXES), Label("File", "MIDI, MusicXML or ABC.")]

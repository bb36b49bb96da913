"""Helpers for tasks that hand over weights: id, card as text, report of a full disk."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from studio.api import ErrorCode, StudioError


def weights_id(name: str, path: Path) -> str:
    """Return the id of a file: its name in plain letters, and the beginning of its digest."""
    plain = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"{plain}-{hashlib.sha256(path.read_bytes()).hexdigest()[:6]}"


def card_text(card: Mapping[str, Any], notes: Sequence[str] = ()) -> str:
    """Return a card as a terminal shows it: a line each, of samples the verdict alone."""
    lines = []
    for name, value in card.items():
        if name == "measures":
            lines += [f"{key.replace('_', ' ')}: {figure:.5g}" for key, figure in value.items()]
        else:
            text = value["sentence"] if name == "samples" else value
            lines.append(f"{name.replace('_', ' ')}: {text}")
    return "\n".join([*lines, *(f"note: {note}" for note in notes)])


@contextmanager
def full_disk_told(what: str) -> Iterator[None]:
    """Turn a disk that refuses into a sentence about ``what``, such as “The trained model”.

    Raises:
        StudioError: ``DISK_FULL``.
    """
    try:
        yield
    except OSError as error:
        raise StudioError(
            ErrorCode.DISK_FULL,
            f"{what} could not be written: {error.strerror or error}.",
            "Free up disk space and run it again: it continues from the last checkpoint.",
        ) from error

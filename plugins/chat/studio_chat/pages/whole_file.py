"""Files that a person names, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from studio.api import BadInput
from studio.api.window.language import tr


def write(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically.

    Raises:
        BadInput: The disk refused.
    """
    write_by(path, lambda part: part.write_bytes(data))


def write_by(path: Path, put: Callable[[Path], object]) -> None:
    """Let ``put`` write a file beside ``path``, then give it that name.

    Raises:
        BadInput: The disk refused.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        put(part)
        os.replace(part, path)
    except OSError as error:
        words = tr("{name} cannot be written: {why}.")
        why = error.strerror or str(error)
        raise BadInput(
            words.format(name=path.name, why=why), tr("Choose another place.")
        ) from error
    finally:
        part.unlink(missing_ok=True)

"""The JSON that lies beside weights, written by others: read within bounds, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from studio.api.errors import ErrorCode, StudioError
from studio.api.stability import since
from studio.protocol.regular_file import open_regular

MAX_BYTES: Final = 1 << 20
"""Of a config; a vocabulary may be larger."""


@since("1.1")
def read_json(path: Path, limit: int = MAX_BYTES) -> dict[str, Any]:
    """Return the object in a JSON file of a model folder.

    Args:
        limit: In bytes.

    Raises:
        StudioError: There is none, or it is too large or broken; names folder and file.
    """
    where = f"{path.parent.name}/{path.name}"
    try:
        with open_regular(path) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise broken(where, f"it is larger than {limit >> 20} MiB")
        value = json.loads(data.decode("utf-8"))
    except FileNotFoundError as error:
        raise broken(where, "it is missing") from error
    except (OSError, ValueError, RecursionError) as error:
        raise broken(where, f"it cannot be read ({str(error)[:200]})") from error
    if not isinstance(value, dict):
        raise broken(where, "it is not a JSON object")
    return value


@since("1.1")
def broken(name: str, why: str) -> StudioError:
    """Return the error to raise for weights of others that cannot be used as they are."""
    return StudioError(
        ErrorCode.BAD_WEIGHTS, f"“{name}” cannot be used: {why}.", "Download it again."
    )

"""JSON files of a model folder, read with limits: size, depth, each key once, real numbers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from studio.runtime.engines.text.formats.load_errors import bad_weights, shown
from studio.runtime.engines.text.formats.mapped_file import MappedFile


def read_object(path: Path, limit: int) -> dict[str, Any]:
    """Return the JSON object in ``path``, a file of at most ``limit`` bytes.

    Raises:
        StudioError: The file is missing, too long, no JSON, or not an object.
    """
    return parse_object(read_bytes(path, limit), path)


def read_bytes(path: Path, limit: int) -> bytes:
    """Return the bytes of ``path``, a file of at most ``limit`` of them.

    Raises:
        StudioError: The file is missing or too long.
    """
    with MappedFile(path) as file:
        if file.size > limit:
            raise bad_weights(path, f"it is {file.size} bytes long; the limit is {limit}")
        return bytes(file.data)


def parse_object(text: bytes, path: Path) -> dict[str, Any]:
    """Return the JSON object that ``text``, a part of ``path``, spells.

    Raises:
        StudioError: It is no JSON object, has a key twice, or a number that is none.
    """
    try:
        value = json.loads(
            text.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise bad_weights(path, f"its JSON is invalid ({shown(reason)})") from error
    if not isinstance(value, dict):
        raise bad_weights(path, "its JSON is not an object")
    return value


def positive_integer(
    values: Mapping[str, Any], key: str, limit: int, path: Path, default: int | None = None
) -> int:
    """Return ``values[key]``, a whole number from 1 to ``limit``; ``default`` where there is none.

    Raises:
        StudioError: It is missing without a default, of another type, or out of bounds.
    """
    value = values.get(key)
    if value is None:
        value = default
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= limit:
        raise bad_weights(
            path, f"{key} is {_brief(value)}; it must be a whole number from 1 to {limit}"
        )
    return value


def positive_number(
    values: Mapping[str, Any], key: str, limit: float, path: Path, default: float | None = None
) -> float:
    """Return ``values[key]``, a number above 0, up to ``limit``; ``default`` where there is none.

    Raises:
        StudioError: It is missing without a default, of another type, or out of bounds.
    """
    value = values.get(key)
    if value is None:
        value = default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= limit:
        raise bad_weights(
            path, f"{key} is {_brief(value)}; it must be a number above 0 and up to {limit:g}"
        )
    return float(value)


def _brief(value: object) -> str:
    return "missing" if value is None else shown(repr(value)[:60])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        [(key, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {key[:60]!r} appears twice")
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")

"""Names a run of a task by content: two runs with one fingerprint were asked for the same.

The names of weights, and where they lie, have no part in it; their bytes do. So have those of the
plugin, and of what was handed in. Not the device, nor the libraries that compute.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec


def fingerprint(
    task: str,
    params: Mapping[str, Any],
    *,
    seed: int | None = None,
    inputs: Mapping[str, str] | None = None,
    weights: Mapping[str, str] | None = None,
    plugin: str = "",
) -> str:
    """Return a digest that is equal for runs with equal requests.

    Args:
        params: Complete plain data: defaults filled in, the seed drawn, the weights named.
        seed: Of the run; None where nobody has drawn it, and none is to tell two runs apart.
        inputs: Name of the input → SHA-256 of its bytes.
        weights: Id of the weights → SHA-256, of all that ``params`` names or the task uses. An id
            that is not among them stands for itself.
        plugin: ``Plugin.digest`` of the plugin that the task is of.

    Returns:
        A SHA-256, hexadecimal.
    """
    used = dict(weights or {})
    content = (
        task,
        plugin,
        seed,
        by_content(params, used),
        dict(inputs or {}),
        sorted(used.values()),
    )
    return hashlib.sha256(msgspec.msgpack.encode(content, order="sorted")).hexdigest()


def by_content(value: Any, weights: Mapping[str, str]) -> Any:
    """Return plain data in which the ids of ``weights`` are replaced by their digests."""
    if isinstance(value, str):
        return {"sha256": weights[value]} if value in weights else value
    if isinstance(value, Mapping):
        return {str(key): by_content(item, weights) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [by_content(item, weights) for item in value]
    return value

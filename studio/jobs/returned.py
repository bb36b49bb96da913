"""Digests of a task's return value, to compare runs that made no artifact."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

MOST = 64
"""Keys that are told apart; what is under the others has one digest."""
LONGEST = 80
_OTHERS = "…"


def digests(result: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, str]:
    """Return result key, or text channel → SHA-256 of the value.

    They do not reveal the values. Measured times (``seconds``, ``tokens_per_second``) are
    left out: they differ each time.

    Args:
        texts: The text output of the task, by channel.
    """
    written = {f"text {channel}".strip(): text for channel, text in texts.items() if text}
    values = {str(key)[:LONGEST]: value for key, value in _untimed(result).items()} | written
    names = sorted(values)
    hashed = {name: _digest(values[name]) for name in names[:MOST]}
    if names[MOST:]:
        hashed[_OTHERS] = _digest([(name, values[name]) for name in names[MOST:]])
    return hashed


def _untimed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _untimed(item) for key, item in value.items() if "second" not in str(key).lower()
        }
    if isinstance(value, list | tuple):
        return [_untimed(item) for item in value]
    return value


def _digest(value: Any) -> str:
    return hashlib.sha256(msgspec.msgpack.encode(value, order="sorted")).hexdigest()

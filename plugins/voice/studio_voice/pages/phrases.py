"""The words that several parts of the page share."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Return "1:02:03", or "2:03"."""
    whole = int(seconds)
    minutes = f"{whole // 60 % 60}:{whole % 60:02}"
    return f"{whole // 3600}:{minutes:0>5}" if whole >= 3600 else minutes

"""Schema that raises when it is imported."""

from __future__ import annotations

raise KeyError("no schema today")

"""Window half that raises when it is imported."""

from __future__ import annotations

raise RuntimeError("no window today")

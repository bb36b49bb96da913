"""Window half of a plugin for tests; harmless."""

from __future__ import annotations

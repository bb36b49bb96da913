"""Parameters of a plugin for tests."""

from __future__ import annotations

from studio.api import Params


class Nothing(Params):
    """No parameters."""

"""Schemas of plugins that run in their own process: frozen there, thawed here."""

from __future__ import annotations

from studio.api.frozen_schema import freeze, thaw

__all__ = ["freeze", "thaw"]

"""A folder that is open, and a window."""

from __future__ import annotations

from plugins.code.tests.pages.dock.conftest import desk

__all__ = ["desk"]

"""The page of code with a model that completes."""

from __future__ import annotations

from plugins.code.tests.pages.editor.conftest import desk

__all__ = ["desk"]

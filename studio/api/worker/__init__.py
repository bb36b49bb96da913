"""API for the worker half of a plugin: context, engines, constraints, tensors, benches."""

from __future__ import annotations

import importlib
from typing import Any

from studio.api.stability import CONTEXT, WORKER, tell_moved


def __getattr__(name: str) -> Any:
    """Find the names that were here before they were put into a module."""
    if not name.startswith("__"):
        context = importlib.import_module(CONTEXT)
        if hasattr(context, name):
            tell_moved(WORKER, CONTEXT)
            return getattr(context, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Stability of API names: version of introduction, and deprecation.

Within a major version nothing is removed (``tests/unit/api/test_surface.py``); a deprecated name
logs a warning once, and is removed in the next major version.
"""

from __future__ import annotations

import functools
import importlib
import logging
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import Any, ParamSpec, TypeVar

Marked = TypeVar("Marked")
Given = ParamSpec("Given")
Returned = TypeVar("Returned")

MOVED = {
    "studio.api.bench": "studio.api.worker.bench",
    "studio.api.bm25": "studio.api.worker.bm25",
    "studio.api.chores": "studio.api.window.work_queue",
    "studio.api.constraint": "studio.api.worker.constraint",
    "studio.api.conversations": "studio.api.window.conversations",
    "studio.api.embedding": "studio.api.worker.embedding",
    "studio.api.gui": "studio.api.window.context",
    "studio.api.library": "studio.api.window.library",
    "studio.api.plain_text": "studio.api.clean_text",
    "studio.api.steps": "studio.api.worker.generators",
    "studio.api.tensor_files": "studio.api.worker.tensor_files",
    "studio.api.text": "studio.api.worker.text",
    "studio.api.ui": "studio.api.window.ui",
}
"""Module of early plugins → where its names are now. They go with the next major version."""
WORKER, CONTEXT = "studio.api.worker", "studio.api.worker.context"
"""The second was a module of the name of the first."""
_log = logging.getLogger("studio.api")
_told: set[tuple[str, str]] = set()


def since(version: str) -> Callable[[Marked], Marked]:
    """Say in the reference since which version of the API a class or function is there."""

    def mark(named: Marked) -> Marked:
        vars_of: Any = named
        vars_of.__since__ = version
        return named

    return mark


def deprecated(
    version: str, instead: str
) -> Callable[[Callable[Given, Returned]], Callable[Given, Returned]]:
    """Say in the reference, and once for each plugin in the log, that a function will go.

    Args:
        version: Since which version of the API it is no longer wanted.
        instead: What to do instead, as a sentence.
    """

    def mark(function: Callable[Given, Returned]) -> Callable[Given, Returned]:
        @functools.wraps(function)
        def told(*args: Given.args, **kwargs: Given.kwargs) -> Returned:
            caller = str(sys._getframe(1).f_globals.get("__name__", "?")).partition(".")[0]
            key = (caller, function.__qualname__)
            if key not in _told:
                _told.add(key)
                name = function.__qualname__
                _log.warning("%s uses %s, deprecated since %s: %s", caller, name, version, instead)
            return function(*args, **kwargs)

        vars_of: Any = told
        vars_of.__deprecated__ = f"Deprecated since {version}: {instead}"
        return told

    return mark


class MovedModules(MetaPathFinder, Loader):
    """Finds the modules of the API by their old names, after all others; says so in the log."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module that is elsewhere now."""
        return ModuleSpec(fullname, self) if fullname in MOVED else None

    def create_module(self, spec: ModuleSpec) -> None:
        """Let Python make the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Give it the names that its place has."""
        here = MOVED[module.__name__]
        tell_moved(module.__name__, here)
        public = vars(importlib.import_module(here)).items()
        module.__dict__.update((name, what) for name, what in public if not name.startswith("__"))


def tell_moved(old: str, here: str) -> None:
    """Say once for each plugin in the log that a module is called otherwise now."""
    frame = sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith(
        ("importlib", "studio.")
    ):
        frame = frame.f_back
    caller = str(frame.f_globals.get("__name__", "?")).partition(".")[0]
    if (caller, old) not in _told:
        _told.add((caller, old))
        _log.warning("%s imports %s, which is called %s since 1.1", caller, old, here)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))


sys.meta_path.append(MovedModules())

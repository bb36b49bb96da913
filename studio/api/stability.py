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
RENAMED = {
    "studio.api.told": "translated",
    "studio.api.worker.sentence.told": "translated",
    "studio.api.KeptResults": "PageResults",
    "studio.api.results.KeptResults": "PageResults",
    "studio.api.worker.tensor_files.damage_told": "damage_reported",
    "studio.api.runs.RunController.on_made": "on_result",
    "studio.api.window.context.UsedSettings.asked": "prompt",
    "studio.api.window.library.LibraryView.made_in": "results_of",
    "studio.api.window.tools.Tool.told": "model_schema",
    "studio.api.kit.Kit.save_as(said)": "done",
    "studio.api.worker.tools.CallReader(known)": "tools",
    "studio.testing.plugins.found_in": "plugins_in",
    "studio.testing.plugins.run_task(kept)": "intermediates",
}
"""Former name → name since 1.1; an argument stands in brackets. They warn, and go with 2.0."""
WORKER, CONTEXT = "studio.api.worker", "studio.api.worker.context"
"""The second was a module of the name of the first."""
_log = logging.getLogger("studio.api")
_warned: set[tuple[str, str]] = set()


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
        def warned(*args: Given.args, **kwargs: Given.kwargs) -> Returned:
            _warn(sys._getframe(1), function.__qualname__, version, instead)
            return function(*args, **kwargs)

        vars_of: Any = warned
        vars_of.__deprecated__ = f"Deprecated since {version}: {instead}"
        return warned

    return mark


def former_names(module: str) -> Callable[[str], Any]:
    """Return a module's ``__getattr__``, which finds and warns of former names in ``RENAMED``."""

    def find(name: str) -> Any:
        new = RENAMED.get(f"{module}.{name}")
        if new is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
        _warn(_importer(sys._getframe(1)), f"{module}.{name}", "1.1", f"Use {new}.")
        return getattr(sys.modules[module], new)

    return find


def former_methods(of: str) -> Callable[[type[Marked]], type[Marked]]:
    """Give a class the former names of its methods in ``RENAMED``, which warn.

    Args:
        of: Path of the class, or of the protocol that the class implements.
    """

    def add(cls: type[Marked]) -> type[Marked]:
        for old, new in _parts_of(f"{of}."):
            setattr(
                cls, old, deprecated("1.1", f"Use {new}.")(_forwarded(f"{cls.__name__}.{old}", new))
            )
        return cls

    return add


def _forwarded(old: str, new: str) -> Callable[..., Any]:
    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(self, new)(*args, **kwargs)

    forward.__name__ = forward.__qualname__ = old
    return forward


def former_arguments(
    of: str,
) -> Callable[[Callable[Given, Returned]], Callable[Given, Returned]]:
    """Let a function take the former names of its arguments in ``RENAMED``, with a warning."""

    def mark(function: Callable[Given, Returned]) -> Callable[Given, Returned]:
        renamed = [(old.removesuffix(")"), new) for old, new in _parts_of(f"{of}(")]

        @functools.wraps(function)
        def renaming(*args: Given.args, **kwargs: Given.kwargs) -> Returned:
            for old, new in renamed:
                if old in kwargs:
                    _warn(sys._getframe(1), f"{of.rpartition('.')[2]}({old}=)", "1.1", f"{new}=")
                    kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return renaming

    return mark


def _parts_of(path: str) -> list[tuple[str, str]]:
    return [(old.removeprefix(path), new) for old, new in RENAMED.items() if old.startswith(path)]


def _warn(frame: FrameType, name: str, version: str, instead: str) -> None:
    """Log once for each plugin that it uses a name that will go."""
    caller = _module(frame).partition(".")[0]
    if (caller, name) not in _warned:
        _warned.add((caller, name))
        _log.warning("%s uses %s, deprecated since %s: %s", caller, name, version, instead)


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
    caller = _module(_importer(sys._getframe(1))).partition(".")[0]
    if (caller, old) not in _warned:
        _warned.add((caller, old))
        _log.warning("%s imports %s, which is called %s since 1.1", caller, old, here)


def _importer(frame: FrameType) -> FrameType:
    """Return the frame that imports: the first that is neither Python's own nor the studio's."""
    while frame.f_back and _module(frame).startswith(("importlib", "studio.")):
        frame = frame.f_back
    return frame


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))


sys.meta_path.append(MovedModules())

"""What a name of the API promises: since when it is there, and whether it will go.

Within a major version nothing is taken away (``tests/unit/api/test_surface.py``); what is no longer
wanted is marked, says so once in the log, and goes with the next major version.
"""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

Marked = TypeVar("Marked")
Given = ParamSpec("Given")
Returned = TypeVar("Returned")

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

"""Keeps the interpreter from being ended by a slot. Decides nothing about who tried.

Where a slot or an event handler raises ``SystemExit``, Qt's binding prints it, and printing that
exception ends the process then and there: no hook is asked. While this guard stands, what calls
itself ``SystemExit`` is another exception, which everything that catches it by name still catches,
and which otherwise reaches ``sys.excepthook`` like any other.
"""

from __future__ import annotations

import builtins
import sys
from typing import NoReturn


class ExitAttempt(Exception):
    """Somebody wanted to end the studio from inside.

    Attributes:
        code: The exit code it asked for.
    """

    def __init__(self, code: object = None) -> None:
        super().__init__(code)
        self.code = code


class ExitGuard:
    """Stands from its making until ``close``."""

    def __init__(self) -> None:
        self._before = builtins.SystemExit, sys.exit
        _set(ExitAttempt, _refuse)

    def close(self) -> None:
        """Leave the interpreter as it was."""
        _set(*self._before)


def _refuse(code: object = None, /) -> NoReturn:
    raise ExitAttempt(code)


def _set(kind: type[BaseException], leave: object) -> None:
    vars(builtins)["SystemExit"] = kind
    vars(sys)["exit"] = leave

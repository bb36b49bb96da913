"""The result of a doctor's check. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    FINE = "fine"
    WARNING = "warning"
    """Something is missing, but the studio works."""
    PROBLEM = "problem"


@dataclass
class CheckResult:
    """One sentence about the machine, and how to cure it where that is needed."""

    level: Level
    message: str
    cure: str = ""
    check: str = ""


def fine(message: str) -> CheckResult:
    """All is well."""
    return CheckResult(Level.FINE, message)


def warning(message: str, cure: str) -> CheckResult:
    """The studio works, but not all of it."""
    return CheckResult(Level.WARNING, message, cure)


def problem(message: str, cure: str) -> CheckResult:
    """Something does not work."""
    return CheckResult(Level.PROBLEM, message, cure)

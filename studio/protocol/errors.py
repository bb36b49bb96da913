"""Errors that may cross a process border or reach a person.

Holds no policy about how they are shown.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class ErrorCode(StrEnum):
    """Why something could not be done. The code decides icon and action, never the words."""

    BAD_INPUT = "BAD_INPUT"
    NOT_FOUND = "NOT_FOUND"
    UNSUPPORTED = "UNSUPPORTED"
    BAD_WEIGHTS = "BAD_WEIGHTS"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    CONTEXT_TOO_LONG = "CONTEXT_TOO_LONG"
    DISK_FULL = "DISK_FULL"
    READ_ONLY = "READ_ONLY"
    PERMISSION = "PERMISSION"
    BUSY = "BUSY"
    NO_DEVICE = "NO_DEVICE"
    PLUGIN_FAILED = "PLUGIN_FAILED"
    PROTOCOL = "PROTOCOL"
    RUNTIME_LOST = "RUNTIME_LOST"
    INTERNAL = "INTERNAL"


class ErrorInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error as data: one sentence on the failure and its cause, one on the remedy.

    Attributes:
        code: The sort of failure.
        message: The failure and its cause, in plain words.
        hint: The remedy; empty if there is none.
        details: For the "copy report" button only (a traceback, log lines); never shown by itself.
        plugin: The id of the plugin at fault, where one is.
    """

    code: ErrorCode
    message: str
    hint: str = ""
    details: str = ""
    plugin: str = ""


class StudioError(Exception):
    """An expected failure, in plain words. Any other exception is a bug."""

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        hint: str = "",
        details: str = "",
        plugin: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = details
        self.plugin = plugin

    def info(self) -> ErrorInfo:
        """Return the error as a message that may cross the link; of its texts just the words."""
        return ErrorInfo(
            self.code, str(self.message), str(self.hint), str(self.details), self.plugin
        )

    @classmethod
    def from_info(cls, info: ErrorInfo) -> StudioError:
        """Return the exception that a received ``info`` stands for."""
        return cls(info.code, info.message, info.hint, info.details, info.plugin)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class Cancelled(BaseException):
    """The user stopped the job.

    Not an error, and not an ``Exception``: no ``except Exception`` may eat it.
    """


def brief(error: BaseException) -> str:
    """Return the kind of error and its first line, at most 200 characters."""
    try:
        first = next(iter(str(error).splitlines()), "")
    except Exception:  # noqa: BLE001 - an exception of a plugin may fail to describe itself
        first = ""
    text = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return text[:200].rstrip(". ")

"""The meanings of the exit codes of ``studio``. Documented in ``studio --help``."""

from __future__ import annotations

from enum import IntEnum

from studio.protocol.errors import ErrorCode


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    BUG = 1
    BAD_INPUT = 2
    NOT_FOUND = 3
    CANCELLED = 4
    FAILED = 5
    RUNTIME_LOST = 6
    CANNOT_SAVE = 7
    PROBLEMS = 8
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """One line for ``--help``."""
        return _MEANINGS[self]

    @classmethod
    def of(cls, code: ErrorCode) -> ExitCode:
        """Return the exit code that stands for an error."""
        return _OF_ERRORS.get(code, cls.FAILED)


_MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.BUG: "internal error; see the log",
    ExitCode.BAD_INPUT: "invalid input",
    ExitCode.NOT_FOUND: "no such task, model, plugin or result, or a machine cannot be reached",
    ExitCode.CANCELLED: "the job was stopped",
    ExitCode.FAILED: "the job failed",
    ExitCode.RUNTIME_LOST: "the runtime stopped unexpectedly",
    ExitCode.CANNOT_SAVE: "the disk is full or read-only, or access was refused, also by a machine",
    ExitCode.PROBLEMS: "`doctor` or `verify` found a problem, or `rerun` a difference",
    ExitCode.INTERRUPTED: "Ctrl+C was pressed",
}

_OF_ERRORS = {
    ErrorCode.BAD_INPUT: ExitCode.BAD_INPUT,
    ErrorCode.CONTEXT_TOO_LONG: ExitCode.BAD_INPUT,
    ErrorCode.NOT_FOUND: ExitCode.NOT_FOUND,
    ErrorCode.RUNTIME_LOST: ExitCode.RUNTIME_LOST,
    ErrorCode.DISK_FULL: ExitCode.CANNOT_SAVE,
    ErrorCode.READ_ONLY: ExitCode.CANNOT_SAVE,
    ErrorCode.PERMISSION: ExitCode.CANNOT_SAVE,
    ErrorCode.INTERNAL: ExitCode.FAILED,
}

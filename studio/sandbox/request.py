"""Is a request well formed? Checked before anything is started. Changes nothing."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import PurePosixPath

from studio.api.sandbox import SandboxLimits, SandboxRequest
from studio.protocol.errors import ErrorCode, StudioError

MOST_FILES, LONGEST_NAME = 2000, 200


def check(request: SandboxRequest) -> None:
    """Look at every part of a request.

    Raises:
        StudioError: ``BAD_INPUT``, with what is wrong.
    """
    if not request.command or not request.command[0] or "/" in request.command[0]:
        raise _bad("the command must begin with the name of a program")
    if any("\0" in word for word in request.command):
        raise _bad("the command contains a null character")
    if len(request.files) > MOST_FILES:
        raise _bad(f"there are more than {MOST_FILES} files")
    for name in request.files:
        _check_name(name)
    _check_limits(request.limits)
    size = sum(map(len, request.files.values()))
    if size > request.limits.scratch_bytes:
        raise _bad(
            f"its files have {size} bytes, but the scratch folder holds only "
            f"{request.limits.scratch_bytes}"
        )


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    is_plain = str(path) == name and not path.is_absolute() and path.parts
    if not is_plain or ".." in path.parts or not name.isprintable() or len(name) > LONGEST_NAME:
        raise _bad(f"{name[:LONGEST_NAME]!r} is not a plain relative path")


def _check_limits(limits: SandboxLimits) -> None:
    for field in fields(limits):
        value = getattr(limits, field.name)
        if not math.isfinite(value) or value <= 0:
            raise _bad(f"the limit {field.name} must be above 0")


def _bad(why: str) -> StudioError:
    return StudioError(
        ErrorCode.BAD_INPUT,
        f"This cannot be run in the sandbox: {why}.",
        "Change it and try again.",
    )

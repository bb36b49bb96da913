"""Errors of a plugin, described in its own process, which knows their types."""

from __future__ import annotations

import sys
import traceback

from studio.protocol.errors import ErrorCode, ErrorInfo, StudioError, brief

MOST_DETAILS = 50_000
_HINT = "Try again. If it happens again, copy the report and send it to the plugin's author."


def as_info(error: BaseException, plugin: str, where: str) -> ErrorInfo:
    """Return ``error`` as data; an unexpected one is a bug of ``plugin``."""
    details = "".join(traceback.format_exception(error))[-MOST_DETAILS:]
    if isinstance(error, StudioError):
        return error.info()
    if is_out_of_memory(error):
        return ErrorInfo(
            ErrorCode.OUT_OF_MEMORY,
            f"The plugin “{plugin}” ran out of memory in {where}.",
            "Reduce the size or length.",
            details,
        )
    message = f"The plugin “{plugin}” failed in {where}: {brief(error)}."
    if isinstance(error, SystemExit):
        message = f"The plugin “{plugin}” tried to quit the runtime from {where}."
    return ErrorInfo(ErrorCode.PLUGIN_FAILED, message, _HINT, details)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory ran out, as Python or the plugin's torch does."""
    if isinstance(error, StudioError):
        return error.code is ErrorCode.OUT_OF_MEMORY
    torch = sys.modules.get("torch")
    kinds = (MemoryError, *((torch.OutOfMemoryError,) if torch is not None else ()))
    return isinstance(error, kinds) or (
        isinstance(error, RuntimeError) and "out of memory" in str(error)
    )

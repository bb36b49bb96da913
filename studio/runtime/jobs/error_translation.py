"""Errors, translated once where a plugin meets the runtime. Shows nothing to anybody."""

from __future__ import annotations

import traceback

import msgspec

from studio.protocol.errors import Cancelled, ErrorCode, ErrorInfo, StudioError, brief
from studio.runtime.devices.memory import is_out_of_memory, out_of_memory

MAX_SENTENCE = 4_000
MAX_DETAILS = 50_000
_UNNAMED = "The plugin made an error: "
_HINT = "Try again. If it happens again, copy the report and send it to the plugin's author."

_OWN_HINT = "Try again. If it happens again, copy the report and send it to the developers."


def translate(error: BaseException, plugin: str, task: str) -> ErrorInfo:
    """Return ``error`` as data.

    Expected ones stay as they are, lack of memory is typed, the rest is a bug of ``plugin``.
    Whatever the tracebacks keep alive (a model, a picture) is let go of.
    """
    details = _traceback(error)
    if isinstance(error, StudioError):
        info = sendable(error.info())
    elif is_out_of_memory(error):
        info = sendable(out_of_memory(task, details).info())
    else:
        message = _sentence(error, plugin, task)
        info = sendable(ErrorInfo(ErrorCode.PLUGIN_FAILED, message, _HINT, details))
    release(error)
    # Who checks what a task yields does not know of whom it is.
    message = info.message.replace(_UNNAMED, f"The plugin “{plugin}” made an error: ", 1)
    return msgspec.structs.replace(info, message=message, plugin=info.plugin or plugin)


def sendable(info: ErrorInfo) -> ErrorInfo:
    """Return ``info`` as the link takes it, whatever a plugin has put into it."""
    known = set(ErrorCode)
    return ErrorInfo(
        info.code if info.code in known else ErrorCode.PLUGIN_FAILED,
        _text(info.message)[:MAX_SENTENCE],
        _text(info.hint)[:MAX_SENTENCE],
        _text(info.details)[-MAX_DETAILS:],
        _text(info.plugin)[:MAX_SENTENCE],
    )


def contained(error: BaseException, plugin: str, where: str) -> ErrorInfo:
    """Return what to report of a plugin that raised where it may not: at import or in a hook."""
    details = _traceback(error)
    release(error)
    message = f"The plugin “{plugin}” failed in {where}: {brief(error)}."
    hint = "Everything else keeps working. Update the plugin, or disable it on the Plugins page."
    if isinstance(error, ModuleNotFoundError) and error.name:
        hint = (
            f"It needs a package with “{error.name}”, which is not installed. Install the plugin "
            "again, together with its packages, or disable it on the Plugins page."
        )
    return sendable(ErrorInfo(ErrorCode.PLUGIN_FAILED, message, hint, details, plugin))


def own_bug(error: BaseException) -> ErrorInfo:
    """Return what to report of a fault that is the runtime's own and no plugin's."""
    details = _traceback(error)
    release(error)
    message = f"The runtime failed: {brief(error)}."
    return sendable(ErrorInfo(ErrorCode.INTERNAL, message, _OWN_HINT, details))


def release(error: BaseException) -> None:
    """Drop the local variables that the tracebacks of ``error`` and of its causes keep alive."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        traceback.clear_frames(link.__traceback__)
        link = link.__cause__ or link.__context__


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def _text(value: object) -> str:
    """Return ``value`` as text without what UTF-8 cannot say (halves of surrogate pairs)."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _sentence(error: BaseException, plugin: str, task: str) -> str:
    if isinstance(error, SystemExit):
        return f"The plugin “{plugin}” tried to quit the runtime from its task {task}."
    if isinstance(error, Cancelled):
        return f"The plugin “{plugin}” cancelled its own task {task}."
    return f"The plugin “{plugin}” failed in its task {task}: {brief(error)}."

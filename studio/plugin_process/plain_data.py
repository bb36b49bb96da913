"""Events of a task as data that may leave its process, and the errors for other values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import msgspec

from studio.api.plot import Plot
from studio.protocol.errors import ErrorCode, StudioError

MAX_LIVE_PLOTS = 256_000
"""Bytes of all plots that come with one progress."""


def plain(values: Any, what: str = "a result") -> dict[str, Any]:
    """Return ``values`` as data that may cross a link; numpy's numbers and paths become Python's.

    Raises:
        StudioError: ``PLUGIN_FAILED``: something in it is not plain data.
    """
    try:
        data: dict[str, Any] = msgspec.to_builtins(values, str_keys=True, enc_hook=_simpler)
        msgspec.msgpack.encode(data)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise rubbish(
            f"{what} contains something that is not plain data ({error})",
            "Use str, int, float, bool, None, and lists and dicts of them.",
        ) from error
    return data


def _simpler(value: Any) -> Any:
    if isinstance(value, PurePath | str):  # a WeightsId is a text, a Seed a number
        return str(value)
    if isinstance(value, int):
        return int(value)
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    raise NotImplementedError(f"{type(value).__name__} is not plain data")


def as_bytes(payload: Any, name: str) -> memoryview:
    """Return the payload of a result as bytes, uncopied.

    Raises:
        StudioError: ``PLUGIN_FAILED``: it is none.
    """
    if isinstance(payload, str):
        raise rubbish(f"the {name} of a result is text", "Encode it: text.encode('utf-8').")
    try:
        return memoryview(payload).cast("B")
    except TypeError as error:
        raise rubbish(f"the {name} of a result is {a_kind(payload)}", "Give bytes.") from error


def number(value: Any, name: str) -> float:
    """Return a number of a progress.

    Raises:
        StudioError: ``PLUGIN_FAILED``: it is none.
    """
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise rubbish(f"{name} of its progress is {a_kind(value)}", "Give a number.") from error


def live_plots(plots: Any) -> list[bytes]:
    """Return the plots of a progress as they cross a link.

    Raises:
        StudioError: ``PLUGIN_FAILED``: they are none, or too large to be sent again and again.
    """
    if not isinstance(plots, Sequence) or not all(isinstance(plot, Plot) for plot in plots):
        raise rubbish(f"the plots of its progress are {a_kind(plots)}", "Give a list of Plot.")
    try:
        encoded = [plot.encode() for plot in plots]
    except StudioError as error:
        raise rubbish("a plot of its progress cannot be drawn", error.message) from error
    size = sum(map(len, encoded))
    if size > MAX_LIVE_PLOTS:
        raise rubbish(
            f"the plots of its progress have {size / 1e3:.0f} kB",
            f"Thin out the curves: {MAX_LIVE_PLOTS / 1e3:.0f} kB at a time.",
        )
    return encoded


def a_kind(value: Any) -> str:
    """Return the type of ``value`` with its article: ``an int``."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def not_an_event(event: Any) -> StudioError:
    """Return the error for a yielded value that is no event."""
    return rubbish(
        f"its task yielded {a_kind(event)}, which is not an event",
        "Yield what ctx.progress, ctx.text, ctx.artifact or ctx.result returns, or None.",
    )


def rubbish(what: str, hint: str) -> StudioError:
    """Return the error for an invalid yielded value."""
    return StudioError(ErrorCode.PLUGIN_FAILED, f"The plugin made an error: {what}.", hint)

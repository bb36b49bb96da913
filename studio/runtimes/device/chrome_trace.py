"""Timelines as files in Chrome's trace format, which Perfetto and others open. Only writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from studio.base import disk
from studio.protocol.trace import Span
from studio.runtimes.device.timeline import TITLES, place

RuntimeTrace = tuple[int, str, Sequence[Span]]
"""Process id, name and spans of one runtime."""


def chrome_trace(runtimes: Sequence[RuntimeTrace]) -> dict[str, Any]:
    """Return ``runtimes`` as the data of a trace.

    Times are microseconds; a row of a track is a thread, in which nothing overlaps. What was
    measured becomes curves: of the memory, and of the power where energy is measured.
    """
    events: list[dict[str, Any]] = []
    for pid, name, spans in runtimes:
        called = name.replace(f" {pid}", "")  # who shows a trace adds the number
        events.append(_about(pid, 0, "process_name", name=called))
        for order, (track_name, placed) in enumerate(place(spans).items()):
            for row in sorted({item.row for item in placed}):
                thread = order * 100 + row + 1
                title = TITLES[track_name] + (f" ({row + 1})" if row else "")
                events.append(_about(pid, thread, "thread_name", name=title))
                events.append(_about(pid, thread, "thread_sort_index", sort_index=thread))
            events += [_event(pid, order * 100 + item.row + 1, item.span) for item in placed]
        events += _curves(pid, [span for span in spans if span.what == "measured"])
    return {"traceEvents": events, "displayTimeUnit": "ms"}


def write_chrome_trace(path: Path, runtimes: Sequence[RuntimeTrace]) -> int:
    """Write the trace to ``path``; return how many stretches are drawn.

    Raises:
        StudioError: The file cannot be written.
    """
    trace = chrome_trace(runtimes)
    try:
        disk.write_durably(path, json.dumps(trace, ensure_ascii=False).encode())
    except OSError as error:
        raise disk.explain(error, "save the timeline", path) from error
    return sum(span.what != "measured" for _, _, spans in runtimes for span in spans)


def _about(pid: int, thread: int, what: str, **values: Any) -> dict[str, Any]:
    return {"ph": "M", "pid": pid, "tid": thread, "name": what, "args": values}


def _curves(pid: int, samples: Sequence[Span]) -> Iterator[dict[str, Any]]:
    """Yield the points of curves; each holds until the next."""
    for span in samples:
        yield _point(pid, span.ended, "Memory in use", "MB", span.bytes / 1e6)
    if any(span.joules for span in samples):  # not where nothing is measured
        for span in samples:
            yield _point(pid, span.began, "Power", "W", span.joules / span.seconds)


def _point(pid: int, at: float, what: str, unit: str, value: float) -> dict[str, Any]:
    event = {"ph": "C", "pid": pid, "tid": 0, "name": what, "ts": round(at * 1e6)}
    return event | {"args": {unit: round(value, 3)}}


def _event(pid: int, thread: int, span: Span) -> dict[str, Any]:
    began, ended = round(span.began * 1e6), round(span.ended * 1e6)
    event: dict[str, Any] = {
        "name": f"{span.name}: {span.what}" if span.what != "steps" else span.name
    }
    event |= {"cat": span.what, "pid": pid, "tid": thread, "ts": began}
    if span.seconds:
        event |= {"ph": "X", "dur": ended - began}
    else:
        event |= {"ph": "i", "s": "t"}
    told = {
        "why": span.why,
        "plugin": span.plugin,
        "job": span.job,
        "steps": span.steps,
        "busy_seconds": round(span.busy, 6),
        "bytes": span.bytes,
    }
    return event | {"args": {name: value for name, value in told.items() if value}}

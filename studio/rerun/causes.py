"""Differences between the circumstances of two results, by their records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from studio.jobs.fingerprint import by_content
from studio.library.rows import Record
from studio.plugins.circumstances import PLUGIN, PLUGIN_FILES, THREADS
from studio.rerun.report import Cause

_ABOUT_THE_DEVICE = {
    "instructions": "instruction set of the processor",
    "system": "system",
    THREADS: "number of threads",
}
_SETTING = " setting"
THIS_MACHINE = "this one"
_COMPLETE = "system"
"""In the versions of each record since these name all that matters: what such a record lacks was
not there, of an older one nobody knows."""


def causes(before: Record, after: Record) -> tuple[Cause, ...]:
    """Return the candidate causes, the likeliest first: the request, then the environment."""
    candidates = [
        *_contents("file", before.files, after.files),
        *_contents("model", before.weights, after.weights),
        *_parameters(before, after),
        *_versions(before, after),
    ]
    order = ("file", "model", "parameter", "program", "plugin", "device", "setting", "library")
    return tuple(sorted(candidates, key=lambda cause: order.index(cause.what)))


def _contents(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Cause]:
    """Yield changed contents. The same bytes under another name do not count."""
    gone = {name: digest for name, digest in before.items() if digest not in after.values()}
    new = {name: digest for name, digest in after.items() if digest not in before.values()}
    for name, digest in gone.items():
        now = new.pop(name, "") or (new.popitem()[1] if new else "")
        if now or what == "model":
            yield Cause(what, Path(name).name if what == "file" else name, digest, now)


def _parameters(before: Record, after: Record) -> Iterator[Cause]:
    """Yield parameters changed by the schema only: a new default, a bound."""
    was, now = (by_content(run.params, {**run.files, **run.weights}) for run in (before, after))
    for name in sorted({*was, *now}):
        if was.get(name) != now.get(name) and not _is_named(name, before, after):
            yield Cause("parameter", name, _told(was.get(name)), _told(now.get(name)))


def _is_named(name: str, before: Record, after: Record) -> bool:
    """Whether a parameter names a model or a file whose change is reported as such."""
    names = [{**run.weights, **run.files} for run in (before, after)]
    values = [run.params.get(name) for run in (before, after)]
    return all(isinstance(v, str) and v in ids for v, ids in zip(values, names, strict=True))


def _versions(before: Record, after: Record) -> Iterator[Cause]:
    was, now = dict(before.versions), dict(after.versions)
    if before.machine != after.machine:
        yield Cause(
            "device", "machine", before.machine or THIS_MACHINE, after.machine or THIS_MACHINE
        )
    if before.device and after.device and before.device != after.device:
        yield Cause("device", "device", before.device, after.device)
    if was.get(PLUGIN) != now.get(PLUGIN):  # then its files are others, too
        was.pop(PLUGIN_FILES, None)
    for name in sorted({*was, *now}):
        then, today = was.get(name, ""), now.get(name, "")
        is_known = name in was or _COMPLETE in was
        if then == today or not is_known or not (today or _COMPLETE in now):
            continue
        if name == PLUGIN:
            yield Cause("plugin", before.plugin, then, today)
        elif name == PLUGIN_FILES:
            if then and today:
                yield Cause("plugin", before.plugin, f"build {then[:8]}", f"build {today[:8]}")
        elif name == "offline-studio":
            yield Cause("program", "Offline Studio", then, today)
        elif name in _ABOUT_THE_DEVICE:
            yield Cause("device", _ABOUT_THE_DEVICE[name], then, today)
        elif name.endswith(_SETTING):
            yield Cause("setting", name.removesuffix(_SETTING), then, today)
        elif name in before.weights or name in after.weights:
            yield Cause("setting", f"engine of {name}", then, today)
        else:
            yield Cause("library", name, then, today)


def _told(value: Any) -> str:
    return "" if value is None else str(value)[:80]

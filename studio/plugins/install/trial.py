"""Tries a plugin before it takes part: in a process that is thrown away, behind the sandbox.

What comes back was made by code that nobody vouches for, and is checked like any other file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

import studio
from studio.api.frozen_schema import thaw
from studio.api.manifest import Manifest
from studio.plugin_process.process_sandbox import no_sandbox
from studio.plugins import import_process
from studio.plugins.install.host_packages import STUDIO
from studio.plugins.install.resolver import Progress
from studio.protocol.errors import ErrorCode, StudioError
from studio.sandbox import lent_packages

_CHILD = Path(__file__).with_name("trial_child.py")


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    schemas: dict[str, dict[str, Any]]
    where: str
    error: str
    trace: str


@dataclass(frozen=True)
class Trial:
    """How it went.

    Attributes:
        schemas: Task id → its frozen schema.
        tier: ``A`` or ``B``: the tier of the sandbox; empty where it was tried without one.
    """

    schemas: Mapping[str, dict[str, Any]]
    tier: str


def attempt(
    manifest: Manifest,
    site: Path,
    lends: Sequence[str],
    progress: Progress,
    *,
    in_studio: bool = False,
    needs_sandbox: bool = True,
) -> Trial:
    """Import a plugin's code once, and freeze its schemas.

    Args:
        site: The folder with its packages.
        lends: Distributions of the studio that it runs with.
        progress: May end it with ``Cancelled``.
        in_studio: It will run in the studio's own processes: it is tried with all packages that
            are there, in the sandbox where there is one.
        needs_sandbox: Where there is no sandbox, one that runs in a process of its own is not
            tried at all.

    Raises:
        StudioError: Its code failed, took too long, or froze into something else; or there is no
            sandbox to try it in.
    """
    order = json.dumps(
        {
            "tasks": {task.id: task.params for task in manifest.tasks},
            "worker": manifest.worker,
            "plugin": manifest.plugin if in_studio else "",
        }
    ).encode()
    script = _CHILD.read_bytes()
    sandbox = import_process.machine_sandbox()
    if not in_studio and not sandbox.tier and needs_sandbox:
        raise no_sandbox(manifest.title, sandbox.reason)

    def tell() -> None:
        progress(f"Trying {manifest.title}…")

    if sandbox.tier:
        lent = _lent(site, lends, in_studio=in_studio)
        outcome = import_process.in_sandbox(script, order, lent, tell)
    else:
        outcome = import_process.without_sandbox(script, order, site, tell)
    if outcome.was_too_slow:
        raise _failed(manifest, "its code took longer than two minutes to load")
    if outcome.answer is None:
        raise _failed(manifest, f"its code stopped the trial {outcome.why}", outcome.said)
    return Trial(_checked(manifest, outcome.answer), outcome.tier)


def _lent(site: Path, lends: Sequence[str], *, in_studio: bool) -> dict[str, Path]:
    """Return the importable packages of the process: name → path. Its own come first."""
    if in_studio:
        lent = import_process.environment()
    else:
        lent = lent_packages.entries(name for name in lends if name != STUDIO)
        lent["studio"] = Path(studio.__file__).parent
    return lent | {entry.name: entry for entry in site.iterdir()}


def _checked(manifest: Manifest, answer: bytes) -> dict[str, dict[str, Any]]:
    """Believe nothing but what thaws."""
    try:
        if len(answer) > import_process.MOST_BYTES:
            raise ValueError("too long")
        result = msgspec.json.decode(answer, type=_Answer)
    except (ValueError, msgspec.DecodeError) as error:
        raise _failed(manifest, "its code spoiled the trial", str(error)) from error
    if result.error or result.where:
        raise _failed(manifest, f"{result.where[:200]}: {result.error[:500]}", result.trace)
    if result.schemas.keys() != {task.id for task in manifest.tasks}:
        raise _failed(manifest, "its code spoiled the trial")
    for task, schema in result.schemas.items():
        try:
            thaw(schema)
        except Exception as error:
            raise _failed(manifest, f"the schema of {task} cannot be used", str(error)) from error
    return result.schemas


def _failed(manifest: Manifest, why: str, details: str = "") -> StudioError:
    return StudioError(
        ErrorCode.PLUGIN_FAILED,
        f"The plugin {manifest.title} {manifest.version} was tried and does not work: {why}.",
        "Nothing was changed. Tell its author, or use another version.",
        details,
        manifest.id,
    )

"""Tries a plugin before it takes part: in a process that is thrown away, behind the sandbox.

What comes back was made by code that nobody vouches for, and is checked like any other file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

import studio
from studio.api.frozen_schema import thaw
from studio.api.manifest import Manifest
from studio.api.sandbox import SandboxLimits, SandboxRequest, SandboxResult
from studio.core.plugins.install.host_packages import STUDIO
from studio.core.plugins.install.resolver import Progress
from studio.plugin_process.process_sandbox import no_sandbox
from studio.protocol.errors import ErrorCode, StudioError
from studio.sandbox import lent_packages
from studio.sandbox.sandbox import Sandbox

_CHILD = Path(__file__).with_name("trial_child.py")
_ORDER, _ANSWER = "order.json", "answer.json"
_MOST_BYTES = 4 << 20
_LIMITS = SandboxLimits(
    wall_seconds=120.0, cpu_seconds=60, memory_bytes=4 << 30, open_files=512, output_bytes=4 << 20
)


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
    told: Progress,
    *,
    in_studio: bool = False,
    needs_sandbox: bool = True,
) -> Trial:
    """Import a plugin's code once, and freeze its schemas.

    Args:
        site: The folder with its packages.
        lends: Distributions of the studio that it runs with.
        told: May end it with ``Cancelled``.
        in_studio: It runs in the studio's own processes, with all that is there and no sandbox.
        needs_sandbox: Where there is no sandbox, it is not tried at all.

    Raises:
        StudioError: Its code failed, took too long, or froze into something else; or there are no
            sandbox to try it in.
    """
    order = json.dumps(
        {
            "tasks": {task.id: task.params for task in manifest.tasks},
            "worker": manifest.worker,
            "plugin": manifest.plugin if in_studio else "",
        }
    ).encode()
    sandbox = Sandbox()
    if not in_studio and not sandbox.tier and needs_sandbox:
        raise no_sandbox(manifest.title, sandbox.reason)
    if in_studio or not sandbox.tier:
        return Trial(_checked(manifest, _without_sandbox(order, site, told, manifest)), "")
    request = SandboxRequest(
        ("python", "trial.py", _ORDER, _ANSWER),
        {"trial.py": _CHILD.read_bytes(), _ORDER: order},
        collect=(_ANSWER,),
        limits=_LIMITS,
    )
    result: SandboxResult | None = None
    try:
        for step in sandbox.run(request, lent=_lent(site, lends)):
            told(f"Trying {manifest.title}…")
            result = step.result or result
    except OSError as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"{manifest.title} cannot be tried: the sandbox does not start ({error}).",
            "Run “studio doctor sandbox” to see what would help.",
        ) from error
    assert result is not None
    answer = result.files.get(_ANSWER)
    if answer is None:
        how = f"by exit code {result.exit_code}" if result.ended == "exit" else f"({result.ended})"
        said = result.stderr.decode("utf-8", "replace")[-4000:]
        raise _failed(manifest, f"its code stopped the trial {how}", said)
    return Trial(_checked(manifest, answer), result.tier)


def _lent(site: Path, lends: Sequence[str]) -> dict[str, Path]:
    """Return what the process can import: name → where it lies. Its own packages come first."""
    lent = lent_packages.entries(name for name in lends if name != STUDIO)
    lent["studio"] = Path(studio.__file__).parent
    return lent | {entry.name: entry for entry in site.iterdir()}


def _without_sandbox(order: bytes, site: Path, told: Progress, manifest: Manifest) -> bytes:
    with tempfile.TemporaryDirectory(prefix="studio-trial-") as folder:
        Path(folder, _ORDER).write_bytes(order)
        start = (
            "import runpy, sys; sys.path.append(sys.argv[1]); sys.argv[:] = sys.argv[2:]; "
            "runpy.run_path(sys.argv[0], run_name='__main__')"
        )
        command = [sys.executable, "-I", "-B", "-c", start, str(site), str(_CHILD)]
        child = subprocess.Popen(
            [*command, _ORDER, _ANSWER],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            start_new_session=True,
        )
        waited = 0.0
        try:
            while child.poll() is None:
                told(f"Trying {manifest.title}…")
                if waited > _LIMITS.wall_seconds:
                    raise _failed(manifest, "its code took longer than two minutes to load")
                try:
                    child.wait(0.1)
                except subprocess.TimeoutExpired:
                    waited += 0.1
        finally:
            child.kill()
            child.wait()
        answer = Path(folder, _ANSWER)
        if not answer.is_file() or answer.is_symlink():
            raise _failed(manifest, f"its code stopped the trial by exit code {child.returncode}")
        with answer.open("rb") as file:
            return file.read(_MOST_BYTES + 1)


def _checked(manifest: Manifest, answer: bytes) -> dict[str, dict[str, Any]]:
    """Believe nothing but what thaws."""
    try:
        if len(answer) > _MOST_BYTES:
            raise ValueError("too long")
        said = msgspec.json.decode(answer, type=_Answer)
    except (ValueError, msgspec.DecodeError) as error:
        raise _failed(manifest, "its code spoiled the trial", str(error)) from error
    if said.error or said.where:
        raise _failed(manifest, f"{said.where[:200]}: {said.error[:500]}", said.trace)
    if said.schemas.keys() != {task.id for task in manifest.tasks}:
        raise _failed(manifest, "its code spoiled the trial")
    for task, schema in said.schemas.items():
        try:
            thaw(schema)
        except Exception as error:
            raise _failed(manifest, f"the schema of {task} cannot be used", str(error)) from error
    return said.schemas


def _failed(manifest: Manifest, why: str, details: str = "") -> StudioError:
    return StudioError(
        ErrorCode.PLUGIN_FAILED,
        f"The plugin {manifest.title} {manifest.version} was tried and does not work: {why}.",
        "Nothing was changed. Tell its author, or use another version.",
        details,
        manifest.id,
    )

"""Has the code of a plugin imported by a process that is thrown away, and takes in what it saw."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from studio.core.plugins.check.project_rules import Sources
from studio.core.plugins.finding import Finding

SECONDS = 120.0
_MOST_BYTES = 1 << 20
_CHILD = "studio.core.plugins.check.code_child"
_HALVES = ("worker", "plugin")
"""A process each: what one half imports is no fault of the other."""


def code_findings(sources: Sources, manifest_text: str) -> Iterator[Finding]:
    """Yield what importing the two halves brought to light; none of it runs in this process."""
    manifest = sources.manifest
    for half in _HALVES:
        if not getattr(manifest, half):
            continue
        order = {
            "half": half,
            "package": str(sources.package),
            "manifest": msgspec.to_builtins(manifest),
            "text": manifest_text,
        }
        yield from _tried(order, half)


def _tried(order: dict[str, object], half: str) -> list[Finding]:
    with tempfile.TemporaryDirectory(prefix="studio-check-") as folder:
        answer = Path(folder, "answer.json")
        Path(folder, "order.json").write_text(json.dumps(order), "utf-8")
        child = subprocess.Popen(
            [sys.executable, "-m", _CHILD, "order.json", answer.name],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            start_new_session=True,
        )
        try:
            child.wait(SECONDS)
        except subprocess.TimeoutExpired:
            words = f"Its {half} module took longer than {SECONDS:.0f} seconds to import."
            return [Finding("import-time", words, cure="Do the work in a task, not at import.")]
        finally:
            child.kill()
            child.wait()
        return _said(answer, half, child.returncode)


def _said(answer: Path, half: str, code: int) -> list[Finding]:
    """Believe nothing but findings: a stranger's code ran in that process."""
    try:
        with answer.open("rb") as file:
            return msgspec.json.decode(file.read(_MOST_BYTES), type=list[Finding])
    except (OSError, msgspec.DecodeError):
        words = f"Importing its {half} module ended the process (code {code})."
        return [Finding("import", words, cure="Let a module do nothing but define at import.")]

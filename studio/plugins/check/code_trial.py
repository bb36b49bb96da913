"""Imports the code of a plugin in a disposable process, and collects its findings."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from studio.plugins import import_process
from studio.plugins.check.project_rules import Sources
from studio.plugins.finding import Finding
from studio.plugins.import_process import Outcome

_CHILD = b"import sys\nfrom studio.plugins.check.code_child import main\nmain(*sys.argv[1:])\n"
_HALVES = ("worker", "plugin")
"""A process each: what one half imports is no fault of the other."""


def code_findings(
    sources: Sources, manifest_text: str, *, needs_sandbox: bool = True
) -> Iterator[Finding]:
    """Yield what importing the two halves brought to light; none of it runs in this process.

    Args:
        needs_sandbox: Where there is no sandbox, nothing is imported, and that is a finding.
    """
    manifest = sources.manifest
    sandbox = import_process.machine_sandbox()
    if not sandbox.tier and needs_sandbox:
        words = f"Its code was not imported: nothing here keeps it from files. {sandbox.reason}"
        cure = "Run `studio doctor sandbox`, or allow plugins without a sandbox in Settings."
        yield Finding("no-sandbox", words.rstrip(), cure=cure, is_advice=True)
        return
    for half in _HALVES:
        if not getattr(manifest, half):
            continue
        order = {
            "half": half,
            "package": sources.package.name,
            "manifest": msgspec.to_builtins(manifest),
            "text": manifest_text,
        }
        yield from _said(_tried(json.dumps(order).encode(), sources, bool(sandbox.tier)), half)


def _tried(order: bytes, sources: Sources, sandboxed: bool) -> Outcome:
    package = sources.package
    if not sandboxed:
        return import_process.without_sandbox(_CHILD, order, package.parent, lambda: None)
    lent = {**import_process.environment(), **dict(_in_place(sources)), package.name: package}
    return import_process.in_sandbox(_CHILD, order, lent, lambda: None)


def _in_place(sources: Sources) -> Iterator[tuple[str, Path]]:
    """Yield its dependencies installed in editable mode: name → path.

    Only ``.pth`` files lead there, which are not obeyed in the sandbox.
    """
    for line in sources.requires:
        try:
            name = Requirement(line).name
        except InvalidRequirement:
            continue  # a finding of its own
        top = canonicalize_name(name).replace("-", "_")
        spec = importlib.util.find_spec(top) if top != "studio" else None
        for folder in (spec and spec.submodule_search_locations) or ():
            if not any(part.endswith("-packages") for part in Path(folder).parts):
                yield top, Path(folder)


def _said(outcome: Outcome, half: str) -> list[Finding]:
    """Believe nothing but findings: a stranger's code ran in that process."""
    if outcome.was_too_slow:
        words = f"Its {half} module took longer than {import_process.SECONDS:.0f} s to import."
        return [Finding("import-time", words, cure="Do the work in a task, not at import.")]
    try:
        return msgspec.json.decode(outcome.answer or b"", type=list[Finding])
    except msgspec.DecodeError:
        words = f"Importing its {half} module ended the process {outcome.why}."
        return [Finding("import", words, cure="Let a module do nothing but define at import.")]

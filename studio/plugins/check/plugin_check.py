"""Checks a plugin in any form: a wheel, a project, or its package alone."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from studio.api.manifest import parse_manifest
from studio.plugins.check.api_rules import api_findings
from studio.plugins.check.code_trial import code_findings
from studio.plugins.check.manifest_rules import IN_STUDIO, manifest_findings
from studio.plugins.check.project_rules import (
    Sources,
    file_findings,
    project_findings,
)
from studio.plugins.discovery import MANIFEST, project_of, requirements_of
from studio.plugins.finding import Finding
from studio.plugins.install import host_packages
from studio.plugins.install.archive import Archive
from studio.plugins.install.records import LockedPackage
from studio.plugins.install.unpack import unpack
from studio.plugins.install.wheel import OURS, Wheel, read_wheel
from studio.plugins.project import package_folder
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_note

_AUTHORS = frozenset(
    {"manifest", "api", "isolation", "version", "tags", "tags-differ", "python", "compiled"}
)
"""Rules that a wheel breaks by a mistake of its author: its code is looked at nevertheless."""
_Look = Callable[[Sources, str], Iterable[Finding]]
"""What looks at the code of a plugin, given its files and the text of its manifest."""


@dataclass(frozen=True)
class Report:
    """The findings on a plugin.

    Attributes:
        path: The checked path.
        plugin: Its id; empty where no manifest says one.
        findings: Errors before advice.
    """

    path: Path
    plugin: str = ""
    version: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether nothing has to be mended."""
        return all(finding.is_advice for finding in self.findings)


def check(path: Path, *, runs_code: bool = True, needs_sandbox: bool = True) -> Report:
    """Look at the plugin in ``path``: a wheel, the folder of a project, or a package.

    Args:
        runs_code: Also import it, in processes that are thrown away, in the sandbox.
        needs_sandbox: Where there is none, import nothing.

    Raises:
        StudioError: There is no plugin.
        OSError: A file cannot be read.
    """
    look: _Look = partial(code_findings, needs_sandbox=needs_sandbox) if runs_code else _nothing
    if path.is_file():
        if path.suffix != ".whl":
            raise StudioError(
                ErrorCode.BAD_INPUT, f"{path.name} is not a wheel.", "Name a wheel or a folder."
            )
        return _of_wheel(path, look)
    package = package_folder(path)
    project = project_of(package)
    return _report(path, package, requirements_of(project), look, project)


def _nothing(_sources: Sources, _text: str) -> tuple[Finding, ...]:
    return ()


def _report(
    path: Path, package: Path, requires: tuple[str, ...], look: _Look, project: Path | None
) -> Report:
    text = read_note(package / MANIFEST).decode("utf-8", "replace")
    findings = list(manifest_findings(text))
    try:
        manifest = parse_manifest(text.encode(), package / MANIFEST)
    except StudioError:
        return Report(path, "", "", tuple(findings))  # the findings say why, and with lines
    is_ours = package.name in OURS
    if is_ours:  # always in the studio, whatever it says
        manifest = msgspec.structs.replace(manifest, isolation=IN_STUDIO)
    findings += _of_sources(Sources(package, manifest, requires), text, look, project)
    if is_ours:  # the studio knows its own families
        shared_rules = ("isolation", "family-name", "family")
        findings = [finding for finding in findings if finding.rule not in shared_rules]
    ordered = sorted(findings, key=lambda finding: (finding.is_advice, finding.file, finding.line))
    return Report(path, manifest.id, manifest.version, tuple(dict.fromkeys(ordered)))


def _of_sources(
    sources: Sources, text: str, look: _Look, project: Path | None
) -> Iterator[Finding]:
    if project is not None:
        yield from project_findings(project, sources.package.name, sources.manifest)
    yield from api_findings(sources)
    findings = list(file_findings(sources, text))
    yield from findings
    rules = {finding.rule for finding in findings}
    if "not-installed" not in rules:
        for finding in look(sources, text):
            if not (finding.rule == "import" and "missing-module" in rules and not finding.file):
                yield finding


def _of_wheel(path: Path, look: _Look) -> Report:
    wheel = read_wheel(path, host_packages.look())
    rules = {finding.rule for finding in wheel.findings}
    if not wheel.package or not rules <= _AUTHORS or "manifest" in rules:
        return Report(path, "", wheel.version, tuple(_wheel_findings(wheel)))
    with tempfile.TemporaryDirectory(prefix="studio-check-") as folder:
        site = Path(folder, "site")
        whole = LockedPackage(wheel.name, wheel.version, path.name, wheel.sha256)
        unpack(path.parent, [whole], site, lambda _: None)
        report = _report(path, site / wheel.package, wheel.requires, look, None)
        return Report(path, report.plugin, wheel.version, _once(wheel, report))


def _once(wheel: Wheel, report: Report) -> tuple[Finding, ...]:
    """Return what both looks at a wheel found, where both found the same, with its line."""
    rules = {finding.rule for finding in report.findings}
    return (*(finding for finding in wheel.findings if finding.rule not in rules), *report.findings)


def _wheel_findings(wheel: Wheel) -> Iterator[Finding]:
    """Yield the findings of the wheel reader; those on the manifest with lines."""
    for finding in wheel.findings:
        if finding.rule == "manifest":
            yield from _with_lines(wheel, finding)
        else:
            yield finding
    if not wheel.findings:
        words = "It is a package and no plugin: it has no entry point of “studio.plugins”."
        yield Finding("no-plugin", words, cure="Add one to pyproject.toml.")


def _with_lines(wheel: Wheel, finding: Finding) -> list[Finding]:
    with Archive(wheel.path) as archive:
        text = b"".join(archive.chunks(finding.file)).decode("utf-8", "replace")
    return list(manifest_findings(text)) or [finding]

"""Installation plans and installed plugins, as text for a terminal and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import msgspec

from studio.api.manifest import Manifest
from studio.base.disk import as_size
from studio.plugins.install.minisign import key_id
from studio.plugins.install.plan import IN_STUDIO, PERMISSIONS, Plan, runs_in_studio, wanted
from studio.plugins.install.records import Record

ALL = "It runs inside the studio: it can do anything that you can do on this computer."
OWN = "It runs in a process of its own, with its own packages."


def lines(plan: Plan) -> Iterator[str]:
    """Yield the lines to read before a plugin is installed."""
    record, before = plan.record, plan.before
    yield f"{record.title} {record.version} ({record.id})"
    if record.summary:
        yield f"  {record.summary}"
    yield from about(record)
    yield f"  On the disk  {as_size(plan.size)}"
    yield ""
    yield from packages(record, plan.has_native_code)
    yield ""
    yield from permissions(plan.manifest, set(plan.new_permissions()) if before else set())
    if before:
        yield ""
        yield from _differences(plan, before.record)


def about(record: Record) -> Iterator[str]:
    """Yield where a version comes from and who answers for it."""
    publisher = f"{record.publisher} (as it says itself; nobody has verified it)"
    yield f"  Publisher    {publisher if record.publisher else 'not given'}"
    yield f"  Source       {record.source}"
    signed = f"signed by {key_id(record.key)}" if record.key else "not signed"
    yield f"  Signature    {signed}"
    yield f"  SHA-256      {record.digest}"
    yield f"  Licence      {record.licence or 'not given'}"


def packages(record: Record, native: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the distributions a version runs with."""
    yield "Packages"
    for package in record.lock:
        if not package.is_lent:
            extra = ", compiled code" if package.name in native else ""
            licence = f", {package.licence}" if package.licence else ""
            size = as_size(package.unpacked)
            yield f"  {package.name} {package.version} ({size}{licence}{extra})"
    lent, left_out = record.lent_in_short
    if lent:
        more = f" with {left_out} packages of its own" if left_out else ""
        words = f"from the studio: {', '.join(lent)}{more}"
        yield from textwrap.wrap(
            words, 100, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
        )


def permissions(manifest: Manifest, new: set[str]) -> Iterator[str]:
    """Yield the permissions of a plugin, each with its reason; ``new`` ones are marked."""
    yield "Permissions"
    yield f"  {ALL if runs_in_studio(manifest) else OWN}" + (" (new)" if IN_STUDIO in new else "")
    permissions = wanted(manifest)
    for name, how in permissions.items():
        far = {"picked": " that you choose", "folder": " in a folder that you choose"}.get(how, "")
        if name == "uses":
            far = f" ({how})"
        # What other tasks are for, their ids say.
        reason = manifest.permissions.reasons.get(name, "" if name == "uses" else "no reason given")
        mark = " (new)" if name in new else ""
        yield f"  It wants to {PERMISSIONS[name]}{far}{mark}" + (f": {reason}" if reason else "")
    if not permissions:
        yield "  It asks for nothing more."


def _differences(plan: Plan, before: Record) -> Iterator[str]:
    yield f"Since version {before.version}, which is installed"
    was = {package.name: package.version for package in before.lock}
    now = {package.name: package.version for package in plan.record.lock}
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name):
            yield f"  {name}: {was.get(name, 'none')} → {now.get(name, 'none')}"
    if was == now:
        yield "  The same packages."


def plan_json(plan: Plan) -> dict[str, Any]:
    """Return a plan for programs."""
    return {
        **record_json(plan.record, plan.manifest),
        "size": plan.size,
        "compiled": list(plan.has_native_code),
        "installed": plan.before.record.version if plan.before else "",
        "new_permissions": list(plan.new_permissions()) if plan.before else [],
        "questions": list(plan.questions()),
        "trust_questions": list(plan.trust_questions()),
    }


def record_json(record: Record, manifest: Manifest | None) -> dict[str, Any]:
    """Return a version for programs."""
    permissions = manifest.permissions if manifest else None
    return {
        "id": record.id,
        "title": record.title,
        "version": record.version,
        "publisher": record.publisher,
        "source": record.source,
        "sha256": record.digest,
        "licence": record.licence,
        "key": key_id(record.key),
        "isolation": manifest.isolation if manifest else "",
        "permissions": msgspec.to_builtins(permissions) if permissions else {},
        "uses": list(manifest.uses) if manifest else [],
        "packages": [
            {**msgspec.to_builtins(package), "lent": package.is_lent} for package in record.lock
        ],
    }

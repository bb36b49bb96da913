"""Disclosures shown before installing or enabling a plugin. Displays only."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from studio.api.manifest import Manifest
from studio.api.window.language import tr
from studio.base.disk import as_size
from studio.desktop.appearance.appearance import Appearance
from studio.plugins.install.minisign import key_id
from studio.plugins.install.plan import (
    IN_STUDIO,
    Plan,
    Widening,
    runs_in_studio,
    wanted,
)
from studio.plugins.install.records import Record


def plan_view(look: Appearance, plan: Plan) -> QWidget:
    """Return all that is known of a plugin before it is installed, in a column that scrolls."""
    inside = QWidget()
    column = QVBoxLayout(inside)
    column.setContentsMargins(0, 0, 8, 0)
    column.setSpacing(8)
    record, before = plan.record, plan.before
    column.addWidget(look.label(f"{record.title} {record.version}", "strong"))
    if record.summary:
        column.addWidget(look.label(record.summary, "mute", wrap=True))
    for question in (*plan.questions(), *plan.trust_questions()):
        column.addWidget(look.label(question, "warn", wrap=True))
    new = set(plan.new_permissions()) if before else set()
    column.addSpacing(4)
    column.addWidget(look.label(tr("Permissions"), "section"))
    column.addWidget(permissions_view(look, plan.manifest, new))
    column.addSpacing(4)
    column.addWidget(look.label(tr("Origin"), "section"))
    column.addLayout(_facts(look, plan))
    column.addSpacing(4)
    column.addWidget(look.label(tr("Packages"), "section"))
    column.addLayout(_packages(look, plan))
    if before:
        since = tr("Changes since version {version}").format(version=before.record.version)
        column.addWidget(look.label(since, "section"))
        column.addWidget(look.label(_changes(plan, before.record), "small", wrap=True))
    column.addStretch()
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(inside)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setMinimumHeight(min(440, inside.sizeHint().height()))
    return area


def widenings_view(look: Appearance, change: str, wider: Sequence[Widening]) -> QWidget:
    """Return what plugins may do once the last change is taken back, in a column."""
    inside = QWidget()
    column = QVBoxLayout(inside)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(8)
    takes = tr("This takes back: {change}.").format(change=change)
    column.addWidget(look.label(takes, "mute", wrap=True))
    for widening in wider:
        words = tr("{title} {version} would be enabled:")
        words = words.format(title=widening.title, version=widening.version)
        column.addWidget(look.label(words, "strong", wrap=True))
        column.addWidget(permissions_view(look, widening.manifest, set(widening.new)))
    return inside


def permissions_view(look: Appearance, manifest: Manifest, new: set[str]) -> QWidget:
    """Return a line for each thing a plugin may do, with its reason; ``new`` ones are marked."""
    inside = QWidget()
    column = QVBoxLayout(inside)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(6)
    if runs_in_studio(manifest):
        words = tr(
            "It runs inside the studio: it can do anything that you can do on this computer."
        )
        column.addLayout(_line(look, "triangle-alert", "bad", words, IN_STUDIO in new))
    else:
        words = tr("It runs in a process of its own, with its own packages.")
        column.addLayout(_line(look, "circle-check", "good", words, False))
    permissions = wanted(manifest)
    for name, how in permissions.items():
        reason = manifest.permissions.reasons.get(name)
        if name == "gpu" and not runs_in_studio(manifest):
            how = "boxed"
        if name == "uses":  # the tasks say what for
            wish = tr("It runs tasks of other plugins ({tasks})").format(tasks=how)
        else:
            wish, reason = _wish(name, how), reason or tr("no reason given")
        text = f"{wish}: {reason}" if reason else wish
        column.addLayout(_line(look, _ICONS[name], "warn", text, name in new))
    if not permissions:
        words = tr("It asks for nothing more.")
        column.addLayout(_line(look, "circle-check", "good", words, False))
    return inside


_ICONS = {
    "network": "globe",
    "files": "folder",
    "run_code": "terminal",
    "gpu": "cpu",
    "library": "layout-grid",
    "uses": "puzzle",
}


def _wish(name: str, how: str) -> str:
    return {
        "network yes": tr("It uses the network"),
        "files picked": tr("It reads files that you choose"),
        "files folder": tr("It reads files in a folder that you choose"),
        "run_code yes": tr("It runs code that it generates"),
        "gpu yes": tr("It uses the graphics card"),
        "library yes": tr("It reads what is in your library"),
        "gpu boxed": tr("It asks for the graphics card, which the sandbox does not give it"),
    }[f"{name} {how}"]


def _line(look: Appearance, icon: str, color: str, words: str, is_new: bool) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(look.icon_label(icon, color, 16), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(look.label(words, wrap=True), 1)
    if is_new:
        row.addWidget(look.label(tr("new"), "badge"), 0, Qt.AlignmentFlag.AlignTop)
    return row


def _facts(look: Appearance, plan: Plan) -> QGridLayout:
    record = plan.record
    unknown = tr("not given")
    publisher = record.publisher or unknown
    signed = tr("signed by {key}").format(key=key_id(record.key))
    facts = (
        (tr("Publisher"), tr("{name} (not verified)").format(name=publisher)),
        (tr("Source"), record.source),
        (tr("Signature"), signed if record.key else tr("not signed")),
        ("SHA-256", f"{record.digest[:32]}\n{record.digest[32:]}"),
        (tr("Licence"), record.licence or unknown),
        (tr("Disk space"), as_size(plan.size)),
    )
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(5)
    grid.setColumnStretch(1, 1)
    for row, (name, value) in enumerate(facts):
        grid.addWidget(look.label(name, "mute"), row, 0, Qt.AlignmentFlag.AlignTop)
        shown = look.label(value, wrap=True)
        shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if name == "SHA-256":
            shown.setFont(look.fonts.mono(12))
        grid.addWidget(shown, row, 1)
    return grid


def _packages(look: Appearance, plan: Plan) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(0, 1)
    own = [entry for entry in plan.record.lock if not entry.is_lent]
    for row, package in enumerate(own):
        size = as_size(package.unpacked)
        if package.name in plan.has_native_code:
            size = tr("{size}, compiled code").format(size=size)
        grid.addWidget(look.label(f"{package.name} {package.version}"), row, 0)
        grid.addWidget(look.label(size, "small"), row, 1)
        grid.addWidget(look.label(package.licence[:40], "small"), row, 2)
    lent, left_out = plan.record.lent_in_short
    if lent:
        words = tr("from the studio: {packages}")
        if left_out:
            words = tr("from the studio: {packages} with {count} packages of its own")
        words = words.format(packages=", ".join(lent), count=left_out)
        grid.addWidget(look.label(words, "small", wrap=True), len(own), 0, 1, 3)
    return grid


def _changes(plan: Plan, before: Record) -> str:
    was = {package.name: package.version for package in before.lock}
    now = {package.name: package.version for package in plan.record.lock}
    lines = [
        f"{name}: {was.get(name, '–')} → {now.get(name, '–')}"
        for name in sorted(was.keys() | now.keys())
        if was.get(name) != now.get(name)
    ]
    return "\n".join(lines) or tr("The same packages.")

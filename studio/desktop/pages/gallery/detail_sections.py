"""The sections of the details panel, from top to bottom. To add one: a function, and its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget
from shiboken6 import isValid

from studio.api.window.language import tr
from studio.base.energy.amount import Amount
from studio.base.energy.grid import grams, grid_factor
from studio.base.energy.phrases import carbon
from studio.desktop import phrases
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.language import declared
from studio.desktop.pages.gallery.artifact_grid import ago
from studio.desktop.pages.gallery.details import Details, Section
from studio.desktop.pages.gallery.shelves.name_sheet import ask_name
from studio.library import Artifact, Collection, Record
from studio.protocol.errors import StudioError

_LISTED = 3
"""So many values of a list are shown among the parameters."""
_RELATIVES = 20
_SAME = 0.01
"""Energies that differ by a smaller share are one and the same."""


def _problems(details: Details) -> QWidget | None:
    """Return the section of damaged or missing files."""
    if not details.problems:
        return None
    shown, column = details.section("")
    for problem in details.problems:
        column.addWidget(details.parts.ui.look.label(problem, "bad", wrap=True))
    return shown


def _shelf(details: Details) -> QWidget | None:
    """Return its tags and collections, each with a button that takes it away, and one that adds."""
    shown, column = details.section(tr("Tags and collections"))
    library, id, look = details.parts.studio.library, details.artifact.id, details.parts.ui.look

    def away(title: str, icon: str, tip: str, change: Callable[[Any], object]) -> None:
        row = QHBoxLayout()
        row.addWidget(look.icon_label(icon, "mute"))
        row.addWidget(look.label(title), 1)
        button = look.icon_button("x", tip.format(name=title))
        button.clicked.connect(lambda: details.do(change))
        row.addWidget(button)
        column.addLayout(row)

    def fill(shelves: tuple[list[str], list[Collection]]) -> None:
        if not isValid(shown):
            return
        for tag in shelves[0]:
            tip = tr("Remove the tag “{name}”")
            away(tag, "tag", tip, partial(_untag, tag, id))
        for collection in shelves[1]:
            tip = tr("Take out of “{name}”")
            away(collection.title, "folder", tip, partial(_take, collection.id, id))
        add = look.button(tr("Add tag…"), "tag", kind="link")
        add.clicked.connect(lambda: _ask_tag(details, add))
        column.addWidget(add)

    details.parts.background.run(
        lambda: (library.tags.of([id]), library.collections.having(id)), fill, details.tell
    )
    return shown


def _untag(tag: str, id: str, library: Any) -> None:
    library.tags.remove(tag, [id])


def _take(collection: str, id: str, library: Any) -> None:
    library.collections.take(collection, [id])


def _ask_tag(details: Details, over: QWidget) -> None:
    id = details.artifact.id
    title, done = tr("Tag for this result"), tr("Add tag")
    ask_name(
        details.parts.ui.look,
        over,
        title,
        done,
        lambda tag: details.do(lambda library: library.tags.add(tag, [id])),
    )


def _verdict(details: Details) -> QWidget | None:
    """Return the verification result, check by check."""
    verdict = details.artifact.verdict
    if not verdict:
        return None
    look = details.parts.ui.look
    shown, column = details.section(tr("Verified"))
    for check in verdict.get("checks", ()):
        row = QHBoxLayout()
        row.setSpacing(6)
        good = bool(check.get("passed"))
        icon, color = ("circle-check", "good") if good else ("circle-x", "bad")
        row.addWidget(look.icon_label(icon, color))
        line = ": ".join(filter(None, (check.get("name", ""), check.get("evidence", ""))))
        row.addWidget(look.label(line, "small", wrap=True), 1)
        column.addLayout(row)
    return shown


def _recipe(details: Details) -> QWidget | None:
    """Return the section with task, weights and parameters."""
    record = details.record
    if record is None:
        return None
    parts, look = details.parts, details.parts.ui.look
    shown, column = details.section("")
    head = QHBoxLayout()
    head.addWidget(look.label(tr("Parameters"), "section"))
    head.addStretch()
    copy = look.icon_button("copy", tr("Copy parameters"))
    copy.clicked.connect(lambda: parts.ui.copy(json.dumps(record.params, indent=2)))
    head.addWidget(copy)
    column.addLayout(head)
    facts = {"task": record.task, **_in_words(details, record)}
    if record.seed is not None:
        facts["seed"] = record.seed
    for weights, digest in record.weights.items():
        facts[f"model {weights}"] = digest[:12]
    facts |= {"machine": record.machine, "device": record.device, "made": ago(record.created)}
    if record.seconds is not None:
        facts["took"] = phrases.duration(record.seconds)
    for name, value in facts.items():
        # What a page hands over as a whole is no reading matter; Copy has it.
        if value not in ("", None, []) and not isinstance(value, Mapping):
            column.addLayout(fact(look, name.replace("_", " "), value))
    return shown


def _in_words(details: Details, record: Record) -> dict[str, Any]:
    """Return parameters with the word that a form shows for their least value: 0 steps are “Auto”.

    As they are in the record, where their plugin has gone.
    """
    try:
        fields = details.parts.studio.plugins.params_class(record.task).fields()
    except StudioError:
        return dict(record.params)
    words = {
        (field.name, field.range.minimum): declared(field.range.lowest)
        for field in fields
        if field.range and field.range.lowest
    }
    return {
        name: words.get((name, value), value) if isinstance(value, int | float) else value
        for name, value in record.params.items()
    }


def fact(look: Appearance, name: str, value: Any) -> QHBoxLayout:
    """Return one row of a section: a name, and a value that can be selected."""
    row = QHBoxLayout()
    row.setSpacing(8)
    key = look.label(name, "small", wrap=True)
    key.setFixedWidth(112)
    key.setAlignment(Qt.AlignmentFlag.AlignTop)
    row.addWidget(key)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list) and len(value) > _LISTED:  # Copy has all of it
        first = ", ".join(str(item) for item in value[:_LISTED])
        text = tr("{first} and {count} more").format(first=first, count=f"{len(value) - _LISTED:,}")
    text = text if len(text) < 600 else text[:600] + "…"
    shown = look.label(phrases.breakable(text), wrap=True)
    shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    row.addWidget(shown, 1)
    return row


def _energy(details: Details) -> QWidget | None:
    """Return the energy section, filled once read; includes subordinate jobs."""
    record = details.record
    if record is None or record.energy is None:
        return None
    library, id = details.parts.studio.library, details.artifact.id
    look = details.parts.ui.look
    shown, column = details.section(tr("Energy"))
    shown.hide()

    def read() -> tuple[Amount, Amount | None, Amount | None]:
        return library.energy.of_artifacts([id]), *library.energy.of_record(record.id)

    def fill(amounts: tuple[Amount, Amount | None, Amount | None]) -> None:
        if not isValid(shown):
            return
        mine, own, whole = amounts
        rows = [(tr("this result"), mine)]
        if whole and whole.joules > mine.joules * (1 + _SAME):
            rows.append((tr("all results of the run"), whole))
        if whole and own and whole.joules > own.joules * (1 + _SAME):
            rows.append((tr("without called tasks"), own))
        for name, amount in rows:
            column.addLayout(fact(look, name, phrases.amount(amount)))
        if factor := grid_factor(details.parts.studio.settings):
            emissions = carbon(grams(mine.joules, factor))
            column.addLayout(fact(look, tr("emissions"), emissions))
        if mine.source:
            column.addWidget(look.label(mine.source, "small", wrap=True))
        shown.show()

    details.parts.background.run(read, fill, details.tell)
    return shown


def _made_from(details: Details) -> QWidget | None:
    return _relatives(details, tr("Made from"), details.family.ancestors)


def _used_for(details: Details) -> QWidget | None:
    return _relatives(details, tr("Used for"), details.family.descendants)


def _relatives(details: Details, title: str, artifacts: list[Artifact]) -> QWidget | None:
    if not artifacts:
        return None
    look = details.parts.ui.look
    shown, column = details.section(title)
    for relative in artifacts[:_RELATIVES]:
        icon = look.kinds.icon(relative.kind)[0]
        button = look.button(relative.title or relative.kind, icon, kind="link")
        button.clicked.connect(lambda _=False, relative=relative: details.open(relative.id))
        column.addWidget(button)
    return shown


SECTIONS: tuple[Section, ...] = (
    _problems, _verdict, _recipe, _shelf, _energy, _made_from, _used_for,
)  # fmt: skip
"""From top to bottom."""

"""Parameters in words, as ``--help`` and the guide describe them: flag, limits, default."""

from __future__ import annotations

from studio.api.params import Field, FieldKind, plain_number
from studio.api.window.language import tr

RESERVED = frozenset({"help", "input", "json", "out", "provenance", "quiet"})
"""Flags of ``studio run`` itself; a parameter of that name is ``--param-NAME``."""


def flag_of(field: Field) -> str:
    """Return the flag of a field: ``--max-tokens``."""
    name = field.name.replace("_", "-")
    return f"--param-{name}" if field.name in RESERVED else f"--{name}"


def is_plain(field: Field) -> bool:
    """Whether the items of a list are words or numbers, not structures."""
    return field.item not in (None, FieldKind.DATA, FieldKind.LIST)


def section_of(field: Field) -> str:
    """Return the heading that a field stands under in its form; empty where there is none."""
    return ", ".join(filter(None, (field.group.inside, field.group.title)))


def limits(field: Field) -> list[str]:
    """Return sentences on the values that a field takes, and its default."""
    sentences = []
    if field.range:
        unit = f" {field.range.unit}" if field.range.unit else ""
        ends = plain_number(field.range.minimum), plain_number(field.range.maximum)
        sentences.append(tr("{low} to {high}.").format(low=ends[0], high=f"{ends[1]}{unit}"))
    if field.kind is FieldKind.TEXT and field.text.lines > 1:
        sentences.append(tr("Use - for standard input."))
    if field.kind is FieldKind.LIST and is_plain(field):
        sentences.append(tr("Can be repeated."))
    if field.columns_of:
        flag = f"--{field.columns_of.replace('_', '-')}"
        sentences.append(tr("A column of {flag}.").format(flag=flag))
    if field.shown_if is not None:
        values = tr(" or ").join(map(str, field.shown_if.values))
        flag = f"--{field.shown_if.field.replace('_', '-')}"
        sentences.append(tr("For {flag} {values}.").format(flag=flag, values=values))
    return [*sentences, *filter(None, [_default(field)])]


def _default(field: Field) -> str:
    if field.required:
        return tr("Required.")
    if field.kind is FieldKind.SEED and field.default.is_random:
        return tr("Default: random.")
    if field.kind is FieldKind.WEIGHTS and not field.default:
        return tr("Default: automatic.")
    if field.kind is FieldKind.SWITCH:
        return tr("Default: on.") if field.default else tr("Default: off.")
    if field.default in (None, "", (), [], {}):
        return ""
    return tr("Default: {value}.").format(value=field.default)

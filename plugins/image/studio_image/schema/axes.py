"""The axes of a grid: which parameter changes along each, and its values. Plain data."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import PurePath
from typing import Any

from studio.api import BadInput, Params
from studio.api.params import Field, FieldKind
from studio_image.schema.enlarge import Enlarge
from studio_image.schema.generate import Generate
from studio_image.schema.restyle import Restyle

TASKS: dict[str, type[Params]] = {"generate": Generate, "restyle": Restyle, "enlarge": Enlarge}
MOST = 400
"""Pictures of a grid: at one a second it takes seven minutes, and each is still to be seen."""
_FIXED = ("count", "folder")
"""A cell of a grid is one picture."""
_NUMBERS = (FieldKind.INTEGER, FieldKind.NUMBER, FieldKind.SEED)


@dataclass(frozen=True)
class Axis:
    """One parameter, and the values that it takes one after the other."""

    name: str
    values: tuple[Any, ...]

    @property
    def labels(self) -> list[str]:
        """What stands beside the pictures of each value."""
        return [value_label(self.name, value) for value in self.values]


def value_label(name: str, value: Any) -> str:
    """Return a value in words: a prompt speaks for itself, a number needs its name."""
    text = " + ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if name == "prompt" else f"{name} {text}"


def field_of(task: str, name: str) -> Field:
    """Return a parameter of a task.

    Raises:
        BadInput: It has none of that name, or one that a grid leaves alone.
    """
    fields = {field.name: field for field in TASKS[task].fields() if field.name not in _FIXED}
    if name in fields:
        return fields[name]
    near = difflib.get_close_matches(name, fields, n=1)
    meant = f"Did you mean “{near[0]}”? " if near else ""
    raise BadInput(
        f"“{name}” is not a setting that a grid of “{task}” can change.",
        f"{meant}There are: {', '.join(fields)}.",
    )


def read(task: str, text: str) -> Axis | None:
    """Return the axis that ``text`` describes: ``guidance=3,5,7`` or ``seed=1..4``.

    Values are parted by commas; those of a prompt, and of anything where there is one, by ``|``.
    ``1..9/2`` are the numbers from 1 to 9 in steps of 2. Several styles of one value are joined by
    ``+``.

    Returns:
        None for an empty text.

    Raises:
        BadInput: It is nothing of the kind, or has too many values.
    """
    if not text.strip():
        return None
    name, equals, listed = text.partition("=")
    name = name.strip().removeprefix("--").replace("-", "_")
    if not equals or not listed.strip():
        raise BadInput(
            f"“{text.strip()[:80]}” is not an axis of a grid.",
            "Write a setting, =, and its values: guidance=3,5,7 or seed=1..4.",
        )
    field = field_of(task, name)
    mark = "|" if "|" in listed or field.kind is FieldKind.TEXT else ","
    parts = [part.strip() for part in listed.split(mark)]
    if field.kind in _NUMBERS:
        parts = [value for part in parts for value in _numbers(name, part)]
    elif field.kind is FieldKind.LIST:
        return Axis(name, tuple([style.strip() for style in part.split("+")] for part in parts))
    return Axis(name, tuple(parts))


def _numbers(name: str, text: str) -> Sequence[str]:
    """Return the numbers of a range, or ``text`` itself."""
    first, dots, rest = text.partition("..")
    if not dots:
        return [text]
    last, _, step = rest.partition("/")
    try:
        low, high, by = Decimal(first), Decimal(last), Decimal(step or 1)
        count = int((high - low) / by) + 1 if low.is_finite() and by else 0
    except (InvalidOperation, ArithmeticError, ValueError):
        count = 0
    if count < 1:
        raise BadInput(
            f"“{text[:80]}” is not a range of numbers for “{name}”.", "Write 1..4, or 0.2..1/0.2."
        )
    _limit(count)
    return [format((low + number * by).normalize(), "f") for number in range(count)]


def _limit(count: int) -> None:
    if count > MOST:
        raise BadInput(
            f"This grid would have {count:,} pictures, but the limit is {MOST}.",
            "Give fewer values, or make several grids.",
        )


def lines_of(text: str) -> list[str]:
    """Return the lines that are not empty."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def settings(task: str, lines: Sequence[str]) -> dict[str, Any]:
    """Return what ``name=value`` says that all pictures have in common.

    Raises:
        BadInput: A line is nothing of the kind.
    """
    result: dict[str, Any] = {}
    for line in lines:
        name, equals, value = line.partition("=")
        name = name.strip().removeprefix("--").replace("-", "_")
        if not equals:
            raise BadInput(f"“{line[:80]}” is not a setting.", "Write name=value: steps=20.")
        field = field_of(task, name)
        result[name] = value.strip()
        if field.kind is FieldKind.LIST:
            result[name] = [style.strip() for style in value.split("+")]
    return result


def without_folders(task: str, text: str) -> str:
    """Return an axis or a setting as it may leave this machine: of files only their names."""
    name, equals, listed = text.partition("=")
    fields = {field.name: field for field in TASKS[task].fields()}
    field = fields.get(name.strip().removeprefix("--").replace("-", "_"))
    if field is None or (field.kind is not FieldKind.FILE and field.name != "styles"):
        return text
    parts = re.split(r"([|,+])", listed)
    return name + equals + "".join(PurePath(part.strip()).name or part for part in parts)


@dataclass(frozen=True)
class Plan:
    """A grid, checked: what changes along its axes, and what its pictures have in common."""

    task: str
    x: Axis | None
    y: Axis | None
    z: Axis | None
    base: Mapping[str, Any]

    @property
    def axes(self) -> list[Axis]:
        """Those there are, the one that changes last first."""
        return [axis for axis in (self.z, self.y, self.x) if axis is not None]

    def cells(self) -> list[dict[str, Any]]:
        """Return what each picture has of its own: row by row, sheet by sheet."""
        names = [axis.name for axis in self.axes]
        combined = itertools.product(*(axis.values for axis in self.axes))
        return [dict(zip(names, values, strict=True)) for values in combined]


def plan(
    task: str, axes: Mapping[str, str], lines: Sequence[str], prompts: Sequence[str], image: str
) -> Plan:
    """Return the grid that these describe.

    Args:
        axes: ``x``, ``y`` and ``z`` as texts for `read`.
        lines: For `settings`.
        prompts: One is in common; several are the first axis that is free, ``y`` before the others.

    Raises:
        BadInput: It is none, or too large; a value is not one of its setting.
    """
    read_axes = {place: read(task, text) for place, text in axes.items()}
    base = settings(task, lines)
    if image:
        base["image"] = image
    if task == "generate" and len(prompts) == 1:
        base["prompt"] = prompts[0]
    elif task == "generate" and prompts:
        free = next((place for place in "yxz" if read_axes[place] is None), "")
        if not free:
            raise BadInput(
                "There is no axis left for the prompts.",
                "Empty one of the three, or give one prompt.",
            )
        read_axes[free] = Axis("prompt", tuple(prompts))
    result = Plan(task, read_axes["x"], read_axes["y"], read_axes["z"], base)
    if not result.axes:
        raise BadInput(
            "A grid needs an axis: a setting that changes.",
            "Write it with its values, guidance=3,5,7 or seed=1..4; or give several prompts.",
        )
    names = [axis.name for axis in result.axes]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise BadInput(f"“{twice}” is on two axes.", "Choose another setting for one of them.")
    count = 1
    for axis in result.axes:
        count *= len(axis.values)
    _limit(count)
    first = {axis.name: axis.values[0] for axis in result.axes}
    for name, value in base.items():
        _check(task, name, value)
    for axis in result.axes:
        for value in axis.values:
            _check(task, axis.name, value)
            TASKS[task].parse({**base, **first, axis.name: value})
    return result


def _check(task: str, name: str, value: Any) -> None:
    """Refuse a word where a number or a choice belongs, as a flag of the task would.

    Raises:
        BadInput: It is one.
    """
    field = field_of(task, name)
    if field.kind is FieldKind.CHOICE and value not in map(str, field.choices):
        listed = ", ".join(map(str, field.choices))
        raise BadInput(f"“{name}” must be one of {listed}; you entered “{value}”.")
    if field.kind in _NUMBERS:
        try:
            Decimal(value)
        except InvalidOperation as error:
            raise BadInput(f"“{name}” must be a number; you entered “{value}”.") from error

"""A workflow as one readable TOML file: read strictly. Knows no plugin."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Literal

import msgspec

from studio.api.errors import BadInput
from studio.automation.workflows.references import Reference, references
from studio.plugins.check.toml_lines import Place, line_of
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import open_regular

FORMAT = 1
MAX_BYTES = 1 << 20
MOST_ATTEMPTS = 100
SUFFIX = ".toml"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
_CONDITION = re.compile(r"(?P<step>\S+) is (?P<negated>not )?valid")


class InputEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The input of a row.

    Attributes:
        kind: Of an artifact, or ``none``.
        collection: Title of the collection whose results are taken where nothing else is given.
    """

    kind: str = "text"
    label: str = ""
    collection: str = ""


class FreeParam(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that whoever runs the workflow may choose; without a default, has to."""

    type: Literal["text", "integer", "number", "switch", "choice", "file"] = "text"
    default: str | bool | int | float | None = None
    label: str = ""
    choices: tuple[str, ...] = ()

    def checked(self, name: str, value: Any) -> Any:
        """Return ``value`` as this type; texts, as a command line has them, are read.

        Raises:
            BadInput: It is of another type, or no choice.
        """
        title = self.label or name
        try:
            converted = _TYPES[self.type](value)
        except (TypeError, ValueError):
            raise BadInput(f"“{title}” must be {TYPE_WORDS[self.type]}, not “{value}”.") from None
        if self.type == "choice" and converted not in self.choices:
            raise BadInput(f"“{title}” must be one of {', '.join(self.choices)}, not “{value}”.")
        return converted


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One task of a workflow.

    Attributes:
        params: As the task's form has them; texts may hold references.
        inputs: Name of an input of the task → reference, or a text.
        until: ``valid``: repeat it, each time with another seed, until its checks are passed.
        at_most: So many times.
        only_if: ``ID is valid`` or ``ID is not valid``, of an earlier step; else it is skipped.
    """

    id: str
    task: str
    params: dict[str, Any] = {}
    inputs: dict[str, str] = {}
    until: Literal["", "valid"] = ""
    at_most: int = 5
    only_if: str = ""

    @property
    def attempts(self) -> int:
        """How often it is tried."""
        return self.at_most if self.until else 1

    @property
    def condition(self) -> tuple[str, bool] | None:
        """The step that it depends on, and whether that has to be valid; None for none."""
        match = _CONDITION.fullmatch(self.only_if)
        return (match["step"], not match["negated"]) if match else None

    @property
    def needs(self) -> set[str]:
        """Ids of the steps whose results or verdicts it takes."""
        names = {reference.name for reference in self.references if reference.source == "step"}
        return names | ({self.condition[0]} if self.condition else set())

    @property
    def references(self) -> list[Reference]:
        """All references in its parameters and inputs."""
        return [*references(self.params), *references(dict(self.inputs))]


class Workflow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Several steps.

    Attributes:
        plugins: Id of a plugin → the least version that it needs.
        params: The free parameters.
        step: The steps, as the file lists them.
    """

    name: str
    step: tuple[Step, ...]
    format: int = FORMAT
    about: str = ""
    input: InputEntry = InputEntry()
    plugins: dict[str, str] = {}
    params: dict[str, FreeParam] = {}

    def ordered(self) -> list[Step]:
        """Return the steps so that each follows those it needs, else as in the file."""
        return list(self._ordered())

    def _ordered(self) -> Iterable[Step]:
        waiting, done = list(self.step), set[str]()
        while waiting:
            step = next(candidate for candidate in waiting if candidate.needs <= done)
            waiting.remove(step)
            done.add(step.id)
            yield step

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the free parameters with the given values, checked.

        Raises:
            BadInput: One is unknown, missing, or not what it must be.
        """
        if unknown := sorted(given.keys() - self.params.keys()):
            raise BadInput(
                f"This workflow has no parameter “{unknown[0]}”.",
                f"It has: {', '.join(self.params) or 'none'}.",
            )
        values = {}
        for name, free in self.params.items():
            value = given.get(name, free.default)
            if value is None:
                raise BadInput(
                    f"“{free.label or name}” is missing.",
                    f"Give a value for “{free.label or name}”.",
                )
            values[name] = free.checked(name, value)
        return values


def condition(step: str, is_valid: bool) -> str:
    """Return the ``only_if`` of a step that depends on another one."""
    return f"{step} is {'' if is_valid else 'not '}valid"


def read(path: Path) -> Workflow:
    """Return the workflow in a file.

    Raises:
        StudioError: It cannot be read, or is no workflow; names line and step.
    """
    return parse(text_of(path))


def text_of(path: Path) -> str:
    """Return the text of a workflow's file.

    Raises:
        StudioError: It cannot be read, or is far too large.
    """
    try:
        with open_regular(path) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"The workflow {path} cannot be read: {error.strerror or error}.",
            "Check the name of the file.",
        ) from error
    if len(data) > MAX_BYTES:
        raise BadInput(f"{path.name} is larger than 1 MB, so it can't be a workflow.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name} is not UTF-8 text.", "Save it as UTF-8.") from error


def parse(text: str) -> Workflow:
    """Return the workflow in ``text``.

    Raises:
        BadInput: It is none, or steps depend on each other in a circle; names line and step.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"This is not valid TOML: {error}.", "Correct it.") from error
    except RecursionError as error:
        raise BadInput("This is not a workflow: it is nested too deeply.") from error
    version = table.get("format", FORMAT)
    if isinstance(version, int) and version > FORMAT:
        raise BadInput(
            f"This workflow has format {version}; this version of Offline Studio reads up to "
            f"{FORMAT}.",
            "Update Offline Studio.",
        )
    try:
        workflow = msgspec.convert(table, Workflow)
    except msgspec.ValidationError as error:
        message, place = _readable(str(error))
        raise problem(text, place, message, table) from error
    _check(workflow, text)
    return workflow


def places(text: str) -> dict[str, int]:
    """Return the id of each step in the workflow ``text`` → where it stands in the order they run.

    Raises:
        BadInput: As ``parse``.
    """
    return {step.id: place for place, step in enumerate(parse(text).ordered())}


def problem(
    text: str, place: Place, message: str, table: Mapping[str, Any] | None = None, hint: str = ""
) -> BadInput:
    """Return an error that begins with the line and the step it is about."""
    line = line_of(text, place)
    where = f"Line {line}" if line else "The file"
    if len(place) > 1 and place[0] == "step" and isinstance(place[1], int):
        steps = (table or {}).get("step") or ()
        step = steps[place[1]] if place[1] < len(steps) else {}
        id = step.id if isinstance(step, Step) else step.get("id", "")
        where += f", step “{id or place[1] + 1}”"
    return BadInput(f"{where}: {message}", hint)


# --- inside -----------------------------------------------------------------------------------


def _check(workflow: Workflow, text: str) -> None:
    """Check what no field says alone."""
    if not workflow.step:
        raise BadInput("This workflow has no step.", "Add a [[step]] with an id and a task.")
    table = {"step": workflow.step}
    seen: set[str] = set()
    for number, step in enumerate(workflow.step):
        place = ("step", number)
        if not _NAME.fullmatch(step.id):
            hint = "Use small letters, digits and _."
            raise problem(text, (*place, "id"), f"“{step.id}” cannot be an id.", table, hint)
        if step.id in seen:
            raise problem(text, (*place, "id"), f"There are two steps “{step.id}”.", table)
        seen.add(step.id)
        if not 1 <= step.at_most <= MOST_ATTEMPTS:
            message = f"at_most must be between 1 and {MOST_ATTEMPTS}."
            raise problem(text, (*place, "at_most"), message, table)
        if step.only_if and step.condition is None:
            hint = "Write “ID is valid” or “ID is not valid”."
            message = f"“{step.only_if}” is not a condition."
            raise problem(text, (*place, "only_if"), message, table, hint)
    for number, step in enumerate(workflow.step):
        _check_references(workflow, step, ("step", number), text)
    for name in workflow.params:
        if not _NAME.fullmatch(name):
            raise problem(text, ("params", name), f"“{name}” cannot name a parameter.")
    _check_circle(workflow, text)


def _check_references(workflow: Workflow, step: Step, place: Place, text: str) -> None:
    ids = {reference.id for reference in workflow.step}
    table = {"step": workflow.step}
    groups = (("params", step.params), ("inputs", dict(step.inputs)))
    for title, values in groups:
        for name, value in values.items():
            here = (*place, title, name)
            try:
                used = list(references(value))
            except BadInput as error:
                raise problem(text, here, error.message, table, error.hint) from error
            for reference in used:
                if reference.source == "step" and reference.name not in ids:
                    message = f"there is no step “{reference.name}”."
                    raise problem(text, here, message, table, _known("steps", ids))
                if reference.source == "param" and reference.name not in workflow.params:
                    message = f"there is no parameter “{reference.name}”."
                    raise problem(text, here, message, table, _known("params", workflow.params))
                if reference.source in ("input", "row") and workflow.input.kind == "none":
                    message = f"“{reference}” needs an input, but the input is “none”."
                    raise problem(text, here, message, table, "Give [input] a kind.")
    if step.condition and step.condition[0] not in ids:
        message = f"there is no step “{step.condition[0]}”."
        raise problem(text, (*place, "only_if"), message, table, _known("steps", ids))


def _check_circle(workflow: Workflow, text: str) -> None:
    try:
        TopologicalSorter({step.id: step.needs for step in workflow.step}).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]
        number = next(n for n, step in enumerate(workflow.step) if step.id in circle)
        way = " → ".join(circle)
        message = f"these steps wait for each other in a circle: {way}."
        table = {"step": workflow.step}
        hint = "Let one of them take something else."
        raise problem(text, ("step", number), message, table, hint) from error


def _known(what: str, names: Iterable[str]) -> str:
    return f"Known {what}: {', '.join(sorted(names)) or 'none'}."


_PATH = re.compile(r"^(?P<what>.*?) - at `\$(?P<path>.*)`$", re.DOTALL)
_PATH_PART = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]|\[\.\.\.\]")


def _readable(error: str) -> tuple[str, tuple[str | int, ...]]:
    """Return what msgspec complains of, and the place."""
    match = _PATH.match(error)
    what, path = (match["what"], match["path"]) if match else (error, "")
    place: list[str | int] = [
        int(index) if index else key for key, index in _PATH_PART.findall(path) if key or index
    ]
    if unknown := re.search(r"contains unknown field `(\w+)`", what):
        return f"there is no key “{unknown[1]}”.", (*place, unknown[1])
    if missing := re.search(r"missing required field `(\w+)`", what):
        return f"the key “{missing[1]}” is missing.", tuple(place)
    if unknown := re.search(r"[Ii]nvalid enum value '(.*)'", what):
        return f"“{unknown[1]}” is not a value that this key can have.", tuple(place)
    return f"{what[:1].lower()}{what[1:]}.", tuple(place)


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if str(value).lower() not in words:
        raise ValueError(value)
    return words[str(value).lower()]


def _integer(value: Any) -> int:
    if isinstance(value, bool | float):
        raise TypeError
    return int(value)


_TYPES: dict[str, Callable[[Any], Any]] = {
    "text": str,
    "choice": str,
    "file": str,
    "integer": _integer,
    "number": float,
    "switch": _switch,
}
TYPE_WORDS = {
    "text": "a text",
    "choice": "a text",
    "file": "a file",
    "weights": "the id of a model",
    "integer": "a whole number",
    "seed": "a whole number",
    "number": "a number",
    "switch": "true or false",
    "list": "a list",
}
"""What a value of a type is, of free parameters and of those of tasks."""

"""Whether a workflow can run here: its tasks, parameters, kinds and versions. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from packaging.version import InvalidVersion, Version

from studio.api.artifacts import Kind
from studio.api.errors import BadInput, StudioError
from studio.api.manifest import TaskEntry
from studio.api.params import Field, FieldKind
from studio.automation.workflows.document import TYPE_WORDS, Step, Workflow, parse, problem
from studio.automation.workflows.references import Reference, only, references
from studio.automation.workflows.sources import NONE, files_of
from studio.plugins import PluginHost
from studio.plugins.check.toml_lines import Place

_TYPES: dict[FieldKind, tuple[type, ...]] = {
    FieldKind.TEXT: (str,),
    FieldKind.INTEGER: (int,),
    FieldKind.NUMBER: (int, float),
    FieldKind.SWITCH: (bool,),
    FieldKind.SEED: (int,),
    FieldKind.WEIGHTS: (str,),
    FieldKind.FILE: (str,),
    FieldKind.LIST: (list,),
}
_OF_RESULTS = (FieldKind.TEXT, FieldKind.FILE, FieldKind.LIST, FieldKind.DATA)
"""Fields that can take what a step made."""


def checked(text: str, plugins: PluginHost) -> Workflow:
    """Return the workflow in ``text`` if it can run here.

    Raises:
        BadInput: It cannot: the first thing that is wrong.
    """
    workflow = parse(text)
    for error in problems(workflow, text, plugins):
        raise error
    return workflow


def problems(workflow: Workflow, text: str, plugins: PluginHost) -> Iterator[BadInput]:
    """Yield all that is wrong with a workflow, each with its line and step."""
    checks = _Checks(workflow, text, plugins)
    yield from checks.head()
    for number, step in enumerate(workflow.step):
        yield from checks.step(number, step)


class _Checks:
    def __init__(self, workflow: Workflow, text: str, plugins: PluginHost) -> None:
        self._workflow = workflow
        self._text = text
        self._plugins = plugins
        self._entries: dict[str, TaskEntry | None] = {}
        for step in workflow.step:
            try:
                self._entries[step.id] = plugins.task(step.task)[1]
            except StudioError:
                self._entries[step.id] = None

    def _wrong(self, place: Place, message: str, hint: str = "") -> BadInput:
        return problem(self._text, place, message, {"step": self._workflow.step}, hint)

    def head(self) -> Iterator[BadInput]:
        kinds = {NONE, *Kind, *(kind.id for kind in self._plugins.kinds())}
        kind = self._workflow.input.kind
        if kind not in kinds:
            hint = f"Known kinds: {', '.join(sorted(kinds))}."
            yield self._wrong(("input", "kind"), f"there is no kind “{kind}”.", hint)
        for id, least in self._workflow.plugins.items():
            place = ("plugins", id)
            try:
                plugin, wanted = self._plugins.plugin(id), Version(least)
                has = Version(plugin.version or "0")
            except StudioError:
                message = f"it needs the plugin “{id}”, which is not installed."
                yield self._wrong(place, message, "Install it on the Plugins page.")
            except InvalidVersion:
                yield self._wrong(place, f"“{least}” is not a version.", "Write it as “1.2”.")
            else:
                if has < wanted:
                    message = f"it needs the plugin “{id}” {least} or newer; here is {has}."
                    yield self._wrong(place, message, "Update the plugin on the Plugins page.")

    def step(self, number: int, step: Step) -> Iterator[BadInput]:
        place = ("step", number)
        try:
            _, entry = self._plugins.task(step.task)
            fields = {field.name: field for field in self._plugins.params_class(step.task).fields()}
        except StudioError as error:
            yield self._wrong((*place, "task"), _lower(error.message), error.hint)
            return
        former = {field.renamed_from: name for name, field in fields.items() if field.renamed_from}
        given = {former.get(name, name): value for name, value in step.params.items()}
        for name, value in given.items():
            here = (*place, "params", name)
            if name not in fields:
                hint = f"It has: {', '.join(fields)}."
                yield self._wrong(here, f"“{entry.title}” has no parameter “{name}”.", hint)
            else:
                yield from self._value(here, fields[name], value)
        for name, field in fields.items():
            if field.required and given.get(name) in (None, ""):
                yield self._wrong(place, f"“{field.title}” is missing.", f"Give {name} in params.")
        for name, value in step.inputs.items():
            here = (*place, "inputs", name)
            if name not in entry.inputs:
                hint = f"It takes: {', '.join(entry.inputs) or 'none'}."
                yield self._wrong(here, f"“{entry.title}” takes no input “{name}”.", hint)
            elif (reference := only(value)) and (kind := self._kind(reference)) is not None:
                takes = {kind for kind, into in entry.accepts.items() if into == name}
                if takes and kind not in takes:
                    message = f"“{name}” takes {_or(takes)}, and {reference} is {kind}."
                    yield self._wrong(here, message, "Take the result of another step.")
        for reference in step.references:
            if reference.source == "step" and self._kind(reference) is None:
                yield self._no_result(place, reference)

    def _no_result(self, place: Place, reference: Reference) -> BadInput:
        entry = self._entries[reference.name]
        what = _or(entry.produces) if entry and entry.produces else "nothing that can be kept"
        kind = reference.kind or "result"
        return self._wrong(place, f"{reference} has no {kind}: the step makes {what}.")

    def _value(self, place: Place, field: Field, value: Any) -> Iterator[BadInput]:
        reference = only(value)
        if reference is None:
            if not any(references(value)) and (message := _misfit(field, value)):
                yield self._wrong(place, message)
            return
        kind = self._kind(reference)
        if reference.source == "step" and field.kind not in _OF_RESULTS:
            message = f"“{field.title}” cannot be taken from {reference}, which is a result."
            yield self._wrong(place, message)
        elif field.kind is FieldKind.FILE and field.file.suffixes and kind:
            suffixes = files_of(kind, self._plugins.kinds())
            if suffixes and not suffixes & set(field.file.suffixes):
                takes = ", ".join(field.file.suffixes)
                message = f"“{field.title}” takes files {takes}, and {reference} is {kind}."
                yield self._wrong(place, message, "Take an input or a result of another kind.")

    def _kind(self, reference: Reference) -> str | None:
        """Return the kind of the reference: empty if unknown, None if not produced."""
        if reference.source == "input":
            return "" if self._workflow.input.kind == Kind.TABLE else self._workflow.input.kind
        if reference.source != "step":
            return ""
        entry = self._entries[reference.name]
        if entry is None:  # told already
            return ""
        if reference.kind:
            return reference.kind if reference.kind in entry.produces else None
        return entry.produces[0] if entry.produces else None


def _misfit(field: Field, value: Any) -> str:
    """Return the problem of a literal value in the file; empty for none."""
    if value is None or field.kind is FieldKind.DATA:
        return ""
    if field.kind is FieldKind.CHOICE:
        choices = ", ".join(map(str, field.choices))
        fits = value in field.choices
        return "" if fits else f"“{field.title}” must be one of {choices}; here is “{value}”."
    is_switch = isinstance(value, bool)
    if not isinstance(value, _TYPES[field.kind]) or is_switch != (field.kind is FieldKind.SWITCH):
        return f"“{field.title}” must be {TYPE_WORDS[field.kind]}; here is “{value}”."
    try:
        field.check(value)
    except BadInput as error:
        return error.message
    return ""


def _or(words: Any) -> str:
    return " or ".join(sorted(words))


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]

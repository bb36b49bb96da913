"""Changes of a workflow, each a new one. Knows no window."""

from __future__ import annotations

from typing import Any

import msgspec

from studio.api.manifest import TaskEntry
from studio.api.params import Field, FieldKind
from studio.automation.workflows.document import FreeParam, Step, Workflow
from studio.automation.workflows.references import Reference, only
from studio.automation.workflows.sources import files_of

INPUT = str(Reference("input"))
_TYPES: dict[FieldKind, Any] = {
    FieldKind.INTEGER: "integer",
    FieldKind.SEED: "integer",
    FieldKind.NUMBER: "number",
    FieldKind.SWITCH: "switch",
    FieldKind.CHOICE: "choice",
    FieldKind.FILE: "file",
}


def changed(workflow: Workflow, id: str, **changes: Any) -> Workflow:
    """Return the workflow with other attributes of one step."""
    steps = tuple(
        msgspec.structs.replace(step, **changes) if step.id == id else step
        for step in workflow.step
    )
    return msgspec.structs.replace(workflow, step=steps)


def with_param(workflow: Workflow, id: str, name: str, value: Any) -> Workflow:
    """Return the workflow with another value of a parameter; None leaves it to its default."""
    params = {key: setting for key, setting in step_of(workflow, id).params.items() if key != name}
    if value is not None:
        params[name] = value
    return _without_unused(changed(workflow, id, params=params))


def moved(workflow: Workflow, id: str, by: int) -> Workflow:
    """Return the workflow with a step ``by`` places further down."""
    steps = [step for step in workflow.step if step.id != id]
    place = [step.id for step in workflow.step].index(id) + by
    steps.insert(max(0, place), step_of(workflow, id))
    return msgspec.structs.replace(workflow, step=tuple(steps))


def removed(workflow: Workflow, id: str) -> Workflow:
    """Return the workflow without a step."""
    steps = tuple(step for step in workflow.step if step.id != id)
    return _without_unused(msgspec.structs.replace(workflow, step=steps))


def added(workflow: Workflow, entry: TaskEntry, fields: tuple[Field, ...], last: str) -> Workflow:
    """Return the workflow with one more step, which takes the last result, or the input.

    Args:
        last: Kind of what the last step makes; empty for none.
    """
    name = entry.id.rpartition(".")[2]
    taken = {step.id for step in workflow.step}
    id = next(
        candidate
        for candidate in (name, *(f"{name}{n}" for n in range(2, 999)))
        if candidate not in taken
    )
    source = str(Reference("step", workflow.step[-1].id)) if last and workflow.step else INPUT
    kind = last if source != INPUT else workflow.input.kind
    step = Step(id, entry.id)
    files = [field for field in fields if field.kind is FieldKind.FILE and _takes(field, kind)]
    texts = [f for f in fields if f.kind is FieldKind.TEXT and f.required and not f.hidden]
    if files:
        step = Step(id, entry.id, params={files[0].name: source})
    elif texts:
        step = Step(id, entry.id, params={texts[0].name: source})
    elif entry.inputs:
        step = Step(id, entry.id, inputs={entry.inputs[0]: source})
    return msgspec.structs.replace(workflow, step=(*workflow.step, step))


def freed(workflow: Workflow, id: str, field: Field) -> Workflow:
    """Return the workflow with a parameter of a step made free, with its value as the default."""
    value = step_of(workflow, id).params.get(field.name, field.default)
    free = FreeParam(
        type=_TYPES.get(field.kind, "text"),
        default=value,
        label=field.title,
        choices=tuple(map(str, field.choices)),
    )
    name = field.name if field.name not in workflow.params else f"{id}_{field.name}"
    more = msgspec.structs.replace(workflow, params={**workflow.params, name: free})
    return with_param(more, id, field.name, str(Reference("param", name)))


def fixed(workflow: Workflow, id: str, name: str) -> Workflow:
    """Return the workflow with a parameter of a step fixed again: at its old value if it was
    free.
    """
    reference = only(step_of(workflow, id).params.get(name))
    free = workflow.params.get(reference.name) if reference else None
    is_free = reference is not None and reference.source == "param" and free is not None
    return with_param(workflow, id, name, free.default if is_free and free else None)


def step_of(workflow: Workflow, id: str) -> Step:
    """Return a step by its id."""
    return next(step for step in workflow.step if step.id == id)


def _takes(field: Field, kind: str) -> bool:
    suffixes = files_of(kind)
    return bool(suffixes & set(field.file.suffixes)) and not field.file.folder


def _without_unused(workflow: Workflow) -> Workflow:
    """Return the workflow without free parameters that no step takes any more."""
    used = {
        reference.name
        for step in workflow.step
        for reference in step.references
        if reference.source == "param"
    }
    params = {name: free for name, free in workflow.params.items() if name in used}
    return msgspec.structs.replace(workflow, params=params)

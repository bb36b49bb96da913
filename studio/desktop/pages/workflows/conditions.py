"""Condition and repetition of a step: a form of three fields, and its summary text."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from studio.api.params import Group, Label, Params, Range, ShownIf
from studio.api.window.language import tr
from studio.automation.workflows.document import MOST_ATTEMPTS, Step, Workflow, condition


def form_of(workflow: Workflow, step: Step) -> tuple[type[Params], dict[str, str]]:
    """Return the fields for one step, and what each choice of ``only_if`` stands for.

    A step can depend on those above it; one that depends on another all the same keeps that.
    """
    choices = {tr("Always"): ""}
    for number, other in enumerate(workflow.step, start=1):
        if other.id == step.id:
            break
        for is_valid in (True, False):
            choices[_only_if(number, is_valid)] = condition(other.id, is_valid)
    if step.only_if not in choices.values():
        choices[step.only_if] = step.only_if
    group = Group(tr("Conditions"))
    valid = tr("A result is valid when it has passed all its checks.")
    only_if: Any = Annotated[
        Literal.__getitem__(tuple(choices)), Label(tr("Run the step"), valid), group
    ]
    until: Any = Annotated[
        bool,
        Label(tr("Repeat until valid"), f"{tr('Each attempt has another seed.')} {valid}"),
        group,
    ]
    at_most: Any = Annotated[
        int,
        Range(1, MOST_ATTEMPTS),
        Label(tr("Attempts at most"), tr("If none of them is valid, the row fails.")),
        ShownIf("until", True),
        group,
    ]
    fields: list[Any] = [
        ("until", until, False),
        ("at_most", at_most, Step("", "").at_most),
    ]
    if len(choices) > 1:  # the first step depends on none
        fields.insert(0, ("only_if", only_if, next(iter(choices))))
    bases: Any = (Params,)
    params: Any = msgspec.defstruct("Conditions", fields, bases=bases, kw_only=True, frozen=True)
    return params, choices


def values_of(step: Step, choices: dict[str, str]) -> dict[str, Any]:
    """Return the form values of a step."""
    values: dict[str, Any] = {"until": bool(step.until), "at_most": step.at_most}
    if len(choices) > 1:
        values["only_if"] = next(
            words for words, condition in choices.items() if condition == step.only_if
        )
    return values


def changes(values: dict[str, Any], choices: dict[str, str]) -> dict[str, Any]:
    """Return the attributes of a step that the form says."""
    return {
        "only_if": choices.get(values.get("only_if", ""), ""),
        "until": "valid" if values["until"] else "",
        "at_most": values["at_most"],
    }


def told(workflow: Workflow, step: Step) -> list[str]:
    """Return the conditions of a step in words; nothing of one that is always run, once."""
    words = []
    if step.condition:
        other, is_valid = step.condition
        ids = [other_step.id for other_step in workflow.step]
        words.append(_only_if(ids.index(other) + 1, is_valid) if other in ids else step.only_if)
    if step.until:
        words.append(tr("repeated until valid, at most {n} times").format(n=step.at_most))
    return words


def _only_if(number: int, is_valid: bool) -> str:
    words = tr("Only if step {n} is valid") if is_valid else tr("Only if step {n} is not valid")
    return words.format(n=number)

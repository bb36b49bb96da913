"""Values that a set of weights brings its own defaults for. Knows no parameter of a task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Annotated, Any

import msgspec

from studio.api.params import Field, FieldKind, Group, Label, Params, Range
from studio.models.user_notes import CONTEXT_LIMIT, Value
from studio.protocol.errors import ErrorCode, StudioError

_SETTABLE = (FieldKind.NUMBER, FieldKind.INTEGER, FieldKind.SWITCH, FieldKind.CHOICE)
_SWITCHES = {"true": True, "yes": True, "on": True, "1": True,
             "false": False, "no": False, "off": False, "0": False}  # fmt: skip

_Limit = Annotated[
    int,
    Range(0, 262_144, 256, "tokens", "none"),
    Group("Length"),
    Label(
        "Context limit",
        "Maximum length of a conversation including the reply. A lower limit uses less memory "
        "but drops the oldest messages sooner.",
    ),
]
"""The one value that no task has: it belongs to language models themselves."""


@cache
def with_limit(params: type[Params]) -> type[Params]:
    """Return ``params`` and, where they take a language model, the limit of its context."""
    if not _takes(params, {"text"}):
        return params
    limit = (CONTEXT_LIMIT, _Limit, 0)
    return msgspec.defstruct(
        params.__name__, [limit], bases=(params,), kw_only=True, frozen=True,
        forbid_unknown_fields=True, module=__name__,
    )  # type: ignore[return-value]  # fmt: skip


def settable(classes: Iterable[type[Params]], capabilities: Iterable[str]) -> dict[str, Field]:
    """Return the parameters that weights with ``capabilities`` may have defaults for, by name.

    Args:
        classes: Parameters of all tasks; of those that take such weights, numbers, switches and
            choices count, and the limit of the context.
    """
    fields: dict[str, Field] = {}
    wanted = set(capabilities)
    for params in classes:
        if _takes(params, wanted):
            fields |= {
                field.name: field
                for field in with_limit(params).fields()
                if field.kind in _SETTABLE and not field.hidden and field.name not in fields
            }
    return fields


def parsed(fields: Mapping[str, Field], name: str, text: str) -> Value:
    """Return the value that ``text`` says, for the parameter ``name``.

    Raises:
        StudioError: ``BAD_INPUT``: there is no such parameter, or it takes no such value.
    """
    field = fields.get(name)
    if field is None:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"This model has no parameter “{name}”.",
            f"Available: {', '.join(sorted(fields))}." if fields else "",
        )
    value = _value(field, text)
    field.check(value)
    return value


def filled(
    params: type[Params],
    given: Mapping[str, Any],
    weights_for: Callable[[str, str], str],
    defaults_of: Callable[[str], Mapping[str, Value]],
) -> dict[str, Any]:
    """Return ``given`` and, where it says nothing, the defaults of the weights that will be used.

    Args:
        weights_for: The weights that would be taken, by capability and preference; empty for none.
        defaults_of: Id of weights → parameter → value.
    """
    names = {field.name for field in params.fields() if not field.names_files}
    added: dict[str, Any] = {}
    for field in params.fields():
        chosen = given.get(field.name, field.default)
        if field.kind is FieldKind.WEIGHTS and chosen is not None:
            weights = str(chosen) or weights_for(field.capability, field.prefer)
            added |= {k: v for k, v in defaults_of(weights).items() if k in names}
    return {**added, **given}


def _takes(params: type[Params], capabilities: set[str]) -> bool:
    return any(
        field.kind is FieldKind.WEIGHTS and field.capability in capabilities
        for field in params.fields()
    )


def _value(field: Field, text: str) -> Value:
    if field.kind is FieldKind.CHOICE:
        matches = [choice for choice in field.choices if str(choice) == text]
        if matches:
            return matches[0]  # type: ignore[no-any-return]
        raise _wrong(field, text, f"one of {', '.join(map(str, field.choices))}")
    if field.kind is FieldKind.SWITCH:
        if text.lower() not in _SWITCHES:
            raise _wrong(field, text, "on or off")
        return _SWITCHES[text.lower()]
    try:
        return int(text) if field.kind is FieldKind.INTEGER else float(text)
    except ValueError as error:
        raise _wrong(field, text, "a number") from error


def _wrong(field: Field, text: str, what: str) -> StudioError:
    return StudioError(
        ErrorCode.BAD_INPUT, f"{field.title} must be {what}; you entered “{text[:80]}”."
    )

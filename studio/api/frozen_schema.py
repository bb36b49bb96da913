"""A ``Params`` class as plain data, and back: forms and flags without the code of its plugin.

The schema of a plugin that runs in its own process is frozen once, in a process of its own, and
every other process thaws the data. What fields cannot say (``Params.check``) stays behind: the
plugin's process checks it before the job starts.
"""

from __future__ import annotations

import copy
import dataclasses
import enum
import keyword
import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast, get_args, get_origin

import msgspec

from studio.api.errors import BadInput
from studio.api.params import (
    Field,
    FieldKind,
    Params,
    Seed,
    WeightsId,
    check_references,
    decode,
    encode,
)

MOST_FIELDS = 200
MOST_BYTES = 1 << 20
"""Of one frozen schema, as JSON."""
_DEEPEST = 8
_MOST_CHOICES = 1000
_SIMPLE: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "seed": Seed,
    "weights": WeightsId,
    "none": type(None),
    "any": Any,
}
_NAMES = {kind: name for name, kind in _SIMPLE.items()}
_RESERVED = frozenset(name for name in dir(Params) if not name.startswith("__"))


class FrozenField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field: what forms see of it, and the type its values are converted to."""

    field: Field
    type: Any


class FrozenSchema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ``Params`` class as data."""

    name: str
    help: str
    fields: tuple[FrozenField, ...]


def freeze(params: type[Params]) -> dict[str, Any]:
    """Return ``params`` as plain data, ready for JSON and msgpack."""
    hints = typing.get_type_hints(params, include_extras=True)
    fields = [
        {
            "field": msgspec.to_builtins(field, enc_hook=encode),
            "type": _described(hints[field.name], 0),
        }
        for field in params.fields()
    ]
    return {"name": params.__name__, "help": (params.__doc__ or "")[:4000], "fields": fields}


def thaw(data: Mapping[str, Any]) -> type[Params]:
    """Return the class that ``freeze`` made ``data`` of; its ``check`` finds nothing.

    The data are a stranger's: nothing of them is believed that was not looked at.

    Raises:
        BadInput: They are no frozen schema, or one beyond the limits.
    """
    try:
        if len(msgspec.json.encode(data)) > MOST_BYTES:
            raise ValueError("it is larger than 1 MiB")
        schema = msgspec.convert(data, FrozenSchema)
        return _thawed(schema)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise BadInput(f"The parameters of the plugin cannot be read: {error}.") from error


def _thawed(schema: FrozenSchema) -> type[Params]:
    _check_name(schema.name)
    if len(schema.fields) > MOST_FIELDS:
        raise ValueError(f"it has more than {MOST_FIELDS} fields")
    if len({frozen.field.name for frozen in schema.fields}) < len(schema.fields):
        raise ValueError("two fields have the same name")
    fields: list[Field] = []
    declared: list[Any] = []
    for frozen in schema.fields:
        _check_name(frozen.field.name)
        kind = _type(frozen.type, 0)
        if frozen.field.required:
            field = frozen.field
            declared.append((field.name, kind))
        else:
            default = msgspec.convert(frozen.field.default, kind, dec_hook=decode)
            if isinstance(default, float):  # a whole number is shown as its author wrote it
                default = frozen.field.default
            field = dataclasses.replace(frozen.field, default=default)
            declared.append((field.name, kind, _default(default)))
        _check_bounds(field)
        if field.kind is FieldKind.FILE and field.default:
            raise ValueError(f"the default of {field.name} is a file, which only a person can pick")
        fields.append(field)
    check_references(fields)
    thawed = tuple(fields)
    params: Any = msgspec.defstruct(
        schema.name,
        declared,
        bases=(Params,),
        namespace={"fields": classmethod(lambda _: thawed), "__doc__": schema.help},
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )
    return cast("type[Params]", params)


def _default(value: Any) -> Any:
    if isinstance(value, list | dict):
        return msgspec.field(default_factory=lambda: copy.deepcopy(value))
    return msgspec.field(default=value)


def _check_name(name: str) -> None:
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise ValueError(f"{name[:40]!r} is not a name")
    if name in _RESERVED:
        raise ValueError(f"a field cannot be called {name!r}")


def _check_bounds(field: Field) -> None:
    """Refuse what would show only when a form is drawn."""
    if field.range is not None and not field.range.minimum <= field.range.maximum:
        raise ValueError(f"the range of {field.name!r} is empty")
    if field.range is not None and field.kind not in (FieldKind.INTEGER, FieldKind.NUMBER):
        raise ValueError(f"{field.name!r} has a range, though not a number")
    if field.kind is FieldKind.CHOICE and not field.choices:
        raise ValueError(f"{field.name!r} has no choices")
    if field.choice_titles and len(field.choice_titles) != len(field.choices):
        raise ValueError(f"{field.name!r} has other names than choices")


# --- types --------------------------------------------------------------------------------------


def _described(hint: Any, depth: int) -> Any:
    """Return a type as data; unsupported types become ``any``, validated by the plugin itself."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if depth > _DEEPEST:
        return "any"
    try:
        if name := _NAMES.get(hint):
            return name
    except TypeError:
        return "any"
    if isinstance(hint, type) and issubclass(hint, enum.StrEnum):
        return ["literal", *(str(member) for member in hint)]
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return ["literal", *inner]
    if origin in (typing.Union, types.UnionType):
        return ["union", *(_described(arm, depth + 1) for arm in inner)]
    if origin is list or (origin is tuple and inner[1:] == (...,)):
        return [origin.__name__, _described(inner[0], depth + 1)]
    if origin is dict:
        return ["dict", *(_described(arm, depth + 1) for arm in inner)]
    return "any"


def _type(described: Any, depth: int) -> Any:
    if isinstance(described, str) and described in _SIMPLE:
        return _SIMPLE[described]
    if depth > _DEEPEST or not (isinstance(described, list | tuple) and described):
        raise ValueError("a field has an unknown type")
    word, *inner = described
    if word == "literal" and 0 < len(inner) <= _MOST_CHOICES:
        return Literal[tuple(inner)]
    arms = tuple(_type(arm, depth + 1) for arm in inner[:_DEEPEST])
    makers: dict[Any, Any] = {("list", 1): list, ("tuple", 1): tuple, ("dict", 2): dict}
    if word == "union" and arms:
        return typing.Union[arms]  # noqa: UP007 - of as many arms as there are
    if maker := makers.get((word, len(arms))):
        return maker[(*arms, ...) if maker is tuple else arms]
    raise ValueError("a field has an unknown type")

"""Parameters of a task: one declaration gives form, flags, JSON Schema and checks.

Imports neither Qt nor torch: a plugin's ``schema.py`` is read in every process.

    class Generate(Params):
        prompt: Annotated[str, Text(lines=3)]
        steps: Annotated[int, Range(1, 150), Label("Steps", "More steps, finer detail.")] = 20
        seed: Seed = Seed.random()
        weights: Annotated[WeightsId, Capability("text-to-image")] = WeightsId()
"""

from __future__ import annotations

import dataclasses
import enum
import math
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin

import msgspec

from studio.api.errors import BadInput, ErrorCode, StudioError

# --- annotations ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Text:
    """A piece of text: lines its field shows, what an empty field says, how long it may be.

    ``from_file``: its flag names the file that the text is in. ``code``: a machine reads it, so its
    field has the font for code.
    """

    lines: int = 1
    placeholder: str = ""
    max_chars: int = 1_000_000
    from_file: bool = False
    code: bool = False


@dataclass(frozen=True)
class Range:
    """Bounds of a number, both included.

    ``step`` is one click of its field; ``unit`` is shown behind it; ``lowest`` is the word that its
    field shows for the minimum, where that stands for "none" or "by itself"; ``grouped`` digits are
    for what counts or measures, 12,345 tokens, and not for a name, such as the port 12345.
    """

    minimum: float
    maximum: float
    step: float | None = None
    unit: str = ""
    lowest: str = ""
    grouped: bool = True


@dataclass(frozen=True)
class Label:
    """The name a person reads, and one sentence of help (a tooltip, a line of ``--help``).

    ``choices`` names choices that are no words, or offers values of a text: ``{"vae": "…"}``.
    """

    title: str
    help: str = ""
    choices: Mapping[Any, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """The section of the form; an ``advanced`` group starts folded.

    ``inside``: the title of the group whose section holds this one.
    """

    title: str
    advanced: bool = False
    inside: str = ""


@dataclass(frozen=True)
class Capability:
    """Which weights fit a ``WeightsId``, or each of a list of them: ``text``, ``text-to-image``, …

    Of those that fit, the ones that have the capability ``prefer`` too come first: a task about
    code takes any weights for ``text``, and better those made for ``code``. A task that can do
    without them says ``WeightsId | None``: where none fit, the field is None. Either way, weights
    that nobody names are the best that fit; whoever wants none says None.
    """

    name: str
    prefer: str = ""


@dataclass(frozen=True)
class File:
    """A path the user picks; ``suffixes`` such as ``(".png", ".jpg")``, empty for any.

    ``folder``: a folder; with ``or_file`` it may be a file as well.
    """

    suffixes: tuple[str, ...] = ()
    folder: bool = False
    or_file: bool = False


@dataclass(frozen=True)
class ColumnsOf:
    """A text that names a column of the table that the field ``file`` names, or a list of such.

    The form offers those that the first row of the file has (comma, semicolon, tab or bar between
    them); where it finds none, a name is typed. Whether there is such a column is for the task.
    """

    file: str


@dataclass(frozen=True, init=False)
class ShownIf:
    """Asked for only while ``field`` has one of ``values``: ``ShownIf("mode", "advanced")``.

    Else the form leaves it at its default, so it needs one.
    """

    field: str
    values: tuple[Any, ...]

    def __init__(self, field: str, *values: Any) -> None:
        if any(isinstance(value, list | tuple) for value in values):
            raise TypeError("ShownIf takes its values one by one: ShownIf(field, *values)")
        object.__setattr__(self, "field", field)
        object.__setattr__(self, "values", values)


@dataclass(frozen=True)
class Hidden:
    """Not in the form: set by the page that owns it (still a CLI flag and in the record).

    Small things only: what is bulky is handed in beside the parameters (``studio.api.inputs``).
    """


@dataclass(frozen=True)
class RenamedFrom:
    """The name that the field had in earlier versions: records and files with it are still read."""

    name: str


class Seed(int):
    """The seed of a run.

    ``Seed.random()`` stands for "draw one when the job starts"; the record keeps the draw.
    """

    MAXIMUM: ClassVar[int] = 2**53 - 1

    @classmethod
    def random(cls) -> Seed:
        """Return the value that stands for a seed yet to be drawn."""
        return cls(-1)

    @property
    def is_random(self) -> bool:
        """Whether the seed is yet to be drawn."""
        return self < 0


class WeightsId(str):
    """The id of weights in the catalogue; empty for "the best that fits"."""

    __slots__ = ()


# --- fields -----------------------------------------------------------------------------------


class FieldKind(enum.StrEnum):
    """What sort of control a field needs."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    SEED = "seed"
    WEIGHTS = "weights"
    FILE = "file"
    LIST = "list"
    DATA = "data"


@dataclass(frozen=True)
class Field:
    """One parameter as forms, flags and schemas see it.

    Attributes:
        item: For ``LIST``, the kind of its items.
        choices: For ``CHOICE``, the values in order; for ``TEXT``, those that are offered.
        choice_titles: What a person reads for each; empty for one that is a word itself.
        columns_of: The field with the file whose columns it offers.
        renamed_from: The name that it had in earlier versions.
    """

    name: str
    kind: FieldKind
    title: str
    help: str = ""
    required: bool = False
    default: Any = None
    range: Range | None = None
    text: Text = Text()
    choices: tuple[Any, ...] = ()
    capability: str = ""
    prefer: str = ""
    file: File = File()
    group: Group = Group("")
    hidden: bool = False
    item: FieldKind | None = None
    optional: bool = False
    columns_of: str = ""
    shown_if: ShownIf | None = None
    renamed_from: str = ""
    choice_titles: tuple[str, ...] = ()

    @property
    def names_files(self) -> bool:
        """Whether its value is a path, or several."""
        return self.kind is FieldKind.FILE or self.file != File()

    def check(self, value: Any) -> None:
        """Check one value of the right type against the bounds of this field.

        Raises:
            BadInput: It is out of bounds; names the field.
        """
        _check(self, value)


class Params(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Base of a task's parameters. Fields are annotated; defaults make them optional."""

    @classmethod
    def fields(cls) -> tuple[Field, ...]:
        """Return the fields in the order they were declared."""
        return _fields(cls)

    @classmethod
    def parse(cls, values: dict[str, Any]) -> Self:
        """Return checked parameters.

        Raises:
            BadInput: A name is unknown, a value is missing, of the wrong type or out of bounds.
            StudioError: ``PLUGIN_FAILED``: a default of the plugin's own is out of its bounds.
        """
        fields = {field.name: field for field in cls.fields()}
        renamed = {field.renamed_from: field.name for field in cls.fields() if field.renamed_from}
        values = {renamed.get(name, name): value for name, value in values.items()}
        for name in values:
            if name not in fields:
                raise BadInput(
                    f"There is no parameter called {name!r}.",
                    f"Known parameters: {', '.join(fields)}.",
                )
        for name, field in fields.items():
            if field.required and values.get(name) in (None, ""):
                raise BadInput(f"{field.title} is missing.", f"Give a value for “{field.title}”.")
        unsaid = {
            name: field.default
            for name, field in fields.items()
            if field.kind is FieldKind.WEIGHTS and not field.required
        }
        try:
            params = msgspec.convert(unsaid | values, cls, dec_hook=decode, strict=False)
        except msgspec.ValidationError as error:
            raise BadInput(f"A parameter has the wrong type: {error}.") from error
        for name, field in fields.items():
            value = getattr(params, name)
            try:
                _check(field, value)
            except BadInput as error:
                if field.required or value != field.default:
                    raise
                raise _bad_default(field, error) from error
        params.check()
        return params

    def check(self) -> None:
        """Override to check what no field says alone; runs before a job is made.

        Raises:
            BadInput: These values do not go together, or one is not what it should be.
        """

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON, msgpack and the record."""
        plain: dict[str, Any] = msgspec.to_builtins(self, enc_hook=encode)
        return plain

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return a JSON Schema (draft 2020-12) of the parameters."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": cls.__name__,
            "type": "object",
            "properties": {f.name: _field_schema(f) for f in cls.fields()},
            "required": [f.name for f in cls.fields() if f.required],
            "additionalProperties": False,
        }


def decode(kind: type, value: Any) -> Any:
    """Return plain data as a type of ours; the ``dec_hook`` of msgspec."""
    if kind is Seed and isinstance(value, int | str):
        return Seed(value)
    if kind is WeightsId and isinstance(value, str):
        return WeightsId(value)
    raise ValueError(f"expected {kind.__name__}")


def encode(value: Any) -> Any:
    """Return a value of our types as plain data; the ``enc_hook`` of msgspec."""
    if isinstance(value, Seed):
        return int(value)
    if isinstance(value, WeightsId):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} is not plain data")


_FIELDS: dict[type, tuple[Field, ...]] = {}


def _fields(cls: type[Params]) -> tuple[Field, ...]:
    if cls not in _FIELDS:
        hints = typing.get_type_hints(cls, include_extras=True)
        infos = {f.name: f for f in msgspec.structs.fields(cls)}
        fields = tuple(_field(info.name, hints[info.name], info) for info in infos.values())
        check_references(fields)
        _FIELDS[cls] = fields
    return _FIELDS[cls]


def check_references(fields: Sequence[Field]) -> None:
    """Check what fields say of each other.

    Raises:
        TypeError: A field names another that there is not, or that is not what it must be.
    """
    by_name = {field.name: field for field in fields}
    above: set[str] = set()
    for field in fields:
        if field.columns_of:
            file = by_name.get(field.columns_of)
            is_text = FieldKind.TEXT in (field.kind, field.item)
            if not is_text or file is None or file.kind is not FieldKind.FILE:
                raise TypeError(f"{field.name!r}: ColumnsOf is for texts, and names a File field")
        if field.shown_if is not None:
            if field.shown_if.field not in above:
                raise TypeError(f"{field.name!r}: ShownIf must name a field above it")
            if field.required:
                raise TypeError(f"{field.name!r}: a field with ShownIf needs a default")
        above.add(field.name)


def _field(name: str, hint: Any, info: Any) -> Field:
    notes: dict[type, Any] = {}
    if get_origin(hint) is Annotated:
        hint, *extra = get_args(hint)
        notes = {type(note): note for note in extra}
    default = info.default
    if default is msgspec.NODEFAULT and info.default_factory is not msgspec.NODEFAULT:
        default = info.default_factory()
    required = default is msgspec.NODEFAULT
    hint, optional = _strip_none(hint)
    kind, choices, item = _kind(hint, notes)
    if kind is FieldKind.WEIGHTS and default is None:
        default = WeightsId()  # "the best that fits" is what unsaid weights mean; see ``parse``
    label = notes.get(Label, Label(name.replace("_", " ").capitalize()))
    fitting = notes.get(Capability, Capability(""))
    return Field(
        name=name,
        kind=kind,
        title=label.title,
        help=label.help,
        required=required,
        default=None if required else default,
        range=notes.get(Range),
        text=notes.get(Text, Text()),
        choices=choices or tuple(label.choices),
        capability=fitting.name,
        prefer=fitting.prefer,
        file=notes.get(File, File()),
        group=notes.get(Group, Group("")),
        hidden=Hidden in notes,
        item=item,
        optional=optional,
        columns_of=notes[ColumnsOf].file if ColumnsOf in notes else "",
        shown_if=notes.get(ShownIf),
        renamed_from=notes[RenamedFrom].name if RenamedFrom in notes else "",
        choice_titles=tuple(label.choices.get(choice, "") for choice in choices or label.choices),
    )


def _strip_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (typing.Union, types.UnionType):
        rest = [arm for arm in get_args(hint) if arm is not type(None)]
        if len(rest) == 1:
            return rest[0], True
    return hint, False


def _kind(hint: Any, notes: dict[type, Any]) -> tuple[FieldKind, tuple[Any, ...], FieldKind | None]:
    origin = get_origin(hint)
    if origin is Literal:
        return FieldKind.CHOICE, get_args(hint), None
    if isinstance(hint, type) and issubclass(hint, enum.StrEnum):
        return FieldKind.CHOICE, tuple(str(member) for member in hint), None
    if origin in (list, tuple):
        inner = get_args(hint)[0]
        return FieldKind.LIST, (), _kind(inner, {})[0]
    if File in notes:
        return FieldKind.FILE, (), None
    simple = {
        Seed: FieldKind.SEED,
        WeightsId: FieldKind.WEIGHTS,
        bool: FieldKind.SWITCH,
        int: FieldKind.INTEGER,
        float: FieldKind.NUMBER,
        str: FieldKind.TEXT,
    }
    return simple.get(hint, FieldKind.DATA), (), None


def plain_number(value: float) -> str:
    """Return a bound as a person writes it: ``1000000``, ``0.05``."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:g}"


def _bad_default(field: Field, error: BadInput) -> StudioError:
    """Return the error for a value that nobody chose: the plugin's own default."""
    return StudioError(
        ErrorCode.PLUGIN_FAILED,
        f"The default of {field.title} does not fit the plugin's own limits: {error.message}",
        f"Enter another value for {field.title}, and tell the plugin's author.",
    )


def _check(field: Field, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput(f"{field.title} must be a finite number; you entered {value}.")
    if field.range and not field.range.minimum <= value <= field.range.maximum:
        low, high = field.range.minimum, field.range.maximum
        bounds = f"between {plain_number(low)} and {plain_number(high)}"
        raise BadInput(f"{field.title} must be {bounds}; you entered {value}.")
    if field.kind is FieldKind.TEXT and len(value) > field.text.max_chars:
        raise BadInput(
            f"{field.title} has {len(value):,} characters; the limit is {field.text.max_chars:,}.",
            "Shorten it.",
        )
    if field.kind is FieldKind.SEED and value > Seed.MAXIMUM:
        raise BadInput(f"{field.title} must be at most {Seed.MAXIMUM}; you entered {value}.")


_JSON_TYPES = {
    FieldKind.TEXT: "string",
    FieldKind.INTEGER: "integer",
    FieldKind.NUMBER: "number",
    FieldKind.SWITCH: "boolean",
    FieldKind.SEED: "integer",
    FieldKind.WEIGHTS: "string",
    FieldKind.FILE: "string",
    FieldKind.LIST: "array",
}


def _field_schema(field: Field) -> dict[str, Any]:
    schema: dict[str, Any] = {"title": field.title}
    if field.help:
        schema["description"] = field.help
    if field.kind is FieldKind.CHOICE:
        schema["enum"] = list(field.choices)
    elif field.kind in _JSON_TYPES:
        schema["type"] = _JSON_TYPES[field.kind]
    if field.item in _JSON_TYPES:
        schema["items"] = {"type": _JSON_TYPES[field.item]}
    if field.range:
        schema["minimum"], schema["maximum"] = field.range.minimum, field.range.maximum
    if field.kind is FieldKind.TEXT:
        schema["maxLength"] = field.text.max_chars
    if not field.required:
        schema["default"] = msgspec.to_builtins(field.default, enc_hook=encode)
    return schema

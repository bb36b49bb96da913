"""Turns the parameters of a task into flags, and flags into values. ``Params`` checks them."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, NoReturn

from studio.api.errors import BadInput
from studio.api.params import Field, FieldKind, Params
from studio.base.parameter_help import RESERVED, flag_of, is_plain, limits, section_of
from studio.protocol.regular_file import open_regular, read_regular

STDIN = "-"
_POSITIONAL = "main"


class ArgumentParser(argparse.ArgumentParser):
    """A parser that tells mistakes the way the rest of the studio does."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Raise what would otherwise be printed with a page of usage."""
        raise BadInput(f"{message[:1].upper()}{message[1:]}.", f"See `{self.prog} --help`.")


class _Exclusion(argparse.BooleanOptionalAction):
    """A switch called ``no_alerts``: ``--no-alerts`` sets it, ``--allow-alerts`` clears it."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, **options)
        self.option_strings = [flag.replace("--no-no-", "--allow-") for flag in self.option_strings]

    def __call__(
        self, parser: object, namespace: argparse.Namespace, values: object, flag: str | None = None
    ) -> None:
        setattr(namespace, self.dest, not str(flag).startswith("--allow-"))


def add_positional(parser: argparse.ArgumentParser, params: type[Params]) -> None:
    """Let the main field of ``params`` be given without its flag, if it has one."""
    if field := main_field(params):
        parser.add_argument(
            _POSITIONAL,
            nargs="?",
            metavar=field.name.upper(),
            help=f"the same as {flag_of(field)}",
        )


def add_flags(
    parser: argparse.ArgumentParser, params: type[Params], leave_out: Collection[str] = ()
) -> None:
    """Add one flag for each field of ``params`` but some, under the headings of its form.

    Its name in earlier versions is a flag too, of which the help says nothing.
    """
    groups: dict[str, Any] = {}
    taken = RESERVED | {field.name for field in params.fields()}
    for field in sorted(params.fields(), key=lambda field: field.hidden):
        if field.name in leave_out:
            continue
        title = "Set by the page" if field.hidden else section_of(field) or "Parameters"
        if title not in groups:
            groups[title] = parser.add_argument_group(title)
        is_free = field.renamed_from and field.renamed_from not in taken
        former = [f"--{field.renamed_from.replace('_', '-')}"] if is_free else []
        _add_flag(groups[title], field, former)


def add_inputs(parser: argparse.ArgumentParser, names: Collection[str]) -> None:
    """Add the flag for a task's inputs beside its parameters, if it takes any."""
    if names:
        parser.add_argument(
            "--input",
            action="append",
            default=[],
            metavar="NAME=FILE",
            help=f"hand it the content of a file as: {', '.join(names)} (- reads standard input)",
        )


def inputs_of(arguments: argparse.Namespace, names: Collection[str]) -> dict[str, bytes]:
    """Return the inputs given, by name.

    Raises:
        BadInput: There is no such input, or no such file.
    """
    inputs: dict[str, bytes] = {}
    for given in getattr(arguments, "input", ()):
        name, _, file = given.partition("=")
        if name not in names or name in inputs:
            raise BadInput(
                f"--input must be one of {', '.join(names)}, each once, with its file; you gave "
                f"“{given}”."
            )
        try:
            inputs[name] = sys.stdin.buffer.read() if file == STDIN else read_regular(Path(file))
        except OSError as error:
            raise BadInput(
                f"The file of the input “{name}” cannot be read: {error.strerror or error}."
            ) from error
    return inputs


def values_of(arguments: argparse.Namespace, params: type[Params]) -> dict[str, Any]:
    """Return the parameters given, as ``Params.parse`` takes them, without missing ones.

    Raises:
        BadInput: A value is no number, no choice, no JSON or no file, or is given twice.
    """
    values: dict[str, Any] = {}
    plain, main = getattr(arguments, _POSITIONAL, None), main_field(params)
    for field in params.fields():
        given = getattr(arguments, _destination(field), None)
        if plain is not None and field == main:
            if given is not None:
                raise BadInput(f"{flag_of(field)} is given twice: “{plain}” and “{given}”.")
            given = plain
        if given is not None:
            values[field.name] = _value(field, given)
    return values


def main_field(params: type[Params]) -> Field | None:
    """Return the field that needs no flag: the one text or file that is required, else the first
    field where it is a text, else the one file; None where there are several, or none.
    """
    visible = [field for field in params.fields() if not field.hidden]
    files = [field for field in visible if field.kind is FieldKind.FILE]
    required = [
        field
        for field in visible
        if field.required and field.kind in (FieldKind.TEXT, FieldKind.FILE)
    ]
    first = [field for field in visible[:1] if field.kind is FieldKind.TEXT]
    candidates = required or first or files
    return candidates[0] if len(candidates) == 1 else None


def _destination(field: Field) -> str:
    return f"param_{field.name}"


def _add_flag(group: Any, field: Field, former: Collection[str]) -> None:
    options: dict[str, Any] = {"dest": _destination(field), "default": None, "help": _help(field)}
    if field.kind is FieldKind.SWITCH:
        is_exclusion = field.name.startswith("no_")
        options["action"] = _Exclusion if is_exclusion else argparse.BooleanOptionalAction
    else:
        options["metavar"] = _metavar(field)
        is_repeated = field.kind is FieldKind.LIST and is_plain(field)
        options["action"] = "append" if is_repeated else "store"
    flags = [flag_of(field), *former]
    for flag in flags:
        group.add_argument(flag, **options)
        options["help"] = argparse.SUPPRESS


def _metavar(field: Field) -> str:
    if field.kind is FieldKind.CHOICE:
        return "{" + ",".join(map(str, field.choices)) + "}"
    if field.kind is FieldKind.LIST and is_plain(field):
        return _METAVARS[field.item or FieldKind.TEXT]
    if field.text.from_file:
        return "FILE"
    return _METAVARS[field.kind]


def _help(field: Field) -> str:
    title = field.title if field.title.endswith((".", "?")) else f"{field.title}."
    return " ".join(filter(None, [title, field.help, *limits(field)])).replace("%", "%%")


def _value(field: Field, given: Any) -> Any:
    if field.kind is FieldKind.LIST and is_plain(field):
        return [_convert(field, field.item or FieldKind.TEXT, item) for item in given]
    return _convert(field, field.kind, given)


def _convert(field: Field, kind: FieldKind, given: Any) -> Any:
    convert = _CONVERTERS.get(kind)
    return convert(field, given) if convert else given


# --- one converter a kind ---------------------------------------------------------------------


def _text(field: Field, given: str) -> str:
    # One more than fits is enough to know that it is too much.
    if given == STDIN:
        return sys.stdin.read(field.text.max_chars + 1).removesuffix("\n")
    if not field.text.from_file:
        return given
    try:
        with io.TextIOWrapper(open_regular(Path(_file(field, given))), "utf-8") as file:
            return file.read(field.text.max_chars + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise _not_a(field, given, f"a text file ({error})") from error


def _integer(field: Field, given: str) -> int:
    try:
        return int(given)
    except ValueError as error:
        raise _not_a(field, given, "a whole number") from error


def _number(field: Field, given: str) -> float:
    try:
        return float(given)
    except ValueError as error:
        raise _not_a(field, given, "a number") from error


def _seed(field: Field, given: str) -> int:
    if given == "random":
        return -1
    seed = _integer(field, given)
    if seed < 0:
        raise _not_a(field, given, "0 or more, or the word random")
    return seed


def _choice(field: Field, given: str) -> Any:
    choices = {str(choice): choice for choice in field.choices}
    if given not in choices:
        raise _not_a(field, given, "one of " + ", ".join(choices))
    return choices[given]


def _file(field: Field, given: str) -> str:
    path = Path(given).expanduser().absolute()
    may_be_file = field.file.or_file or not field.file.folder
    if not (field.file.folder and path.is_dir()) and not (may_be_file and path.is_file()):
        kinds = [*["folder"] * field.file.folder, *["file"] * may_be_file]
        raise _not_a(field, given, f"an existing {' or '.join(kinds)}")
    return str(path)


def _data(field: Field, given: str) -> Any:
    try:
        return json.loads(sys.stdin.read() if given == STDIN else given)
    except (ValueError, RecursionError) as error:
        raise _not_a(field, given[:60], f"JSON ({error})") from error


def _not_a(field: Field, given: str, what: str) -> BadInput:
    return BadInput(f"{flag_of(field)} must be {what}; you entered “{given}”.")


_CONVERTERS: dict[FieldKind, Callable[[Field, str], Any]] = {
    FieldKind.TEXT: _text,
    FieldKind.INTEGER: _integer,
    FieldKind.NUMBER: _number,
    FieldKind.SEED: _seed,
    FieldKind.CHOICE: _choice,
    FieldKind.FILE: _file,
    FieldKind.DATA: _data,
    FieldKind.LIST: _data,
}

_METAVARS = {
    FieldKind.TEXT: "TEXT",
    FieldKind.INTEGER: "N",
    FieldKind.NUMBER: "X",
    FieldKind.SEED: "N|random",
    FieldKind.WEIGHTS: "ID",
    FieldKind.FILE: "PATH",
    FieldKind.LIST: "JSON",
    FieldKind.DATA: "JSON",
    FieldKind.CHOICE: "CHOICE",
    FieldKind.SWITCH: "",
}

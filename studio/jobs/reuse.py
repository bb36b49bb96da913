"""The settings of a result for a further run, with or without the seed; missing ones listed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from studio.api.params import FieldKind, Params


def settings_of(
    params: type[Params],
    used: Mapping[str, Any],
    weights: Collection[str],
    may_have: Callable[[str], bool],
    *,
    remix: bool = False,
) -> tuple[dict[str, Any], list[str]]:
    """Return the values to fill a form with, and the titles of unavailable ones.

    Args:
        params: As the task has them now.
        used: As the record has them.
        weights: Ids of those that can be used.
        may_have: Whether a file is one that the user chose, or need not be.
        remix: Leave the seeds to chance.
    """
    fields = {field.name: field for field in params.fields()}
    names = {field.renamed_from: field.name for field in params.fields() if field.renamed_from}
    used = {names.get(name, name): value for name, value in used.items()}
    values: dict[str, Any] = {}
    missing = [name.replace("_", " ") for name in used if name not in fields]
    for name, value in used.items():
        field = fields.get(name)
        if field is None:
            continue
        if field.kind is FieldKind.SEED and remix:
            value = field.default
        elif field.kind is FieldKind.WEIGHTS and value and value not in weights:
            missing.append(str(value))
            continue
        elif field.item is FieldKind.WEIGHTS:
            missing += [str(item) for item in value or () if item not in weights]
            value = [item for item in value or () if item in weights]
        elif field.kind is FieldKind.FILE and value and not _is_usable(str(value), may_have):
            missing.append(Path(str(value)).name)
            continue
        values[name] = value
    return values, missing


def _is_usable(path: str, may_have: Callable[[str], bool]) -> bool:
    return Path(path).exists() and may_have(path)

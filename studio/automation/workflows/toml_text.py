"""Writes a workflow as the TOML file that a person would write."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec

from studio.automation.workflows.document import FORMAT, FreeParam, InputEntry, Workflow
from studio.base import disk


def write(path: Path, workflow: Workflow) -> None:
    """Write a workflow to a file, durably.

    Raises:
        StudioError: The disk refused.
    """
    try:
        disk.write_durably(path, to_toml(workflow).encode())
    except OSError as error:
        raise disk.explain(error, "save the workflow", path.parent) from error


def to_toml(workflow: Workflow) -> str:
    """Return the file of a workflow, as a person would write it."""
    lines = [f"format = {FORMAT}", f"name = {_toml(workflow.name)}"]
    if workflow.about:
        lines.append(f"about = {_toml(workflow.about)}")
    lines += ["", "[input]", *_pairs(workflow.input, InputEntry)]
    if workflow.plugins:
        lines += ["", "[plugins]", *(f"{n} = {_toml(v)}" for n, v in workflow.plugins.items())]
    for name, free in workflow.params.items():
        lines += ["", f"[params.{name}]", *_pairs(free, FreeParam)]
    for step in workflow.step:
        lines += ["", "[[step]]", f"id = {_toml(step.id)}", f"task = {_toml(step.task)}"]
        if step.until:
            lines += [f"until = {_toml(step.until)}", f"at_most = {step.at_most}"]
        if step.only_if:
            lines.append(f"only_if = {_toml(step.only_if)}")
        for title, values in (("inputs", step.inputs), ("params", step.params)):
            if values:
                lines.append(f"[step.{title}]")
                lines += [f"{name} = {_toml(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def _pairs(entry: msgspec.Struct, kind: type[msgspec.Struct]) -> list[str]:
    """Return the lines of the fields that differ from their defaults."""
    lines = []
    for field in msgspec.structs.fields(kind):
        value = getattr(entry, field.name)
        if field.name in ("kind", "type") or value not in (field.default, None):
            lines.append(f"{field.name} = {_toml(value)}")
    return lines


def _toml(value: Any) -> str:
    """Return plain data as TOML; texts of several lines as such."""
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(name)} = {_toml(item)}" for name, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str) and "\n" in value:
        lines = [_quoted(line) for line in value.split("\n")]
        return '"""\n' + "\n".join(lines) + '"""'
    if isinstance(value, str):
        return f'"{_quoted(value)}"'
    return json.dumps(value)


def _quoted(text: str) -> str:
    """Return ``text`` without the characters that TOML does not take in a string."""
    return json.dumps(text, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{_quoted(name)}"'

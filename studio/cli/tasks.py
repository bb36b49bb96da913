"""``studio tasks``: the tasks of the plugins and their parameters. Runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from studio.api.manifest import TaskEntry
from studio.api.window.tools import Tool
from studio.automation.tools.task_tools import task_tools
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.plugins import Plugin


def main(argv: Sequence[str], session: StudioSession) -> int:
    """List the tasks, or print the parameters of one as JSON Schema."""
    parser = ArgumentParser(prog="studio tasks", description="List the tasks of all plugins.")
    parser.add_argument("task", nargs="?", metavar="TASK", help="only this one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--schema", action="store_true", help="print the parameters as JSON Schema, by task"
    )
    parser.add_argument(
        "--tools", action="store_true", help="print what language models may use, as functions"
    )
    arguments = parser.parse_args(argv)
    host = session.plugins
    if arguments.tools:
        output.print_json({"tools": [_as_function(offer.tool) for offer in task_tools(host)]})
        return ExitCode.OK
    rows = [host.task(arguments.task)] if arguments.task else host.tasks()
    if arguments.schema:
        output.print_json({t.id: host.params_class(t.id).json_schema() for _, t in rows})
    elif arguments.json:
        output.print_json({"tasks": [_as_json(plugin, task) for plugin, task in rows]})
    else:
        _print(rows)
    return ExitCode.OK


def _as_json(plugin: Plugin, task: TaskEntry) -> dict[str, Any]:
    return {
        "id": task.id,
        "title": task.title,
        "summary": task.summary,
        "plugin": plugin.id,
        "produces": list(task.produces),
        "lane": str(task.lane),
    }


def _as_function(tool: Tool) -> dict[str, Any]:
    """Return a tool in the form that chat templates and the OpenAI interface share."""
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.model_schema(),
    }
    return {"type": "function", "function": function}


def _print(rows: Sequence[tuple[Plugin, TaskEntry]]) -> None:
    if not rows:
        output.say("There are no tasks because no plugin is enabled. See `studio plugins list`.")
        return
    cells = [(t.id, t.title, ", ".join(t.produces), t.summary) for _, t in rows]
    output.print_table(cells, head=("TASK", "TITLE", "OUTPUT", ""))
    output.hint("Run `studio run TASK --help` for the parameters of a task.")

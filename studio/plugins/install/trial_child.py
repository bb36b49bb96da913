"""Tries a plugin's code: imports it, freezes its schemas, and writes down the findings.

Runs in a process that is thrown away, as a script of its own: it may import ``studio.api`` alone.
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from typing import Any


def main(order: str, answer: str) -> None:
    """Execute the order in the file ``order``, and write the file ``answer``."""
    with open(order, encoding="utf-8") as file:
        wanted: dict[str, Any] = json.load(file)
    result: dict[str, Any] = {"schemas": {}, "where": "", "error": "", "trace": ""}
    try:
        for where in _look(wanted, result["schemas"]):
            result["where"] = where
    except BaseException as error:  # noqa: BLE001 - whatever it does is what was to be found out
        result["error"] = f"{type(error).__name__}: {error}"[:1000]
        result["trace"] = traceback.format_exc()[-20000:]
    else:
        result["where"] = ""
    with open(answer, "w", encoding="utf-8") as file:
        json.dump(result, file)


def _look(wanted: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """Import all modules; yield a description of each step before it."""
    import pluggy

    from studio.api.frozen_schema import freeze
    from studio.api.hookspecs import PROJECT, WorkerHooks
    from studio.api.params import Params

    for task, place in wanted["tasks"].items():
        yield f"schema of {task}"
        module, _, name = place.partition(":")
        schema = getattr(importlib.import_module(module), name, None)
        if not (isinstance(schema, type) and issubclass(schema, Params)):
            raise TypeError(f"{place} is not a subclass of Params")
        schemas[task] = freeze(schema)
    if wanted["worker"]:
        yield "import of its worker"
        worker = importlib.import_module(wanted["worker"])
        yield "list of its tasks"
        hooks = pluggy.PluginManager(PROJECT)
        hooks.add_hookspecs(WorkerHooks)
        hooks.register(worker)
        offered = {name for group in hooks.hook.studio_tasks() for name in group}
        lacking = wanted["tasks"].keys() - offered
        if lacking:
            raise LookupError(f"its worker lacks {', '.join(sorted(lacking))}")
    if wanted["plugin"]:
        yield "import of its window half"
        importlib.import_module(wanted["plugin"])


if __name__ == "__main__":
    main(*sys.argv[1:])

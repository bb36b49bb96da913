"""``studio bench``: what the studio costs here, as ratios within one run. Judges nothing."""

from __future__ import annotations

import argparse
import importlib
import os
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from studio.cli.bench import plugins
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession

BENCHES = {
    "start": "first frame, page and answer, and idle memory, compared with bare PySide6 and torch",
    "link": "a round trip to the runtime, compared with a bare pipe between two processes",
    "text": "loading, prompt processing, generation and fidelity of text, compared with llama.cpp",
    "structured": "structured output: 200 replies checked, and their speed compared with free text",
    "tools": "sixty requests to a chat with tools: the right ones, valid arguments, none unasked",
    "chat-everyday": "a hundred everyday questions to each chat model, judged by rule",
    "lanes": "a chat beside pictures, and beside a training, compared with each alone",
    "pool": "loading and reloading a model, compared with reading the file; memory left behind",
    "provenance": "bytes and time of a signed export, compared with a plain copy; tampering found",
    "sandbox": "a run in the sandbox, compared with a bare one, and what a thousand runs leave "
    "behind",
    "plugins": "a plugin in a process of its own: start, memory and calls, compared with bare "
    "Python",
    "library": "opening, scrolling and searching the Gallery of 100,000 results",
    "storm": "300 random jobs of all plugins, stopped and killed, in less memory than they need",
    "nothing-lost": "faults done to libraries, queues and workflows on purpose, and what was lost",
    "chat": "window time per streamed token, compared with its budget of one millisecond",
}
"""Bench → one line. Each is a module: ``measure(session)`` returns figures, ``ratio`` first; rows
under ``table`` are printed as one. With ``add_arguments(parser)`` it takes some of its own, and
``measure(session, arguments)`` gets them.

The benches of plugins come from their manifests.
"""


def main(argv: Sequence[str], session: StudioSession) -> int:
    """Run one bench, or list them."""
    benches = {**BENCHES, **plugins.titles(session), **BENCHES}  # no plugin takes a name of ours
    listing = "\n".join(f"  {name:<15} {text}" for name, text in benches.items())
    parser = ArgumentParser(
        prog="studio bench",
        description="Run a benchmark. Results are ratios within one run, so machines can be "
        "compared.",
        epilog=f"benches:\n{listing}",
    )
    parser.add_argument("name", nargs="?", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="list the benchmarks")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    for name in BENCHES.keys() & set(argv):
        if add_arguments := getattr(_module(name), "add_arguments", None):
            add_arguments(parser)
    arguments = parser.parse_args(argv)
    if arguments.list:
        _list(benches, arguments.json)
        return ExitCode.OK
    if arguments.name not in benches:
        said = f"there is no benchmark “{arguments.name}”" if arguments.name else "name a benchmark"
        parser.error(f"{said}; available: {', '.join(benches)}")
    # Figures are of the studio's own engine, unless somebody asks for another.
    os.environ.setdefault("STUDIO_TEXT_ENGINE", "torch")
    figures = dict(_measure(arguments, session))
    if arguments.json:
        output.print_json({"bench": arguments.name, **figures})
    else:
        output.say(f"{arguments.name}: {benches[arguments.name]}")
        table = figures.pop("table", ())
        for name, value in figures.items():
            output.say(f"  {name:<36} {_in_words(value)}")
        if table:
            output.say()
            rows = [[_in_words(cell) for cell in row.values()] for row in table]
            output.print_table(rows, head=list(table[0]))
    return ExitCode.OK


def _measure(arguments: argparse.Namespace, session: StudioSession) -> Mapping[str, Any]:
    if arguments.name not in BENCHES:
        return plugins.measure(session, arguments.name)
    module = _module(arguments.name)
    figures: Mapping[str, Any]
    if hasattr(module, "add_arguments"):
        figures = module.measure(session, arguments)
    else:
        figures = module.measure(session)
    return figures


def _module(name: str) -> ModuleType:
    # ``plugins`` beside this is about what plugins measure themselves.
    name = "plugin_process" if name == "plugins" else name.replace("-", "_")
    return importlib.import_module(f"studio.cli.bench.{name}")


def _list(benches: Mapping[str, str], as_json: bool) -> None:
    if as_json:
        output.print_json({"benches": benches})
    else:
        output.print_table(benches.items(), head=("BENCHMARK", "MEASURES"))


def _in_words(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_in_words(each)}" for name, each in value.items()) or "none"
    if value is None:
        return "–"
    if isinstance(value, list | tuple):
        return ", ".join(map(_in_words, value)) or "none"
    return str(value)

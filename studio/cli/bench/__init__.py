"""``studio bench``: what the studio costs here, as ratios within one run. Judges nothing."""

from __future__ import annotations

import argparse
import importlib
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from studio.cli.bench import plugins
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession


class Bench(NamedTuple):
    """A benchmark: ``measure(session)`` in ``module`` returns figures, ``ratio`` first.

    Rows under ``table`` are printed as one. With ``add_arguments(parser)`` beside it, ``measure``
    also gets the parsed arguments.

    Attributes:
        title: One line.
        takes_context: Whether ``measure`` takes a ``BenchContext`` instead, as a plugin's does.
    """

    title: str
    module: str
    takes_context: bool = False


BENCHES = {
    "start": Bench(
        "first frame, page and answer, and idle memory, compared with bare PySide6 and torch",
        "studio.cli.bench.start",
    ),
    "text": Bench(
        "loading, prompt processing, generation and fidelity of text, compared with llama.cpp",
        "studio.cli.bench.text",
    ),
}
"""The studio's own, by name; those of plugins come from their manifests."""


def main(argv: Sequence[str], session: StudioSession) -> int:
    """Run one bench, or list them."""
    return run(argv, session, BENCHES, "studio bench")


def run(argv: Sequence[str], session: StudioSession, own: Mapping[str, Bench], program: str) -> int:
    """Run the bench that ``argv`` names, one of ``own`` or of a plugin, and print its figures."""
    own_titles = {name: bench.title for name, bench in own.items()}
    # No plugin takes one of our names.
    titles = {**own_titles, **plugins.titles(session), **own_titles}
    listing = "\n".join(f"  {name:<18} {title}" for name, title in titles.items())
    parser = ArgumentParser(
        prog=program,
        description="Run a benchmark. Results are ratios within one run, so machines can be "
        "compared.",
        epilog=f"benches:\n{listing}",
    )
    parser.add_argument("name", nargs="?", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="list the benchmarks")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    for name in own.keys() & set(argv):
        module = importlib.import_module(own[name].module)
        if add_arguments := getattr(module, "add_arguments", None):
            add_arguments(parser)
    arguments = parser.parse_args(argv)
    if arguments.list:
        _list(titles, arguments.json)
        return ExitCode.OK
    if arguments.name not in titles:
        problem = (
            f"there is no benchmark “{arguments.name}”" if arguments.name else "name a benchmark"
        )
        parser.error(f"{problem}; available: {', '.join(titles)}")
    # Figures are of the studio's own engine, unless somebody asks for another.
    os.environ.setdefault("STUDIO_TEXT_ENGINE", "torch")
    figures = dict(_measure(arguments, session, own.get(arguments.name)))
    if arguments.json:
        output.print_json({"bench": arguments.name, **figures})
    else:
        output.say(f"{arguments.name}: {titles[arguments.name]}")
        table = figures.pop("table", ())
        for name, value in figures.items():
            output.say(f"  {name:<36} {_as_text(value)}")
        if table:
            output.say()
            rows = [[_as_text(cell) for cell in row.values()] for row in table]
            output.print_table(rows, head=list(table[0]))
    return ExitCode.OK


def _measure(
    arguments: argparse.Namespace, session: StudioSession, bench: Bench | None
) -> Mapping[str, Any]:
    if bench is None:
        return plugins.measure(session, arguments.name)
    if bench.takes_context:
        with plugins.context(session) as context:
            return plugins.figures(arguments.name, bench.module, context)
    module = importlib.import_module(bench.module)
    figures: Mapping[str, Any]
    if hasattr(module, "add_arguments"):
        figures = module.measure(session, arguments)
    else:
        figures = module.measure(session)
    return figures


def _list(titles: Mapping[str, str], as_json: bool) -> None:
    if as_json:
        output.print_json({"benches": titles})
    else:
        output.print_table(titles.items(), head=("BENCHMARK", "MEASURES"))


def _as_text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_as_text(item)}" for name, item in value.items()) or "none"
    if value is None:
        return "–"
    if isinstance(value, list | tuple):
        return ", ".join(map(_as_text, value)) or "none"
    return str(value)

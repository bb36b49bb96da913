"""The bench ``text``: our engine beside llama.cpp, with the same file, prompt and threads.

Each engine has a child process; they are asked in turn. One module for each thing that is measured.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from typing import Any

from studio.cli.bench.text import fidelity, installs, repeat_costs, speed
from studio.cli.bench.text.child import Child, NotMeasured
from studio.cli.terminal.studio_session import StudioSession

_OURS = "studio.runtime.engines.text.bench.child"
"""Named, not imported: the command line never imports torch."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this bench can be told."""
    parser.add_argument(
        "--weights", default="", help="text: which model (default: the best available)"
    )
    parser.add_argument(
        "--threads", type=int, default=1, help="text: threads per engine (default 1)"
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="text: rounds; the median counts (default 3)"
    )
    parser.add_argument(
        "--native", action="store_true", help="text: also build and measure llama.cpp"
    )
    parser.add_argument(
        "--wheel", action="store_true", help="text: also download and measure the llama.cpp wheel"
    )
    parser.add_argument("--device", default="", help="text: compare on a GPU instead (cuda)")


def measure(session: StudioSession, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return ours divided by theirs, against the native build or else the wheel, and all rates.

    ``known_text`` is ours alone: what comes after known text, by the same without knowing it. With
    ``--device`` there is nothing else.

    With one thread, seconds are the processor's, so a busy machine does not count; else the wall's.
    """
    catalogue = session.weights
    weights = catalogue.get(arguments.weights) if arguments.weights else None
    path = (weights or catalogue.default_for("text")).path
    if arguments.device:
        return {"weights": path.name, **repeat_costs.measure(path, arguments.device)}
    folder = session.paths.cache / "bench"
    missing: dict[str, str] = {}
    with ExitStack() as stack:

        def started(title: str, python: str, module: str, *words: str) -> Child:
            child = Child(title, python, module, path, arguments.threads, *words)
            return stack.enter_context(child)

        ours = started("ours", sys.executable, _OURS, str(folder / "packed"))
        names = {"ours": ours.ask("load")["name"]}
        children = [ours]
        for install in (installs.NATIVE, installs.WHEEL):
            try:
                fetch = bool(getattr(arguments, install.title))
                python = installs.python_for(install, folder, fetch=fetch)
                child = started(install.title, python, install.module)
                names[install.title] = child.ask("load")["name"]
                children.append(child)
            except NotMeasured as error:
                missing[install.title] = f"not measured: {error}"
        rows = speed.rates(children, max(arguments.rounds, 1))
        kl: dict[str, float] = {}
        try:
            reference = started("reference", sys.executable, _OURS, "float32")
            kl = fidelity.divergences(children, ours, reference, path)
        except NotMeasured as error:
            missing["fidelity"] = f"not measured: {error}"
    figures: dict[str, Any] = {"weights": path.name, "threads": arguments.threads}
    for child, row in zip(children[1:], rows[1:], strict=True):
        ratios = {name: rows[0][name] / rate for name, rate in row.items()}
        if child.title in kl:
            ratios["fidelity"] = kl[child.title] / max(kl["ours"], 1e-12)
        figures.setdefault("ratios", ratios)
        figures[f"ratios_{child.title}"] = ratios
    figures.setdefault("ratios", "not measured")
    figures["known_text"] = repeat_costs.measure(path)
    titles = [child.title for child in children]
    return {
        **figures,
        **missing,
        "table": [
            {"engine": names[title], **row, "kl": kl.get(title)}
            for title, row in zip(titles, rows, strict=True)
        ],
    }

"""Versions of code run against each other in the sandbox, all on the same probes."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Mapping, Sequence
from typing import Final

from studio.api import Event, TaskContext
from studio_code.evidence.probes import Probe
from studio_code.execution import report
from studio_code.execution.python_runner import inside

SECONDS: Final = 20.0
"""All versions together."""
EACH: Final = 1.0


def compare(
    ctx: TaskContext,
    versions: Sequence[tuple[str, Mapping[str, str]]],
    probes: Sequence[Probe],
    files: Mapping[str, str],
) -> Generator[Event, None, list[list[str]]]:
    """Return the spelled outcome of each probe for each version; see ``version_runner``.

    Args:
        versions: Code, and a mapping of probe names to the names used in that version.
        files: Files beside it.
    """
    token = secrets.token_hex(8)
    names = [f"_version_{token}_{number}" for number in range(len(versions))]
    texts = {f"{name}.py": text for name, (text, _) in zip(names, versions, strict=True)}
    wish = {
        "versions": [
            {"module": name, "called": dict(called)}
            for name, (_, called) in zip(names, versions, strict=True)
        ],
        "probes": f"_probes_{token}",
        "count": len(probes),
        "seconds": SECONDS,
        "each": EACH,
    }
    texts[f"_probes_{token}.py"] = _source(probes)
    message = f"Comparing {len(versions)} versions on {len(probes)} inputs"
    _, data = yield from inside(
        ctx, "version_runner", {**files, **texts}, wish, SECONDS + 10, message=message
    )
    returned = report.read(data).given
    return [list(returned.get(number, ())) for number in range(len(versions))]


def _source(probes: Sequence[Probe]) -> str:
    """Return a module with a function per probe; the called names come from a version."""
    parts = ["import version\nglobals().update(vars(version))"]
    for number, probe in enumerate(probes):
        lines = [*probe.setup.split("\n"), f"return {probe.expression}"]
        body = "\n".join(f"    {line}" for line in lines)
        parts.append(f"def probe_{number}():\n{body}")
    return "\n\n\n".join(parts) + "\n"

"""Benchmarks for the studio's makers: ``make bench NAME`` in a checkout, after ``make setup``.

They compare it with published tables, or with itself of yesterday. What a user measures on a
machine of his own is ``studio bench``; its names run here, too.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

from studio.cli.bench import BENCHES as OF_USERS
from studio.cli.bench import Bench

_HERE = Path(__file__).resolve().parent


def _benches() -> Iterator[tuple[str, Bench]]:
    for kind, rows in tomllib.loads((_HERE / "benches.toml").read_text("utf-8")).items():
        for name, row in rows.items():
            yield name, Bench(row["title"], f"benchmarks.{row['module']}", kind == "tasks")


BENCHES = {**OF_USERS, **dict(_benches())}


def child_environment() -> dict[str, str]:
    """Return the environment of a child process that imports benchmarks."""
    paths = (str(_HERE.parent), os.environ.get("PYTHONPATH"))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}

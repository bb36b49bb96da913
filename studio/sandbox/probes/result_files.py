"""Probes that leave something among the results which a careless reader would swallow."""

from __future__ import annotations

import os
import stat

from studio.sandbox.probes.fixture import Fixture
from studio.sandbox.probes.probe import Probe, Seen

_NAME = "result.txt"
_MOST = 300


def _came_back(seen: Seen, fixture: Fixture) -> bool:
    return _NAME in seen.files


def _secret_came_back(seen: Seen, fixture: Fixture) -> bool:
    return seen.files.get(_NAME) == fixture.secret.encode()


def _lies_there(seen: Seen) -> os.stat_result:
    assert seen.folder is not None
    return (seen.folder / _NAME).lstat()


def _is_pipe(seen: Seen, fixture: Fixture) -> bool:
    return stat.S_ISFIFO(_lies_there(seen).st_mode)


def _is_hollow(seen: Seen, fixture: Fixture) -> bool:
    path = _lies_there(seen)
    return path.st_blocks * 512 < path.st_size


def _too_many(seen: Seen, fixture: Fixture) -> bool:
    return len(seen.files) >= _MOST


def _unprintable(seen: Seen, fixture: Fixture) -> bool:
    return any(not name.isprintable() for name in seen.files)


def _in_results(name: str, script: str, **judges: object) -> Probe:
    return Probe(name, script, collect=("*.txt",), **judges)  # type: ignore[arg-type]


PROBES = (
    _in_results(
        "a link among the results", f"os.symlink(facts['secret'], '{_NAME}')",
        leaked=_secret_came_back, proof=_secret_came_back,
    ),
    _in_results(
        "a second name among the results", f"os.link(facts['secret'], '{_NAME}')",
        leaked=_secret_came_back, proof=_secret_came_back,
    ),
    _in_results(
        "a pipe among the results", f"os.mkfifo('{_NAME}')", leaked=_came_back, proof=_is_pipe
    ),
    _in_results(
        "a hollow file among the results", f"open('{_NAME}', 'wb').truncate(60 << 20)",
        leaked=_came_back, proof=_is_hollow,
    ),
    _in_results(
        "too many results", f"for n in range({_MOST}): open(f'{{n}}.txt', 'w').write('x')",
        leaked=_too_many, proof=_too_many,
    ),
    _in_results(
        "a result whose name steers the terminal", r"open('\x1b[2J.txt', 'w').write('x')",
        leaked=_unprintable, proof=_unprintable,
    ),
)  # fmt: skip

"""Runs probes: each in the sandbox and, as control, without. Judges by their traces."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from studio.api.clean_text import clean
from studio.api.sandbox import SandboxRequest
from studio.sandbox.probes.fixture import Fixture, fixture
from studio.sandbox.probes.probe import Finding, Probe, Seen
from studio.sandbox.sandbox import Sandbox

_PRELUDE = """
import ctypes, json, os, sys, time
facts = json.loads(sys.argv[1])
_libc = ctypes.CDLL(None, use_errno=True)

def call(name, *arguments):
    words = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result = _libc.syscall(facts['numbers'][name], *words)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result

def done(detail=''):
    print('DONE', detail, flush=True)

"""
_PATIENCE_SECONDS = 30


def try_all(sandbox: Sandbox, probes: Iterable[Probe]) -> Iterator[Finding]:
    """Run probes; yield the outcome of each."""
    with fixture() as place:
        for probe in probes:
            inside = _inside(sandbox, probe, place)
            blocked = not probe.leaked(inside, place)
            place.tidy()
            with tempfile.TemporaryDirectory() as folder:
                outside = _outside(sandbox, probe, place, Path(folder))
                control = probe.proof(outside, place)
            place.tidy()
            detail = _last_line(inside) if control else f"control: {_last_line(outside)}"
            yield Finding(probe.name, blocked, control, detail)


def _inside(sandbox: Sandbox, probe: Probe, place: Fixture) -> Seen:
    facts = json.dumps({**place.facts, "inside": True})
    request = SandboxRequest(
        ("python", *probe.arguments, "probe.py", facts),
        files={**probe.files, "probe.py": (_PRELUDE + probe.script).encode()},
        collect=probe.collect,
        limits=probe.limits,
    )
    result = [step.result for step in sandbox.run(request)][-1]
    assert result is not None
    return Seen(result.stdout, result.stderr, result.ended, dict(result.files))


def _outside(sandbox: Sandbox, probe: Probe, place: Fixture, folder: Path) -> Seen:
    facts = json.dumps({**place.facts, "inside": False})
    for name, content in {
        **probe.files,
        "probe.py": (_PRELUDE + probe.script).encode(),
    }.items():
        (folder / name).write_bytes(content)
    done = subprocess.run(
        [str(sandbox.python), *probe.arguments, "probe.py", facts],
        cwd=folder,
        capture_output=True,
        timeout=_PATIENCE_SECONDS,
        check=False,
    )
    files = {
        path.name: path.read_bytes()
        for glob in probe.collect
        for path in folder.glob(glob)
        if path.is_file()
    }
    return Seen(done.stdout, done.stderr, "exit", files, folder)


def _last_line(seen: Seen) -> str:
    lines = clean((seen.stderr or seen.stdout)[-2000:].decode("utf-8", "replace")).splitlines()
    line = lines[-1][:160] if lines else ""
    return line if seen.ended == "exit" else f"ended: {seen.ended}"

"""Nothing is sent: tasks and all pages, on a network where all that leaves is heard.

None even opens a socket of the internet: the kernel would refuse it, and tell.

Of the tasks each third, each night all (``STUDIO_THOROUGH=1``). What Python would send is refused
in every test, and so in each of every task: see ``studio.testing.guards``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from studio.testing.guards import PATIENCE
from tests.e2e import wire_tap

ROOT = Path(__file__).parents[2]
GATE = """
from studio.sandbox import network_gate
gate = network_gate.shut()
gate.listen(lambda refusal: print("REFUSED", refusal, flush=True))
import socket
socket.has_ipv6 = False
"""
DEPENDENCIES = """
import importlib, os, re, sys, time
from importlib.metadata import packages_distributions
from pathlib import Path
def plain(name):
    return re.sub("[-_.]+", "-", name).lower()
pins = re.findall("(?m)^([A-Za-z0-9_.-]+)==", Path("packaging/constraints.txt").read_text())
wanted = set(map(plain, pins))
for module, names in packages_distributions().items():
    if module.isidentifier() and wanted & set(map(plain, names)):
        try:
            importlib.import_module(module)
        except Exception as error:
            print("FAILED", module, repr(error)[:200])
        else:
            print("DONE", module, flush=True)
time.sleep(3)  # what a thread of a library does after its import
sys.stdout.flush()
os._exit(0)
"""
TELEMETRY_HOSTS = (b"events.data.microsoft.com", b"vortex.data.microsoft.com")
TASKS = """
import tempfile, traceback
from pathlib import Path
from studio.testing.guards import THOROUGH
from tests.plugins.test_every_task import DECLARED, _run
for task in list(DECLARED)[:: 1 if THOROUGH else 3]:
    with tempfile.TemporaryDirectory() as folder:
        try:
            _run(task, Path(folder))
        except Exception as error:
            print("FAILED", task, repr(error)[:200])
        else:
            print("DONE", task)
"""

PAGES = """
import time
from studio.app import App, make_application
from studio.library import Library
from studio.base.paths import StudioPaths
from studio.testing import demo
from studio.testing.scripted import ScriptedRuntime
with Library.open(StudioPaths.default()) as library:
    demo.fill(library)
application = make_application()
app = App(application, launch=ScriptedRuntime().launch)
app.start()
def live(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        application.processEvents()
        time.sleep(0.005)
while not app.window.pages.current:
    live(0.05)
for page in [spec.id for spec in app.session.workspace.specs()]:
    assert app.window.open_page(page), page
    live(0.1)
    print("DONE", page)
app.window.may_close = lambda: True
app.quit()
app.finish()
"""


def heard(folder: Path, *command: str) -> tuple[str, list[str]]:
    """Run a command on the wire; return what it said, and whom it tried to reach."""
    if sys.platform != "linux":
        pytest.skip("needs network namespaces")
    report = folder / "report.json"
    tap = [sys.executable, wire_tap.__file__, str(report), *command]
    done = subprocess.run(
        ["unshare", "-rnm", *tap],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "STUDIO_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=6 * PATIENCE,
        check=False,
    )
    if not report.exists():
        pytest.skip(f"no network of its own can be made here: {done.stderr.strip()[-300:]}")
    return done.stdout + done.stderr, json.loads(report.read_text())


def test_the_wire_hears_whoever_sends(tmp_path: Path) -> None:
    """The control: a connection, a name that is looked up, and a program that is not Python."""
    script = (
        "import contextlib, socket, subprocess\n"
        "with contextlib.suppress(OSError): socket.create_connection(('192.0.2.7', 80), 0.2)\n"
        "with contextlib.suppress(OSError): socket.getaddrinfo('nobody.example', 443)\n"
        "shell = 'exec 3<>/dev/udp/198.51.100.9/9; echo >&3'\n"
        "subprocess.run(['bash', '-c', shell])\n"
        "here = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(here.getsockname())"
    )
    _, reached = heard(tmp_path, sys.executable, "-c", script)
    assert reached == ["tcp 192.0.2.7:80", "udp 10.77.0.1:53", "udp 198.51.100.9:9"]
    said, reached = heard(tmp_path, sys.executable, "-c", GATE + script)
    assert reached == []
    assert said.count("REFUSED") >= 3
    assert "program='bash'" in said


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.timeout(600)
def test_no_dependency_opens_a_socket_when_it_is_imported(tmp_path: Path) -> None:
    """In the versions of the constraints, without the variables that switch telemetry off."""
    said, reached = heard(tmp_path, sys.executable, "-c", GATE + DEPENDENCIES)
    assert reached == []
    assert "REFUSED" not in said
    assert said.count("DONE ") > 80, said
    assert "DONE onnxruntime" in said


def test_the_library_that_reported_home_is_one_without_that_code() -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    folder = Path(onnxruntime.__file__).parent / "capi"
    libraries = [file for file in folder.iterdir() if file.suffix in (".so", ".pyd", ".dll")]
    libraries += [*folder.glob("*.so.*"), *folder.glob("*.dylib")]
    code = b"".join(file.read_bytes() for file in libraries)
    is_read = b"InferenceSession" in code
    assert is_read, "the control: its texts can be found"
    assert [host for host in TELEMETRY_HOSTS if host in code] == []


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.timeout(600)
def test_no_task_sends_anything(tmp_path: Path) -> None:
    said, reached = heard(tmp_path, sys.executable, "-c", GATE + TASKS)
    assert reached == []
    assert "REFUSED" not in said
    assert said.count("DONE ") > 20, said


@pytest.mark.slow
@pytest.mark.gui
@pytest.mark.timeout(600)
def test_no_page_sends_anything(tmp_path: Path) -> None:
    said, reached = heard(tmp_path, sys.executable, "-c", GATE + PAGES)
    assert reached == []
    assert "REFUSED" not in said
    assert said.count("DONE ") >= 10, said

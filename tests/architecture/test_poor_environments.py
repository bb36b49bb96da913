"""The window side lives without torch, the runtime side without Qt: each where it is missing.

Import contracts read the source; these tests run it, so a library that drags the wrong thing in is
caught too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT, module, plugin_packages, python_files

TORCH_SIDE = ("torch", "transformers", "tokenizers", "safetensors", "gguf", "studio.runtime")
RAY = "studio.automation.clusters.ray_pool"
"""Of the driver alone, which is started where Ray is installed."""
ROOMS = (
    "base",
    "library",
    "models",
    "plugins",
    "runtimes",
    "jobs",
    "machines",
    "automation",
    "rerun",
    "terminals",
)
"""Folders of the studio without a window."""
FRONTS = ("studio.studio", "studio.cli", "studio.desktop", "studio.app")
QT_SIDE = ("PySide6", "shiboken6", *(f"studio.{room}" for room in ROOMS), *FRONTS)

POOR = """
import importlib, json, sys

class Missing:
    \"\"\"Makes some packages not importable, as if they were not installed.\"\"\"

    def __init__(self, names):
        self.names = names

    def find_spec(self, name, path=None, target=None):
        if any(name == gone or name.startswith(gone + ".") for gone in self.names):
            raise ModuleNotFoundError(f"No module named {name!r} (poor environment)", name=name)

missing, wanted, paths = json.loads(sys.stdin.read())
sys.meta_path.insert(0, Missing(missing))
sys.path[:0] = paths
for name in wanted:
    importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""


def import_without(missing: tuple[str, ...], wanted: list[str]) -> set[str]:
    """Imports modules in a fresh process that lacks some packages. Returns what was loaded."""
    paths = [str(package.parent) for package in plugin_packages()]
    done = subprocess.run(
        [sys.executable, "-c", POOR],
        input=json.dumps([missing, wanted, paths]),
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return set(json.loads(done.stdout.splitlines()[-1]))


OWN_ENVIRONMENT = "studio.cli.bench.text.engine_"
"""Scripts that a bench runs where llama.cpp is installed; nothing imports them."""


def modules(*folders: str) -> list[str]:
    found = [module(file) for file in python_files(*folders)]
    return [
        name
        for name in found
        if not name.endswith("__main__") and not name.startswith(OWN_ENVIRONMENT)
    ]


def plugin_half(*names: str) -> list[str]:
    """Modules of one half of every plugin: a file such as `worker.py` or all of a folder."""
    found = []
    for package in plugin_packages():
        for name in names:
            files = [package / f"{name}.py", *(package / name).rglob("*.py")]
            found += [module(file, package.parent) for file in files if file.exists()]
    return found


@pytest.mark.parametrize("gone", ["torch", "PySide6.QtWidgets"])
def test_the_poor_environment_is_poor(gone: str) -> None:
    """The control: what is taken away really cannot be imported."""
    with pytest.raises(AssertionError, match="poor environment"):
        import_without((gone.partition(".")[0],), [gone])


def test_the_window_side_needs_no_torch() -> None:
    folders = ("protocol", "api", *ROOMS, "cli", "desktop")
    wanted = [*modules(*(f"studio/{folder}" for folder in folders)), "studio.app"]
    wanted += plugin_half("schema", "plugin", "pages")
    wanted.remove(RAY)
    assert len(wanted) > 40
    loaded = import_without(TORCH_SIDE, wanted)
    assert not [name for name in loaded if name.startswith(("studio.testing", "pytest"))], (
        "the product loads its test kit"
    )


def test_the_command_line_needs_no_qt() -> None:
    wanted = modules("studio/cli", "studio/serving")
    loaded = import_without(("PySide6", "shiboken6", *TORCH_SIDE), wanted)
    assert "studio.studio" in loaded


def test_the_runtime_side_needs_no_qt() -> None:
    wanted = modules("studio/protocol", "studio/api", "studio/sandbox", "studio/runtime")
    wanted += plugin_half("schema", "worker")
    assert len(wanted) > 20
    import_without(QT_SIDE, wanted)


def test_what_runs_beside_a_plugin_needs_what_is_lent_to_it_alone() -> None:
    poor = (*TORCH_SIDE, *QT_SIDE, "numpy", "psutil", "greenlet", "pygments", "platformdirs")
    loaded = import_without(poor, modules("studio/plugin_process/inside"))
    assert "studio.plugin_process.inside.main" in loaded


def test_the_dispatcher_loads_neither() -> None:
    loaded = import_without((), ["studio.__main__"])
    assert not {"torch", "PySide6", "numpy"} & loaded


def test_schemas_are_plain_data() -> None:
    loaded = import_without(("torch", "PySide6", "numpy"), plugin_half("schema"))
    assert "studio.api" in loaded


def test_all_layers_were_looked_at() -> None:
    """A new package of the studio must be added to one of the tests above."""
    known = {"protocol", "api", *ROOMS, "cli", "serving", "desktop", "runtime", "sandbox"}
    known |= {"testing", "plugin_process"}
    packages = {file.parent.name for file in Path(ROOT / "studio").glob("*/__init__.py")}
    assert packages <= known


OPEN_WINDOW = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from studio.app import main

application = QApplication([])
deadline = time.monotonic() + 60

def look():
    from studio.desktop.pages.home import PageCard
    for card in [w for w in application.allWidgets() if isinstance(w, PageCard)]:
        if card.spec.id == "chat.page" and card.isVisible():
            card.click()
    shown = [w for w in application.allWidgets() if type(w).__module__.startswith("studio_chat")]
    if any(w.isVisible() for w in shown) or time.monotonic() > deadline:
        timer.stop()
        print("chat is shown" if shown else "no page", "torch" in sys.modules, flush=True)
        for window in application.topLevelWidgets():
            window.close()
        application.quit()

timer = QTimer(interval=50)
timer.timeout.connect(look)
timer.start()
main()
"""


@pytest.mark.gui
@pytest.mark.slow
def test_the_window_opens_and_shows_a_plugin_without_torch(tmp_path: Path) -> None:
    code = POOR.replace("print(json.dumps(sorted(sys.modules)))", OPEN_WINDOW)
    paths = [str(package.parent) for package in plugin_packages()]
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "STUDIO_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps([TORCH_SIDE, [], paths]),
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "chat is shown False" in done.stdout, done.stdout + done.stderr[-3000:]

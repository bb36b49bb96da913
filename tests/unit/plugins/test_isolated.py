"""Of a plugin that runs in its own process nothing is imported into the studio."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from studio.api import BadInput
from studio.plugins import PluginHost, PluginState
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import Permits
from studio.testing.plugins import host_of, plugins_in

pytestmark = pytest.mark.skipif("sys.platform == 'win32'")

MANIFEST = """
id = "far"
title = "Far"
version = "1.0.0"
api = ">=1,<2"
worker = "strange_far.worker"
[[tasks]]
id = "far.run"
title = "Run"
params = "strange_far.schema:Run"
[permissions]
files = "picked"
"""
SCHEMA = """
import time
from typing import Annotated
from studio.api import Label, Params, Range

class Run(Params):
    n: Annotated[int, Range(1, 5), Label("How many")] = 2
    process: int = time.time_ns() % 10**9
"""


def write(folder: Path, manifest: str = MANIFEST, schema: str = SCHEMA) -> Path:
    package = folder / "strange_far"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "manifest.toml").write_text(manifest)
    (package / "schema.py").write_text(schema)
    (package / "worker.py").write_text("raise OSError('never imported here')")
    return folder


def host(folder: Path, tmp_path: Path) -> PluginHost:
    return host_of(plugins_in(folder), tmp_path / "journals")


def test_its_schema_is_known_and_its_code_is_not(tmp_path: Path) -> None:
    folder = write(tmp_path / "plugins")
    params = host(folder, tmp_path).params_class("far.run")
    number, process = params.fields()
    assert (number.title, number.default) == ("How many", 2)
    assert process.default > 0
    assert params.parse({"n": 3, "process": 1}).to_dict() == {"n": 3, "process": 1}
    with pytest.raises(BadInput, match="between 1 and 5"):
        params.parse({"n": 9})
    assert not [name for name in sys.modules if name.startswith("strange_far")]


def test_it_is_read_once_and_again_when_a_file_changes(tmp_path: Path) -> None:
    folder = write(tmp_path / "plugins")
    first = host(folder, tmp_path).params_class("far.run").fields()
    assert host(folder, tmp_path).params_class("far.run").fields() == first, "no process was new"
    with (folder / "strange_far" / "schema.py").open("a") as file:
        file.write("    more: bool = False\n")
    fields = host(folder, tmp_path).params_class("far.run").fields()
    assert [field.name for field in fields] == ["n", "process", "more"]
    assert fields[1].default != first[1].default, "the control: each import has its moment"


def test_the_runtime_is_told_where_it_runs(tmp_path: Path) -> None:
    folder = write(tmp_path / "plugins")
    (entry,) = host(folder, tmp_path).worker_entries()
    assert (entry.isolated, entry.needs_sandbox) == (True, True)
    assert entry.paths == (str(folder),)
    assert entry.permits == Permits(files=True)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("raise ValueError('on purpose')", "ValueError: on purpose"),
        ("Run = 5", "not a subclass of Params"),
        ("import os; os._exit(3)", "exited with code 3"),
        ("import nothing_of_the_kind", "No module named 'nothing_of_the_kind'"),
    ],
)
def test_a_broken_schema_is_named(tmp_path: Path, schema: str, words: str) -> None:
    made = host(write(tmp_path / "plugins", schema=schema), tmp_path)
    with pytest.raises(StudioError, match=words) as failed:
        made.params_class("far.run")
    assert failed.value.code is ErrorCode.PLUGIN_FAILED
    assert made.plugin("far").state is PluginState.FAILED


def test_data_that_were_meddled_with_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "plugins")
    host(folder, tmp_path).params_class("far.run")
    (kept,) = (tmp_path / "journals" / "schemas").iterdir()
    data = json.loads(kept.read_text())
    data["far.run"]["fields"][0]["field"]["name"] = "parse"
    kept.write_text(json.dumps(data))
    with pytest.raises(StudioError, match="cannot be called 'parse'"):
        host(folder, tmp_path).params_class("far.run")


def test_a_window_half_must_say_that_it_runs_in_the_studio(tmp_path: Path) -> None:
    half = 'plugin = "strange_far.plugin"\n'
    manifest = MANIFEST.replace("worker =", f"{half}worker =")
    found = host(write(tmp_path / "one", manifest), tmp_path).plugin("far")
    assert found.state is PluginState.INVALID
    assert "isolation = “studio”" in found.reason
    inside = manifest.replace(half, f'{half}isolation = "studio"\n')
    found = host(write(tmp_path / "two", inside), tmp_path).plugin("far")
    assert (found.state, found.isolated) == (PluginState.DISCOVERED, False)

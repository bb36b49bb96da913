"""Who takes part, what outlives a session, and how a plugin's calls are contained."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.plugins import PluginHost, PluginState
from studio.plugins.discovery import Found, Origin
from studio.plugins.release import Release, Shipped
from studio.protocol.errors import ErrorCode, ErrorInfo, StudioError
from studio.protocol.states import Lane
from studio.testing.plugins import MemorySettings, host_of, importable, plugins_in

MANIFEST = """
id = "{name}"
title = "The {name}"
version = "1.0.0"
api = ">=1,<2"
order = {order}
plugin = "{package}.plugin"
isolation = "studio"
worker = "{package}.worker"
pages = [{{ id = "{name}.page", title = "{name}" }}]
[[tasks]]
id = "{name}.run"
title = "Run"
params = "{package}.schema:Run"
lane = "interactive"
"""
SCHEMA = """
from studio.api import Params
class Run(Params):
    n: int = 1
"""


def write(
    folder: Path, name: str, plugin: str = "", order: int = 100, schema: str = SCHEMA
) -> Path:
    package = folder / f"studio_t_{name}"
    package.mkdir(parents=True)
    text = MANIFEST.format(name=name, package=package.name, order=order)
    (package / "manifest.toml").write_text(text, "utf-8")
    (package / "__init__.py").write_text("", "utf-8")
    (package / "plugin.py").write_text(plugin, "utf-8")
    (package / "schema.py").write_text(schema, "utf-8")
    return package


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "plugins"
    folder.mkdir()
    write(folder, "one", order=20)
    write(folder, "two", order=10)
    with importable(folder):
        yield folder


@pytest.fixture
def host(folder: Path, tmp_path: Path) -> Callable[..., PluginHost]:
    def make(**options: Any) -> PluginHost:
        return host_of(plugins_in(folder), tmp_path / "journals", **options)

    return make


def states(host: PluginHost) -> dict[str, PluginState]:
    return {plugin.id: plugin.state for plugin in host.plugins}


# --- reading without importing ----------------------------------------------------------------


def test_manifests_give_pages_tasks_and_workers_and_nothing_is_imported(
    host: Callable[..., PluginHost],
) -> None:
    plugins = host()
    assert [p.id for p in plugins.plugins] == ["two", "one"]
    assert [page.id for _, page in plugins.pages()] == ["two.page", "one.page"]
    (two, _) = plugins.worker_entries()
    assert two.tasks == {"two.run": "studio_t_two.schema:Run"}
    assert two.lanes == {"two.run": Lane.INTERACTIVE}
    assert not [name for name in sys.modules if name.startswith("studio_t_")]


def test_schema_is_imported_without_the_window_half(host: Callable[..., PluginHost]) -> None:
    assert host().params_class("one.run").parse({}).to_dict() == {"n": 1}
    assert "studio_t_one.schema" in sys.modules
    assert "studio_t_one.plugin" not in sys.modules


def test_unknown_plugin_and_task_name_what_there_is(host: Callable[..., PluginHost]) -> None:
    with pytest.raises(StudioError, match=r"no task called “one.rnu”.*one\.run") as caught:
        host().task("one.rnu")
    assert caught.value.code is ErrorCode.NOT_FOUND
    with pytest.raises(StudioError, match="no plugin called “three”"):
        host().plugin("three")


# --- who takes part ---------------------------------------------------------------------------


def test_only_leaves_out_the_others_and_reports_unknown_names(
    host: Callable[..., PluginHost],
) -> None:
    plugins = host(only=("one", "nine"))
    assert states(plugins) == {"one": PluginState.DISCOVERED, "two": PluginState.DISABLED}
    assert plugins.unknown_only() == ["nine"]
    with pytest.raises(StudioError, match="started with --only one,nine"):
        plugins.task("two.run")


def test_safe_mode_keeps_only_the_studios_own(folder: Path, tmp_path: Path) -> None:
    one, two = plugins_in(folder)
    assert two.folder is not None
    release = Release({"two": Shipped(two.folder)})
    host = host_of([one, two], tmp_path, safe_mode=True, release=release)
    assert states(host) == {one.name: PluginState.DISABLED, two.name: PluginState.DISCOVERED}


def test_the_studios_own_plugin_keeps_its_id(folder: Path, tmp_path: Path) -> None:
    one, two = plugins_in(folder)
    assert two.folder is not None
    own = Found("one", two.package, two.folder, one.manifest)
    host = host_of([one, own], tmp_path, release=Release({"two": Shipped(two.folder)}))
    assert host.plugin("one").shipped
    (other,) = [plugin for plugin in host.plugins if plugin.id != "one"]
    assert other.state is PluginState.INVALID


@pytest.mark.parametrize("title", ["The two", "ТHE  TW0!", "Settings", "Sett1ngs"])
def test_nobody_calls_itself_like_a_part_of_the_studio(
    folder: Path, tmp_path: Path, title: str
) -> None:
    text = (folder / "studio_t_one/manifest.toml").read_text("utf-8")
    text = text.replace('title = "The one"', f'title = "{title}"')
    (folder / "studio_t_one/manifest.toml").write_text(text, "utf-8")
    one, two = plugins_in(folder)
    assert two.folder is not None
    host = host_of([one, two], tmp_path, release=Release({"two": Shipped(two.folder)}))
    assert states(host) == {"one": PluginState.INVALID, "two": PluginState.DISCOVERED}
    assert title in host.plugin("one").reason


def test_switched_off_stays_off_at_the_next_start(host: Callable[..., PluginHost]) -> None:
    settings = MemorySettings()
    first = host(settings=settings)
    first.window_half("one")
    first.switch_off("one")
    assert states(host(settings=settings))["one"] is PluginState.DISABLED
    first.switch_on("one")
    assert states(host(settings=settings))["one"] is PluginState.DISCOVERED


def test_damaged_settings_count_as_none(host: Callable[..., PluginHost]) -> None:
    settings = MemorySettings()
    settings.values = {"plugins.off": ["one"], "plugins.quarantined": 7}
    assert set(states(host(settings=settings)).values()) == {PluginState.DISCOVERED}


# --- crashes ----------------------------------------------------------------------------------

CRASH = """
import sys
from pathlib import Path
from studio.testing.plugins import plugins_in, host_of, importable
folder, journal = map(Path, sys.argv[1:])
with importable(folder):
    host_of(plugins_in(folder), journal).window_half("deadly")
"""


def test_plugin_that_kills_the_studio_is_in_quarantine_at_the_next_start(
    folder: Path, tmp_path: Path
) -> None:
    write(folder, "deadly", plugin="import os\nos._exit(11)")
    journal = tmp_path / "journals"
    command = [sys.executable, "-c", CRASH, str(folder), str(journal)]
    assert subprocess.run(command, timeout=600, check=False).returncode == 11
    settings = MemorySettings()
    for _ in range(2):  # and it stays there
        host = host_of(plugins_in(folder), journal, settings=settings)
        assert host.plugin("deadly").state is PluginState.QUARANTINED
        assert "studio_t_deadly.plugin" in host.plugin("deadly").reason
        assert host.plugin("one").is_usable
    host.switch_on("deadly")
    assert host_of(plugins_in(folder), journal, settings=settings).plugin("deadly").is_usable


IMPORTS = """
import os, sys
from pathlib import Path
from studio.plugins.crash_journal import CrashJournal
with CrashJournal(Path(sys.argv[1])).loading("one", "studio_t_one.plugin"):
    print("importing", flush=True)
    input()
    os._exit(11)
"""


def test_import_that_another_living_studio_is_at_is_no_crash(
    host: Callable[..., PluginHost], tmp_path: Path
) -> None:
    journal = tmp_path / "journals"
    living = subprocess.Popen(
        [sys.executable, "-c", IMPORTS, str(journal)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert living.stdout is not None
    assert living.stdout.readline() == b"importing\n"
    (note,) = journal.iterdir()
    assert host().plugin("one").is_usable
    assert note.exists()
    living.communicate(b"\n")
    assert host().plugin("one").state is PluginState.QUARANTINED  # the control
    assert not note.exists()


def test_torn_note_of_a_crash_blames_nobody(
    host: Callable[..., PluginHost], tmp_path: Path
) -> None:
    journal = tmp_path / "journals"
    journal.mkdir()
    (journal / "999999999-one.json").write_bytes(b'{"plug')
    assert host().plugin("one").is_usable
    assert not list(journal.iterdir())


def test_journal_that_cannot_be_written_does_not_stop_a_plugin(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    host = host_of(plugins_in(folder), tmp_path / "file")
    assert host.window_half("one") is not None


# --- calls ------------------------------------------------------------------------------------

HOOKS = """
from studio.api import BadInput, hookimpl
@hookimpl
def studio_open_file(path):
    {body}
"""


def test_each_plugin_answers_with_the_arguments_it_takes(folder: Path, tmp_path: Path) -> None:
    write(folder, "three", plugin=HOOKS.format(body="return lambda: str(path)"))
    host = host_of(plugins_in(folder), tmp_path)
    seen: list[str] = []

    def each(plugin: str) -> dict[str, Any]:
        seen.append(plugin)
        return {"ctx": plugin}

    answers = dict(host.call_each("studio_open_file", each, path=Path("x")))
    assert {plugin: answer() for plugin, answer in answers.items()} == {"three": "x"}
    assert sorted(seen) == ["one", "three", "two"]


def test_expected_error_passes_with_its_own_words_and_does_not_count(
    folder: Path, tmp_path: Path
) -> None:
    write(folder, "three", plugin=HOOKS.format(body="raise BadInput('That is no song.')"))
    host = host_of(plugins_in(folder), tmp_path)
    for _ in range(5):
        with pytest.raises(StudioError, match=r"^That is no song\.$") as caught:
            host.call("three", "studio_open_file", ctx=None, path=Path("x"))
        assert caught.value.plugin == "three"
    assert host.plugin("three").is_usable


def test_keyboard_interrupt_is_the_users_not_the_plugins(folder: Path, tmp_path: Path) -> None:
    write(folder, "three", plugin=HOOKS.format(body="raise KeyboardInterrupt"))
    host = host_of(plugins_in(folder), tmp_path)
    with pytest.raises(KeyboardInterrupt):
        host.call("three", "studio_open_file", ctx=None, path=Path("x"))
    assert host.faults.all() == []


def test_hook_wrappers_are_for_the_shell_alone(folder: Path, tmp_path: Path) -> None:
    text = HOOKS.replace("@hookimpl", "@hookimpl(wrapper=True)").format(body="return (yield)")
    write(folder, "three", plugin=text)
    with pytest.raises(StudioError, match="wraps hooks of other plugins"):
        host_of(plugins_in(folder), tmp_path).window_half("three")


def test_mended_plugin_loads_after_it_is_switched_on_again(folder: Path, tmp_path: Path) -> None:
    package = write(folder, "three", plugin="1 / 0")
    host = host_of(plugins_in(folder), tmp_path)
    with pytest.raises(StudioError, match="division by zero"):
        host.window_half("three")
    (package / "plugin.py").write_text("GOOD = True", "utf-8")
    host.switch_on("three")
    assert host.window_half("three").GOOD  # type: ignore[union-attr]


def test_faults_of_the_runtime_count_too(host: Callable[..., PluginHost]) -> None:
    plugins = host()
    info = ErrorInfo(ErrorCode.PLUGIN_FAILED, "The plugin 'one' failed.")
    heard: list[str] = []
    plugins.faults.on_fault(lambda fault: heard.append(fault.plugin))
    for _ in range(3):
        plugins.record_fault("one", "task one.run", info)
    assert heard == ["one"] * 3
    assert "Where: task one.run" in plugins.faults.of("one")[0].report()
    assert plugins.plugin("one").state is PluginState.FAILED
    assert "one" not in {entry.plugin for entry in plugins.worker_entries()}


def test_plugin_beyond_use_stays_so_and_says_why(folder: Path, tmp_path: Path) -> None:
    package = write(folder, "three")
    text = (package / "manifest.toml").read_text("utf-8").replace(">=1,<2", ">=9")
    (package / "manifest.toml").write_text(text, "utf-8")
    host = host_of(plugins_in(folder), tmp_path)
    host.switch_off("three")
    assert host.plugin("three").state is PluginState.INCOMPATIBLE
    with pytest.raises(StudioError, match="cannot be enabled"):
        host.switch_on("three")


def test_looking_again_brings_no_failed_plugin_back(host: Callable[..., PluginHost]) -> None:
    """Somebody has installed another one meanwhile."""
    plugins = host()
    plugins.give_up("one", "a page", "It blocked the window.")
    plugins.look_again()
    assert plugins.plugin("one").state is PluginState.FAILED
    plugins.switch_on("one")
    assert plugins.plugin("one").is_usable


def test_observers_can_leave_while_they_are_told(host: Callable[..., PluginHost]) -> None:
    plugins = host()
    told: list[str] = []

    def leave() -> None:
        told.append("once")
        end()

    end = plugins.on_change(leave)
    plugins.on_change(lambda: told.append("always"))
    plugins.switch_off("one")
    plugins.switch_on("one")
    assert told == ["once", "always", "always"]


def test_broken_plugin_with_a_taken_name_keeps_its_own_reason(folder: Path, tmp_path: Path) -> None:
    one, _ = plugins_in(folder)
    error = StudioError(ErrorCode.PLUGIN_FAILED, "It is torn.")
    host = host_of([one, Found("one", "studio_torn", None, None, error)], tmp_path)
    assert host.plugin("one").is_usable
    assert host.plugin("one (studio_torn)").reason == "It is torn."


def test_what_an_author_tries_comes_before_what_is_installed(folder: Path, tmp_path: Path) -> None:
    one, _ = plugins_in(folder)
    installed = dataclasses.replace(one, origin=Origin.STORE, distribution="studio-plugin-one")
    tried = dataclasses.replace(one, origin=Origin.FOLDER)
    host = host_of([installed, tried], tmp_path)
    assert host.plugin("one").origin is Origin.FOLDER
    assert host.plugin("one").is_usable
    left = host.plugin("one (studio-plugin-one)")
    assert not left.is_usable
    assert left.reason == f"The one in {one.folder} is tried instead."

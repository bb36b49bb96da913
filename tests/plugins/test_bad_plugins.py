"""Bad plugins beside a good one: the bad one is named, and the rest goes on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.plugins import PluginHost, PluginState
from studio.protocol.errors import StudioError
from studio.testing.plugins import host_of, importable, plugins_in

HERE = Path(__file__).parent
GOOD, BAD = HERE / "good", HERE / "bad"
BAD_PACKAGES = sorted(manifest.parent.name for manifest in BAD.glob("*/manifest.toml"))
WINDOW_HOOKS: dict[str, dict[str, Any]] = {
    "studio_pages": {},
    "studio_viewers": {},
    "studio_exporters": {},
    "studio_open_file": {"path": Path("a.echo")},
    "studio_settings": {},
}

REFUSED = {
    "studio_bad_toml": "not valid TOML",
    "studio_bad_taken_id": "already used",
    "studio_bad_foreign_ids": "must look like",
    "studio_bad_foreign_code": "“os.path” is not a module of its package",
}
"""Package → what is said about it before any of its code has run."""


@pytest.fixture(autouse=True)
def packages() -> Iterator[None]:
    with importable(GOOD, BAD):
        yield


def host_with(tmp_path: Path, *packages: str) -> PluginHost:
    return host_of(
        plugins_in(GOOD, BAD, packages=("studio_echo", *packages)), tmp_path / "journals"
    )


def use_everything(host: PluginHost) -> None:
    """Do with each plugin what a window does; nothing of it may raise anything but words."""
    for hook, arguments in WINDOW_HOOKS.items():
        list(host.call_each(hook, lambda plugin: {"ctx": plugin}, **arguments))
    for _, task in host.tasks():
        with contextlib.suppress(StudioError):
            host.params_class(task.id)


def assert_echo_is_whole(host: PluginHost) -> None:
    assert host.plugin("echo").state is PluginState.ACTIVE
    assert host.params_class("echo.say").parse({"text": "hi"})
    assert [e.module for e in host.worker_entries() if e.plugin == "echo"] == ["studio_echo.worker"]
    for hook, arguments in WINDOW_HOOKS.items():
        answers = dict(host.call_each(hook, lambda plugin: {"ctx": plugin}, **arguments))
        assert "echo" in answers, hook


@pytest.mark.parametrize("package", BAD_PACKAGES)
def test_one_bad_plugin_is_named_and_echo_goes_on(package: str, tmp_path: Path) -> None:
    host = host_with(tmp_path, package)
    use_everything(host)
    assert_echo_is_whole(host)
    assert all(fault.plugin != "echo" for fault in host.faults.all())


def test_all_bad_plugins_at_once_and_echo_goes_on(tmp_path: Path) -> None:
    host = host_with(tmp_path, *BAD_PACKAGES)
    assert len(host.plugins) == len(BAD_PACKAGES) + 1 >= 9
    use_everything(host)
    assert_echo_is_whole(host)


@pytest.mark.parametrize(("package", "reason"), REFUSED.items())
def test_refused_before_any_of_its_code_ran(package: str, reason: str, tmp_path: Path) -> None:
    (bad,) = [p for p in host_with(tmp_path, package).plugins if p.package == package]
    assert bad.state is PluginState.INVALID
    assert reason in bad.reason
    assert not bad.is_usable


def test_another_api_is_incompatible_and_says_which(tmp_path: Path) -> None:
    plugin = host_with(tmp_path, "studio_bad_api").plugin("bad_api")
    assert plugin.state is PluginState.INCOMPATIBLE
    assert ">=2,<3" in plugin.reason


@pytest.mark.parametrize(
    ("plugin", "words"),
    [
        ("bad_window_import", "no window today"),
        ("bad_exit", "tried to quit Offline Studio"),
        ("bad_unknown_hook", "studio_pagse"),
    ],
)
def test_window_half_that_cannot_load_is_off_with_the_reason(
    plugin: str, words: str, tmp_path: Path
) -> None:
    host = host_with(tmp_path, f"studio_{plugin}")
    with pytest.raises(StudioError) as caught:
        host.window_half(plugin)
    assert words in caught.value.message
    assert plugin in caught.value.message
    assert host.plugin(plugin).state is PluginState.FAILED
    assert words in host.plugin(plugin).reason
    assert plugin not in {entry.plugin for entry in host.worker_entries()}


def test_schema_that_raises_is_named_with_a_report(tmp_path: Path) -> None:
    host = host_with(tmp_path, "studio_bad_schema")
    with pytest.raises(StudioError) as caught:
        host.params_class("bad_schema.run")
    assert "bad_schema" in caught.value.message
    assert "no schema today" in caught.value.details


def test_third_failure_of_a_session_switches_a_plugin_off(tmp_path: Path) -> None:
    host = host_with(tmp_path, "studio_bad_hooks")
    changes: list[None] = []
    host.on_change(lambda: changes.append(None))
    for _ in range(2):
        with pytest.raises(StudioError, match="studio_pages refuses"):
            host.call("bad_hooks", "studio_pages", ctx=None)
    assert host.plugin("bad_hooks").is_usable
    with pytest.raises(StudioError, match="studio_viewers refuses"):
        host.call("bad_hooks", "studio_viewers", ctx=None)
    assert host.plugin("bad_hooks").state is PluginState.FAILED
    assert changes
    with pytest.raises(StudioError, match="failed 3 times"):
        host.call("bad_hooks", "studio_pages", ctx=None)
    host.switch_on("bad_hooks")
    assert host.plugin("bad_hooks").is_usable

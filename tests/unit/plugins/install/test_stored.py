"""What the studio has installed is found, off until it is enabled; what pip put there, too."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from studio.plugins import PluginHost, PluginState
from studio.plugins.discovery import Found, Origin, finder, read_folder
from studio.plugins.install import host_packages, stored, trial
from studio.plugins.install.records import LockedPackage
from studio.plugins.install.trial import Trial
from tests.unit.plugins.install.conftest import Shop
from tests.unit.plugins.install.wheels import page_plugin, plugin


@dataclass
class Table:
    """Settings in memory."""

    values: dict[str, Any] = field(default_factory=dict)

    def get(self, key: str, default: Any) -> Any:
        return self.values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        self.values[key] = value


@pytest.fixture
def here(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop in the real environment, whose trials, which have tests of their own, succeed."""
    shop.host = host_packages.look()
    schemas = {"counter.count": {"name": "Count", "help": "", "fields": []}}
    monkeypatch.setattr(trial, "attempt", lambda *args, **more: Trial(schemas, "A"))
    return shop


def host(shop: Shop, settings: Table | None = None) -> PluginHost:
    return PluginHost(
        settings or Table(), shop.home / "journals", stored=lambda: stored.found(shop.store)
    )


def test_what_is_installed_is_found_and_off(here: Shop) -> None:
    here.put(plugin())
    found = host(here).plugin("counter")
    assert found.state is PluginState.DISABLED
    assert found.origin is Origin.STORE
    assert "until you enable it" in found.reason
    assert found.paths == (here.store.site(here.store.current().plugins["counter"]).resolve(),)


def test_what_is_enabled_takes_part_with_its_frozen_schema(here: Shop) -> None:
    plugins = host(here)
    here.put(plugin())
    here.installer.enable("counter")
    changes: list[int] = []
    plugins.on_change(lambda: changes.append(1))
    plugins.look_again()
    assert plugins.plugin("counter").is_usable
    assert plugins.plugin("counter").schemas
    assert changes == [1]
    assert plugins.params_class("counter.count").fields() == ()
    entry = next(each for each in plugins.worker_entries() if each.plugin == "counter")
    assert entry.isolated
    assert entry.paths


def test_an_update_is_seen_and_a_removal_too(here: Shop) -> None:
    here.put(plugin())
    here.installer.enable("counter")
    plugins = host(here)
    old = plugins.plugin("counter").paths
    here.put(plugin(version="2.0"))
    plugins.look_again()
    assert plugins.plugin("counter").version == "2.0"
    assert plugins.plugin("counter").paths != old
    assert old[0].is_dir(), "a task that still runs keeps its files"
    here.installer.remove("counter")
    plugins.look_again()
    assert "counter" not in [each.id for each in plugins.plugins]


def test_looking_again_leaves_what_is_as_before(here: Shop) -> None:
    plugins = host(here)
    before = {id(each) for each in plugins.plugins}
    plugins.look_again()
    assert {id(each) for each in plugins.plugins} == before
    assert before, "the control: there are plugins"


@pytest.fixture
def pages(here: Shop) -> Iterator[PluginHost]:
    """A host in which the code of two plugins of others runs."""
    for id in ("poem", "csvplot"):
        here.put(page_plugin(id))
        here.installer.enable(id)
    plugins = host(here)
    for id in ("poem", "csvplot"):
        assert plugins.window_half(id) is not None
    yield plugins
    for id in ("poem", "csvplot"):
        plugins._forget_code(plugins.plugin(id))
    finder.folders.clear()


def test_an_installation_leaves_what_runs_alone(here: Shop, pages: PluginHost) -> None:
    """Each is listed once, by its own name, and runs the code that it ran."""
    halves = {id: pages.window_half(id) for id in ("poem", "csvplot")}
    here.put(plugin())
    pages.look_again()
    strangers = {each.id: each.state for each in pages.plugins if not each.shipped}
    assert strangers == {
        "poem": PluginState.ACTIVE,
        "csvplot": PluginState.ACTIVE,
        "counter": PluginState.DISABLED,
    }
    assert {id: pages.window_half(id) for id in halves} == halves


def test_what_runs_here_counts_as_no_package_of_the_studio(here: Shop, pages: PluginHost) -> None:
    assert host_packages.look().owner("studio_poem") is None
    assert importlib.import_module("studio_poem.plugin").VERSION == "1.0"
    assert importlib.metadata.version("poem") == "1.0", "its own metadata are there for its code"


def test_an_update_of_what_runs_waits_for_a_restart(here: Shop, pages: PluginHost) -> None:
    half = pages.window_half("poem")
    here.put(page_plugin("poem", "2.0"))
    pages.look_again()
    assert (pages.plugin("poem").version, pages.plugin("poem").is_usable) == ("1.0", True)
    assert pages.plugin("poem").reason.startswith("Version 2.0 is installed. Restart")
    assert pages.window_half("poem") is half
    assert pages.plugin("poem").folder.is_dir()  # type: ignore[union-attr]
    here.installer.roll_back()
    pages.look_again()
    assert pages.plugin("poem").reason == ""
    assert host(here).plugin("poem").version == "1.0"


def test_safe_mode_leaves_them_out(here: Shop) -> None:
    here.put(plugin())
    here.installer.enable("counter")
    safe = PluginHost(
        Table(), here.home / "journals", safe_mode=True, stored=lambda: stored.found(here.store)
    )
    assert "safe mode" in safe.plugin("counter").reason


def test_damaged_files_are_told_and_can_be_installed_again(here: Shop) -> None:
    here.put(plugin())
    record = next((here.home / "plugins/versions").glob("counter-*/record.json"))
    record.write_text("{")
    damaged = host(here).plugin("counter")
    assert damaged.state is PluginState.INVALID
    assert "damaged" in damaged.reason
    here.put(plugin())
    assert host(here).plugin("counter").state is PluginState.DISABLED


def test_another_version_of_what_was_lent_puts_it_off(
    here: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.put(plugin(requires=("packaging",)))
    here.installer.enable("counter")
    assert host(here).plugin("counter").is_usable
    monkeypatch.setattr(stored, "version", lambda name: "0.0.1")
    off = host(here).plugin("counter")
    assert off.state is PluginState.DISABLED
    assert "Install it again" in off.reason
    assert LockedPackage("packaging", "1").is_lent


def test_another_python_puts_it_off(here: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    here.put(plugin())
    here.installer.enable("counter")
    monkeypatch.setattr(stored, "this_python", lambda: "3.99")
    off = host(here).plugin("counter")
    assert off.state is PluginState.DISABLED
    assert "Install it again" in off.reason


@pytest.fixture
def stranger(tmp_path: Path) -> Found:
    """A plugin that pip has put beside the studio."""
    folder = tmp_path / "site"
    for name, data in plugin("stray").files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    found = read_folder("stray", folder / "studio_stray")
    return Found(
        found.name, found.package, found.folder, found.manifest, distribution="stray",
        origin=Origin.ENVIRONMENT,
    )  # fmt: skip


def test_what_pip_put_there_is_off_until_the_user_enables_it(
    stranger: Found, tmp_path: Path
) -> None:
    settings = Table()
    plugins = PluginHost(settings, tmp_path, found=[stranger])
    off = plugins.plugin("stray")
    assert off.state is PluginState.DISABLED
    assert "not installed by Offline Studio" in off.reason
    plugins.switch_on("stray")
    assert PluginHost(settings, tmp_path, found=[stranger]).plugin("stray").is_usable
    plugins.switch_off("stray")
    assert not PluginHost(settings, tmp_path, found=[stranger]).plugin("stray").is_usable

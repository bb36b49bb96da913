"""Installing reads, asks, writes beside what is there, and switches: whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path

import pytest

from studio.base import disk
from studio.plugins import import_process
from studio.plugins.import_process import machine_sandbox
from studio.plugins.install import host_packages
from studio.plugins.install import unpack as unpacking
from studio.plugins.install.installer import Installer, Refused
from studio.plugins.install.records import LockedPackage, Record
from studio.plugins.install.trial_child import main as try_here
from studio.protocol.errors import ErrorCode, StudioError
from studio.sandbox.sandbox import Sandbox
from tests.unit.plugins.install.conftest import Shop
from tests.unit.plugins.install.wheels import package, plugin

MARK = "import pathlib\npathlib.Path({path!r}).write_text('ran')\n"


def test_a_plugin_is_installed_with_exactly_its_packages_and_stays_off(shop: Shop) -> None:
    package("alpha", "2.0").write(shop.wheels)
    package("numpy", "1.26.4").write(shop.wheels)
    package("unasked").write(shop.wheels)
    shop.put(plugin(requires=("alpha", "numpy<2")))
    [installed] = shop.store.current().plugins.values()
    assert not installed.enabled
    assert installed.schemas == {}
    names = {path.name for path in shop.store.site(installed).iterdir()}
    assert {"studio_counter", "alpha", "numpy"} <= names
    assert not any("unasked" in name or "msgspec" in name for name in names)
    record = shop.store.record(installed)
    assert record.lends == ("msgspec", "offline-studio")
    assert [each.name for each in record.brings] == ["counter", "alpha", "numpy"]


def test_reading_changes_nothing(shop: Shop) -> None:
    before = shop.tree()
    with shop.installer.read(str(plugin().write(shop.wheels))) as plan:
        assert plan.record.publisher == "A. Stranger"
        assert shop.tree() == before


@pytest.fixture
def loud(shop: Shop, tmp_path: Path) -> tuple[Shop, Path]:
    """A plugin and a package whose every module leaves a mark when it runs."""
    mark = tmp_path / "mark"
    draft, other = plugin(requires=("alpha",)), package("alpha")
    for each in (draft, other):
        for name in [name for name in each.files if name.endswith(".py")]:
            each.files[name] += MARK.format(path=str(mark)).encode()
    other.write(shop.wheels)
    shop.put(draft)
    return shop, mark


def test_no_code_of_a_wheel_runs_before_it_is_enabled(loud: tuple[Shop, Path]) -> None:
    shop, mark = loud
    assert list(shop.store.current().plugins) == ["counter"]
    assert not mark.exists()


def test_the_mark_is_real(loud: tuple[Shop, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same files leave their mark once they are imported."""
    shop, mark = loud
    site = shop.store.site(shop.store.current().plugins["counter"])
    monkeypatch.syspath_prepend(str(site))
    import studio_counter  # noqa: F401

    assert mark.exists()
    del sys.modules["studio_counter"]


def test_the_environment_stays_as_it_is(tmp_path: Path, uv: None) -> None:
    """Against the real one: its digest, and the names in its folder."""
    from studio.plugins.install.store import PluginStore

    before = host_packages.look()
    names = {path.name for path in Path(disk.__file__).parents[1].iterdir()}
    installer = Installer(PluginStore(tmp_path / "plugins", tmp_path / "journals"))
    package("numpy", "1.26.4").write(tmp_path / "wheels")
    draft = plugin(requires=("numpy<2", "packaging"))
    with installer.read(str(draft.write(tmp_path / "wheels")), [tmp_path / "wheels"]) as plan:
        installer.install(plan)
    assert host_packages.look().digest() == before.digest()
    assert {path.name for path in Path(disk.__file__).parents[1].iterdir()} == names
    lock = {each.name: each for each in plan.record.lock}
    assert lock["numpy"].version == "1.26.4"
    assert lock["packaging"].is_lent


# --- what is refused --------------------------------------------------------------------------


def test_all_that_is_wrong_is_told_at_once(shop: Shop) -> None:
    draft = plugin()
    draft.files |= {"run.pth": b"import os", "json/__init__.py": b""}
    with pytest.raises(Refused) as caught:
        shop.put(draft)
    assert {finding.rule for finding in caught.value.findings} >= {"pth", "standard"}
    assert "counter-1.0-py3-none-any.whl cannot be installed." in caught.value.message


def test_a_hostile_package_is_refused_like_a_plugin(shop: Shop) -> None:
    bad = package("alpha")
    bad.files["alpha.pth"] = b"import os"
    bad.write(shop.wheels)
    with pytest.raises(Refused, match=r"alpha-1\.0"):
        shop.put(plugin(requires=("alpha",)))
    assert shop.versions() == {}


def test_an_id_of_another_plugin_is_refused(shop: Shop) -> None:
    with pytest.raises(Refused, match=r"“dice” is already used by Dice"):
        shop.put(plugin("dice"))


@pytest.mark.parametrize(
    ("id", "taken"),
    [("dice", "id “dice” is already used by Dice"), ("other", "package studio_counter is already")],
)
def test_what_is_taken_is_told(shop: Shop, id: str, taken: str) -> None:
    shop.put(plugin())
    wheel = plugin()
    manifest = wheel.files["studio_counter/manifest.toml"].decode()
    wheel.files["studio_counter/manifest.toml"] = manifest.replace('"counter', f'"{id}').encode()
    with pytest.raises(Refused) as caught:
        shop.put(wheel)
    assert taken in caught.value.message


def test_a_package_is_no_plugin(shop: Shop) -> None:
    with pytest.raises(Refused, match="not a plugin"):
        shop.put(package("alpha"))


def test_source_code_is_refused_with_what_to_ask_for(shop: Shop) -> None:
    archive = shop.wheels / "counter-1.0.tar.gz"
    archive.write_bytes(b"setup.py")
    with pytest.raises(StudioError) as caught, shop.installer.read(str(archive)):
        pass
    assert "wheel" in caught.value.hint


def test_names_are_looked_for_in_folders_only(shop: Shop) -> None:
    plugin().write(shop.wheels)
    plugin(version="1.2").write(shop.wheels)
    with shop.installer.read("counter", [shop.wheels]) as plan:
        assert plan.record.version == "1.2"
    with pytest.raises(StudioError, match="from files only"), shop.installer.read("counter"):
        pass


def test_a_folder_is_a_source(shop: Shop) -> None:
    package("alpha").write(shop.wheels)
    plugin(requires=("alpha",)).write(shop.wheels)
    with shop.installer.read(str(shop.wheels)) as plan:
        assert [each.name for each in plan.record.brings] == ["counter", "alpha"]


def test_a_folder_with_two_plugins_asks_which(shop: Shop) -> None:
    plugin().write(shop.wheels)
    plugin("poem").write(shop.wheels)
    with pytest.raises(StudioError, match="counter, poem"), shop.installer.read(str(shop.wheels)):
        pass


def test_a_full_disk_is_told_before_anything_is_written(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shop.tree()
    monkeypatch.setattr(disk, "free_bytes", lambda folder: 100)
    with pytest.raises(StudioError) as caught:
        shop.put(plugin())
    assert caught.value.code is ErrorCode.DISK_FULL
    assert shop.tree() == before


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, ErrorCode.DISK_FULL),
        (errno.EROFS, ErrorCode.READ_ONLY),
        (errno.EACCES, ErrorCode.PERMISSION),
    ],
)
@pytest.mark.parametrize("step", ["write", "switch"])
def test_a_disk_that_refuses_half_way_leaves_what_was_there(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, number: int, code: ErrorCode, step: str
) -> None:
    shop.put(plugin())
    before, versions = shop.tree(), shop.versions()

    def refuse(*args: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        if step == "write":
            patch.setattr(unpacking, "_write", refuse)
        else:
            patch.setattr(disk, "write_durably", refuse)
        with pytest.raises(StudioError) as caught:
            shop.put(plugin(version="2.0"))
    assert caught.value.code is code
    assert caught.value.hint
    assert (shop.tree(), shop.versions()) == (before, versions)
    shop.put(plugin(version="2.0"))  # the control: the disk alone was in the way
    assert shop.versions() == {"counter": "2.0"}


def test_a_pipe_that_nobody_reads_is_no_fault_of_the_disk(shop: Shop) -> None:
    path = plugin().write(shop.wheels)
    with pytest.raises(BrokenPipeError), shop.installer.read(str(path)):
        raise BrokenPipeError


def test_a_home_that_cannot_be_written_is_told(shop: Shop) -> None:
    (shop.home / "plugins").write_bytes(b"in the way")
    with pytest.raises(StudioError) as caught:
        shop.put(plugin())
    assert "Could not change the plugins" in caught.value.message
    assert caught.value.hint


def test_two_packages_with_one_file_are_refused_and_nothing_is_left(shop: Shop) -> None:
    one, two = package("alpha"), package("beta")
    one.files["shared/thing.py"] = two.files["shared/thing.py"] = b""
    one.write(shop.wheels)
    two.write(shop.wheels)
    before = shop.tree()
    with pytest.raises(StudioError, match="bring the same file"):
        shop.put(plugin(requires=("alpha", "beta")))
    assert shop.tree() == before


# --- versions ---------------------------------------------------------------------------------


def questions(shop: Shop, version: str, more: str = "") -> list[str]:
    with shop.installer.read(str(plugin(version=version, more=more).write(shop.wheels))) as plan:
        return list(plan.questions())


def test_an_older_version_is_never_silent(shop: Shop) -> None:
    shop.put(plugin(version="1.10"))
    assert questions(shop, "1.11") == []
    [asked] = questions(shop, "1.9")
    assert "older than 1.10" in asked


def test_what_a_new_version_asks_for_beyond_the_old_is_known(shop: Shop) -> None:
    shop.put(plugin())
    more = "permissions = { network = true, files = 'picked' }"
    with shop.installer.read(str(plugin(version="2.0", more=more).write(shop.wheels))) as plan:
        assert sorted(plan.new_permissions()) == ["files", "network"]


@pytest.mark.parametrize(
    ("count", "shown", "left_out"), [(3, 3, 0), (40, 1, 39)], ids=["few", "many"]
)
def test_of_very_many_packages_the_studio_alone_is_named(
    count: int, shown: int, left_out: int
) -> None:
    lent = [LockedPackage(f"package-{n}", "1.0") for n in range(count - 1)]
    lock = (LockedPackage("own", "1.0", "own.whl"), LockedPackage("offline-studio", "0.1"), *lent)
    names, more = Record("id", "Own", "1.0", "own", "", "", "", lock).lent_in_short
    assert (len(names), more, names[0]) == (shown, left_out, "offline-studio 0.1")


# --- enabling ---------------------------------------------------------------------------------


@pytest.fixture
def real(shop: Shop) -> Shop:
    """A shop in the real environment, which the trial needs."""
    shop.host = host_packages.look()
    return shop


def test_enabling_tries_the_plugin_and_keeps_its_schemas(real: Shop) -> None:
    real.put(plugin())
    real.installer.enable("counter")
    installed = real.store.current().plugins["counter"]
    assert installed.enabled
    assert installed.granted is not None
    assert [field["field"]["name"] for field in installed.schemas["counter.count"]["fields"]] == [
        "up_to"
    ]


@pytest.mark.parametrize("works", [True, False])
def test_one_that_runs_inside_the_studio_is_tried_with_its_window_half(
    real: Shop, works: bool
) -> None:
    draft = plugin(more='plugin = "studio_counter.plugin"\nisolation = "studio"')
    draft.files["studio_counter/plugin.py"] = (
        b"import PySide6.QtWidgets\n" if works else b"raise RuntimeError('no window today')\n"
    )
    real.put(draft)
    if works:
        real.installer.enable("counter")
        assert real.store.current().plugins["counter"].tier == machine_sandbox().tier
    else:
        with pytest.raises(StudioError, match="no window today"):
            real.installer.enable("counter")
    assert real.store.current().plugins["counter"].enabled == works


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (b"raise OSError('no luck')\n", "no luck"),
        (b"import os\nos._exit(7)\n", "exit code 7"),
        (b"import nowhere_to_be_found\n", "nowhere_to_be_found"),
        (b"def studio_tasks(): return {'counter.count': print}\n", "lacks counter.count"),
    ],
)
def test_a_plugin_that_does_not_work_stays_off(real: Shop, code: bytes, words: str) -> None:
    draft = plugin()
    draft.files["studio_counter/worker.py"] = code
    real.put(draft)
    with pytest.raises(StudioError) as caught:
        real.installer.enable("counter")
    assert words in caught.value.message
    assert not real.store.current().plugins["counter"].enabled


def test_an_update_that_does_not_work_leaves_the_old_version(real: Shop) -> None:
    real.put(plugin())
    real.installer.enable("counter")
    broken = plugin(version="1.1")
    broken.files["studio_counter/schema.py"] = b"raise ValueError('half done')\n"
    with pytest.raises(StudioError, match="half done"):
        real.put(broken)
    assert real.versions() == {"counter": "1.0"}
    assert real.store.current().plugins["counter"].enabled


def test_the_trial_sees_neither_the_network_nor_the_home(real: Shop, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    draft = plugin()
    draft.files["studio_counter/worker.py"] += (
        f"import socket\ntry:\n    open({str(secret)!r})\nexcept OSError:\n    pass\n"
        "else:\n    raise SystemExit('read a secret')\n"
        "try:\n    socket.create_connection(('127.0.0.1', 9), 1)\n"
        "except ConnectionRefusedError:\n    raise SystemExit('has the network')\n"
        "except OSError:\n    pass\n"
    ).encode()
    real.put(draft)
    if not machine_sandbox().tier:
        pytest.skip("no sandbox can be set up on this machine")
    real.installer.enable("counter")


@pytest.mark.parametrize("sandboxed", [True, False])
def test_the_trial_writes_nowhere_even_for_one_that_runs_inside_the_studio(
    real: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandboxed: bool
) -> None:
    if not sandboxed:  # the control
        monkeypatch.setattr(import_process, "machine_sandbox", lambda: Sandbox(tiers=()))
    elif not machine_sandbox().tier:
        pytest.skip("no sandbox can be set up on this machine")
    folder = tmp_path / "open"
    folder.mkdir()
    for place in (folder, *list(folder.parents)[:4]):
        with contextlib.suppress(OSError):
            place.chmod(place.stat().st_mode | 0o777)
    draft = plugin(more='isolation = "studio"')
    code = (
        f"import pathlib\ntry: pathlib.Path({str(folder / 'mark')!r}).touch()\nexcept OSError: pass"
    )
    draft.files["studio_counter/worker.py"] += code.encode()
    real.put(draft)
    real.installer.enable("counter")
    assert (folder / "mark").exists() != sandboxed


@pytest.mark.parametrize("allowed", [False, True])
def test_where_no_sandbox_stands_the_user_decides(
    real: Shop, monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    monkeypatch.setattr(import_process, "machine_sandbox", lambda: Sandbox(tiers=()))
    real.put(plugin())
    installer = Installer(real.store, needs_sandbox=not allowed)
    if allowed:
        installer.enable("counter")
        assert real.store.current().plugins["counter"].tier == ""
    else:
        with pytest.raises(StudioError, match="sandbox"):
            installer.enable("counter")
    assert real.store.current().plugins["counter"].enabled == allowed


def test_those_attempts_succeed_without_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the trial's own script, run here, imports what it is told to."""
    import json

    draft = plugin("sandboxed")
    for name, data in draft.files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    secret = tmp_path / "secret"
    secret.write_text("mine")
    (tmp_path / "studio_sandboxed/worker.py").write_text(
        f"import pathlib\nraise OSError(pathlib.Path({str(secret)!r}).read_text())\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    order = {"tasks": {}, "worker": "studio_sandboxed.worker", "plugin": ""}
    (tmp_path / "order").write_text(json.dumps(order))
    try_here(str(tmp_path / "order"), str(tmp_path / "answer"))
    assert "mine" in json.loads((tmp_path / "answer").read_text())["error"]

"""Sets of plugins: killed at any step the old or the new one is there; and the way back."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.plugins.install import store as stores
from studio.plugins.install import trial
from studio.plugins.install.installer import Installer
from studio.plugins.install.store import PluginStore
from studio.plugins.install.trial import Trial
from studio.protocol.errors import ErrorCode, StudioError
from studio.testing.guards import THOROUGH
from tests.unit.plugins.install.conftest import Shop
from tests.unit.plugins.install.wheels import Draft, package, plugin

CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate", "open")
"""What Python tells of before it happens, of all that touches a disk."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody pulls the plug here: what the kernel has taken is safe from a killed process."""
    monkeypatch.setattr(stores, "_sync_all", lambda: None)


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials, which test_installer.py tests, succeed at once."""
    monkeypatch.setattr(trial, "attempt", lambda *args, **more: Trial({}, "A"))


# --- killed ---------------------------------------------------------------------------------


def killed_at(step: int, home: Path, act: Callable[[], object]) -> bool:
    """Act in a child that dies before its change number ``step``; return whether it did."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) in (0, 9)
        return os.waitstatus_to_exitcode(status) == 9
    seen = 0

    def hook(event: str, args: tuple[object, ...]) -> None:
        nonlocal seen
        if event in CHANGES and any(str(home) in str(arg) for arg in args):
            seen += 1
            if seen == step:
                os._exit(9)

    try:
        sys.addaudithook(hook)
        act()
        os._exit(0)
    finally:
        os._exit(1)


def ready(shop: Shop, draft: Draft) -> Callable[[Installer], object]:
    """Read a wheel now, so that all that is left to do is to install it."""
    reading = shop.installer.read(str(draft.write(shop.wheels)))
    plan = reading.__enter__()

    def act(installer: Installer) -> object:
        return installer.install(plan)

    act.reading = reading  # type: ignore[attr-defined]  # lives as long as what needs it
    return act


CASES = {
    "install": (None, {}, {"counter": "2.0"}),
    "update": ("1.0", {"counter": "1.0"}, {"counter": "2.0"}),
    "enable": ("1.0", {"counter": "1.0"}, {"counter": "1.0"}),
    "remove": ("1.0", {"counter": "1.0"}, {}),
    "roll back": ("1.0 1.5", {"counter": "1.5"}, {"counter": "1.0"}),
}
SLOW = ("install", "update")
"""They have the most steps."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.faults
@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=[pytest.mark.slow] * (case in SLOW)) for case in CASES],
)
def test_killed_at_any_step_the_old_or_the_new_set_is_there(
    case: str, shop: Shop, works: None, tmp_path: Path
) -> None:
    before, old, new = CASES[case]
    for version in (before or "").split():
        shop.put(plugin(version=version))
    new_version, another = ready(shop, plugin(version="2.0")), ready(shop, plugin("poem"))
    acts: dict[str, Callable[[Installer], object]] = {
        "install": new_version,
        "update": new_version,
        "enable": lambda installer: installer.enable("counter"),
        "remove": lambda installer: installer.remove("counter"),
        "roll back": lambda installer: installer.roll_back(),
    }
    seen: list[tuple[dict[str, str], bool]] = []
    step, went_on = 1, True
    apart = 1 if THOROUGH else 3
    while went_on:
        home = tmp_path / f"home {step}"
        shutil.copytree(shop.home, home)
        there = Shop(home, shop.wheels, shop.host)
        went_on = killed_at(step, home, lambda: acts[case](there.installer))  # noqa: B023
        enabled = [at.enabled for at in there.store.current().plugins.values()]
        seen.append((there.versions(), any(enabled)))
        assert there.versions() in (old, new), f"at step {step}"
        for at in there.store.current().plugins.values():
            assert (there.store.site(at) / "studio_counter/schema.py").is_file()
            assert list(there.store.wheels(at).iterdir())
        # And what was left half done is in nobody's way.
        another(there.installer)
        assert there.versions()["poem"] == "1.0"
        assert not list((home / "plugins").glob("*.gone"))
        shutil.rmtree(home)
        step += apart
    assert step > 10, "the control: the steps were counted"
    assert seen[0] == (old, False)
    assert seen[-1] == (new, case == "enable")


# --- one change after the other ---------------------------------------------------------------


def test_removing_and_cleaning_up_leaves_the_home_as_it_was(shop: Shop, works: None) -> None:
    before = shop.tree()
    package("alpha").write(shop.wheels)
    shop.put(plugin(requires=("alpha",)))
    shop.installer.enable("counter")
    shop.put(plugin(version="1.1"))
    assert shop.tree() != before
    shop.installer.remove("counter")
    assert shop.tree() != before, "the removal can be undone"
    assert shop.installer.clean() > 0
    assert shop.tree() == before


def test_removing_one_leaves_the_others_and_their_past(shop: Shop, works: None) -> None:
    """And its own: undone, it is there as it was, on or off."""
    shop.put(plugin("poem"))
    shop.put(plugin())
    shop.installer.enable("counter")
    shop.installer.remove("counter")
    assert shop.versions() == {"poem": "1.0"}
    shop.installer.roll_back()
    assert shop.versions() == {"poem": "1.0", "counter": "1.0"}
    assert shop.store.current().plugins["counter"].enabled
    shop.installer.roll_back(1)
    assert shop.versions() == {"poem": "1.0"}
    shop.installer.clean()
    left = {path.name for path in (shop.home / "plugins/versions").iterdir()}
    assert all(name.startswith("poem-1.0-") for name in left)
    assert [each.number for each in shop.store.history()] == [6]


def test_the_first_change_can_be_undone(shop: Shop) -> None:
    shop.put(plugin())
    assert shop.installer.roll_back().change == "Went back to no plugins"
    assert shop.versions() == {}
    shop.installer.roll_back()
    assert shop.versions() == {"counter": "1.0"}
    shop.installer.clean()
    assert shop.store.earlier() is None, "what was before is not known any more"


def test_every_state_that_is_listed_can_be_gone_back_to(shop: Shop) -> None:
    for version in ("1.0", "1.1", "1.2", "1.3", "1.4"):
        shop.put(plugin(version=version))
    assert [each.number for each in shop.store.history()] == [5, 4, 3, 2, 1]
    assert shop.installer.roll_back().change == "Went back to 4"
    assert shop.versions() == {"counter": "1.3"}
    for number in range(1, 6):
        shop.installer.roll_back(number)
        assert shop.versions() == {"counter": f"1.{number - 1}"}
    with pytest.raises(StudioError, match="no state 77"):
        shop.installer.roll_back(77)
    with pytest.raises(StudioError, match="as they were in state 5"):
        shop.installer.roll_back(5)


MORE = "permissions = { network = true, library = true }"


def test_wider_permissions_are_asked_about_on_the_way_back(shop: Shop, works: None) -> None:
    shop.put(plugin(more='uses = ["chat.reply", "code.run"]'))
    shop.installer.enable("counter")
    shop.put(plugin(version="1.1", more='uses = ["chat.reply"]'))
    [wider] = shop.installer.widenings()
    assert (wider.title, wider.version, wider.new) == ("Counter", "1.0", ("uses",))
    assert shop.installer.widenings(1) == [], "there it was off"
    shop.installer.remove("counter")
    assert [each.version for each in shop.installer.widenings()] == ["1.1"]
    assert [each.version for each in shop.installer.widenings(2)] == ["1.0"]
    shop.installer.roll_back()
    shop.put(plugin(version="1.2", more=MORE))
    assert [each.new for each in shop.installer.widenings()] == [("uses",)]


def test_two_changes_at_once_are_told_apart(shop: Shop) -> None:
    with shop.store.changing(), pytest.raises(StudioError) as caught:
        shop.put(plugin())
    assert caught.value.code is ErrorCode.BUSY
    shop.put(plugin())
    assert shop.versions() == {"counter": "1.0"}


def test_what_was_planned_for_another_state_is_not_installed(shop: Shop) -> None:
    shop.put(plugin())
    path = plugin(version="2.0").write(shop.wheels)
    with shop.installer.read(str(path)) as plan:
        shop.put(plugin(version="1.5"))
        with pytest.raises(StudioError, match="changed while you were reading"):
            shop.installer.install(plan)


def test_every_change_is_in_the_log(shop: Shop, works: None) -> None:
    shop.put(plugin())
    shop.installer.enable("counter")
    lines = (shop.home / "logs/plugins.jsonl").read_text().splitlines()
    assert [json.loads(line)["did"] for line in lines] == [
        "Installed Counter 1.0",
        "Enabled Counter 1.0",
    ]


def test_a_damaged_set_gives_way_to_the_one_before(shop: Shop) -> None:
    shop.put(plugin())
    shop.put(plugin(version="1.1"))
    (shop.home / "plugins/sets/000002.json").write_text("{")
    assert shop.versions() == {"counter": "1.0"}


# --- starts ---------------------------------------------------------------------------------


def crashed_start(shop: Shop, started: bool) -> None:
    """Let a process that is gone have left its note."""
    number = shop.store.current().number
    note = {"set": number, "started": started}
    (shop.home / "journals/plugins.999999999.session").write_text(json.dumps(note))


def test_a_start_that_fails_takes_the_change_back(shop: Shop, works: None) -> None:
    shop.put(plugin())
    shop.store.begin()
    shop.store.proved()
    shop.installer.enable("counter")
    crashed_start(shop, started=False)
    failed = shop.store.begin()
    assert failed is not None
    assert failed.change == "Enabled Counter 1.0"
    assert not shop.store.current().plugins["counter"].enabled
    assert "did not start" in shop.store.current().change
    assert failed.number not in [each.number for each in shop.store.history() if not each.doomed]


def test_a_set_that_has_worked_is_not_blamed(shop: Shop, works: None) -> None:
    """The control: power cuts later on take nothing back."""
    shop.put(plugin())
    shop.installer.enable("counter")
    shop.store.begin()
    shop.store.proved()
    crashed_start(shop, started=False)
    assert shop.store.begin() is None
    assert shop.store.current().plugins["counter"].enabled


def test_a_start_that_went_well_and_a_crash_later_take_nothing_back(shop: Shop) -> None:
    shop.put(plugin())
    crashed_start(shop, started=True)
    assert shop.store.begin() is None
    assert shop.versions() == {"counter": "1.0"}


def test_what_an_open_studio_uses_stays_until_it_ends(shop: Shop) -> None:
    shop.put(plugin())
    store: PluginStore = shop.store
    store.begin()
    site = store.site(store.current().plugins["counter"])
    for version in ("1.1", "1.2", "1.3", "1.4", "1.5"):
        shop.put(plugin(version=version))
    shop.installer.remove("counter")
    shop.installer.clean()
    assert (site / "studio_counter/worker.py").is_file()
    assert len(list((shop.home / "plugins/versions").iterdir())) == 1
    store.end()
    shop.installer.clean()
    assert not (shop.home / "plugins").exists()

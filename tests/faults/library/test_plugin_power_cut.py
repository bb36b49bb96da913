"""The power goes while plugins are changed: the old or the new set is there, every byte of it."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.plugins.install import trial
from studio.plugins.install.host_packages import HostPackage, HostPackages
from studio.plugins.install.trial import Trial
from studio.protocol.errors import StudioError
from studio.testing.guards import THOROUGH
from tests.faults.tally import tried
from tests.unit.plugins.install.conftest import Shop
from tests.unit.plugins.install.wheels import Draft, plugin

sys.path.insert(0, str(Path(__file__).parent))
from disk_images import PowerCuts

pytestmark = [pytest.mark.faults, pytest.mark.slow]

SEEDS = 6 if THOROUGH else 1
OLD = {"counter": "1.5"}
SAME, NEXT, OTHER = plugin(version="1.5"), plugin(version="2.0"), plugin("poem")


def put(draft: Draft) -> Callable[[Shop], object]:
    return lambda shop: shop.put(draft)


CHANGES: dict[str, tuple[Callable[[Shop], object], dict[str, str]]] = {
    "install": (put(OTHER), {**OLD, "poem": "1.0"}),
    "update": (put(NEXT), {"counter": "2.0"}),
    "install it again": (put(SAME), OLD),
    "enable": (lambda shop: shop.installer.enable("counter"), OLD),
    "remove": (lambda shop: shop.installer.remove("counter"), {}),
    "roll back": (lambda shop: shop.installer.roll_back(), {"counter": "1.0"}),
}


@pytest.fixture(autouse=True)
def works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials, which have tests of their own, succeed at once."""
    monkeypatch.setattr(trial, "attempt", lambda *args, **more: Trial({}, "A"))


def shop_in(folder: Path) -> Shop:
    (folder / "home/journals").mkdir(parents=True)
    (folder / "wheels").mkdir()
    host = HostPackages({"offline-studio": HostPackage("offline-studio", "0.1.0")})
    return Shop(folder / "home", folder / "wheels", host)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Id and version → its files, as they are where nothing goes wrong."""
    found: dict[str, str] = {}
    for draft in (plugin(version="1.0"), SAME, NEXT, OTHER):
        shop = shop_in(tmp_path_factory.mktemp("well"))
        shop.put(draft)
        found |= files_of(shop)
    return found


def files_of(shop: Shop) -> dict[str, str]:
    """Return id and version → one word for all files that the current set runs."""
    store, found = shop.store, {}
    for id, at in store.current().plugins.items():
        digest = hashlib.sha256()
        for path in sorted(store.site(at).rglob("*")):
            data = path.read_bytes() if path.is_file() else b""
            digest.update(f"{path.relative_to(store.site(at))} {len(data)}\n".encode() + data)
        found[f"{id} {store.record(at).version}"] = digest.hexdigest()
    return found


def images_of(folder: Path, change: str, seed: int, careless: bool = False) -> list[Shop]:
    """Make the change where two versions were installed; return what cuts leave, the last after."""
    assert importlib.util.find_spec("uv"), "uv is not installed here: run the setup"
    shop, left = shop_in(folder), []
    for version in ("1.0", "1.5"):
        shop.put(plugin(version=version))
    cuts = PowerCuts(
        shop.home,
        folder / "cuts",
        lambda image: left.append(Shop(image, shop.wheels, shop.host)),
        every=1,
        seed=seed,
        careless=careless,
    )
    with pytest.MonkeyPatch.context() as patch:
        cuts.watch(patch.setattr)
        CHANGES[change][0](shop)
        cuts.cut_now()
    cuts.close()
    return left


def complaint(left: Shop, change: str, whole: dict[str, str]) -> str:
    """Start with what is left; return what is wrong, empty if it is the old set or the new one."""
    tried()
    try:
        if left.store.begin() is not None:
            return "a start was taken for one that had failed"
        versions, files = left.versions(), files_of(left)
        with left.store.changing():  # what is half done is in nobody's way
            pass
    except (StudioError, OSError) as error:
        return f"does not start: {error}"
    if versions not in (OLD, CHANGES[change][1]):
        return f"neither the old nor the new set: {versions}"
    if not files.items() <= whole.items():
        return f"files are missing or damaged: {versions}"
    if files_of(left) != files:
        return "what was half done is still used"
    remains = [*left.home.glob("plugins/*.gone"), *left.home.glob("plugins/new")]
    return f"left behind: {remains}" if remains else ""


@pytest.mark.parametrize("change", CHANGES)
def test_no_power_cut_leaves_half_a_set(tmp_path: Path, whole: dict[str, str], change: str) -> None:
    for seed in range(SEEDS):
        images = images_of(tmp_path / f"{seed}", change, seed)
        assert len(images) > 3, "the power goes at many moments"
        assert [complaint(each, change, whole) for each in images] == [""] * len(images)
        assert images[-1].versions() == CHANGES[change][1], "what was done is kept"


def test_without_syncing_the_same_cuts_leave_less(tmp_path: Path, whole: dict[str, str]) -> None:
    """The control: what was only written is really gone from the images."""
    images = images_of(tmp_path, "update", seed=1, careless=True)
    assert any(complaint(each, "update", whole) for each in images)

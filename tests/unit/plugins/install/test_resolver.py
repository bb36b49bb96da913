"""A plugin gets exactly its packages, from wheels at hand or lent; the studio's never change."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from studio.plugins.install.host_packages import HostPackages
from studio.plugins.install.resolver import Choice, resolve
from studio.plugins.install.wheel import read_wheel
from studio.protocol.errors import Cancelled, ErrorCode, StudioError
from tests.unit.plugins.install.conftest import heard
from tests.unit.plugins.install.wheels import package, plugin

pytestmark = pytest.mark.usefixtures("uv")


def answer(
    tmp_path: Path, host: HostPackages, *requires: str, in_studio: bool = False
) -> dict[str, Choice]:
    wheel = read_wheel(plugin(requires=requires).write(tmp_path), host)
    assert wheel.findings == ()
    work = tmp_path / "work"
    work.mkdir()
    chosen = resolve(wheel, [tmp_path / "pool"], host, work, heard, in_studio=in_studio)
    assert chosen[0].name == "counter"
    return {each.name: each for each in chosen}


@pytest.fixture(autouse=True)
def pool(tmp_path: Path) -> Path:
    folder = tmp_path / "pool"
    package("alpha", "2.0", requires=("beta",)).write(folder)
    package("beta", "1.0").write(folder)
    package("beta", "0.9").write(folder)
    return folder


def test_wheels_at_hand_are_chosen_with_what_they_need(tmp_path: Path, host: HostPackages) -> None:
    found = answer(tmp_path, host, "alpha")
    assert found["alpha"].wheel == tmp_path / "pool/alpha-2.0-py3-none-any.whl"
    assert found["beta"].version == "1.0"


def test_what_fits_is_lent_with_all_that_belongs_to_it(tmp_path: Path, host: HostPackages) -> None:
    found = answer(tmp_path, host, "scipy>=1.16")
    lent = {each.name: each.version for each in found.values() if each.wheel is None}
    assert lent == {
        "offline-studio": "0.1.0",
        "msgspec": "0.21.1",
        "numpy": "2.4.6",
        "scipy": "1.17.0",
    }


def test_the_studio_is_lent_without_its_engines(tmp_path: Path, host: HostPackages) -> None:
    assert "torch" not in answer(tmp_path, host)


def test_another_version_is_brought_along(tmp_path: Path, host: HostPackages, pool: Path) -> None:
    old = package("numpy", "1.26.4").write(pool)
    assert answer(tmp_path, host, "numpy<2")["numpy"].wheel == old


def test_one_that_the_studio_has_is_not_copied(
    tmp_path: Path, host: HostPackages, pool: Path
) -> None:
    package("numpy", "2.4.6").write(pool)
    assert answer(tmp_path, host, "numpy")["numpy"].wheel is None


def test_a_lent_package_is_not_fed_another_version(
    tmp_path: Path, host: HostPackages, pool: Path
) -> None:
    """numpy 1.26 in front of the studio's scipy: nobody has tested that."""
    package("numpy", "1.26.4").write(pool)
    with pytest.raises(StudioError) as caught:
        answer(tmp_path, host, "numpy<2", "scipy")
    assert "do not fit together" in caught.value.message
    assert "It needs numpy<2; the studio has numpy 2.4.6." in caught.value.message
    assert "scipy" in caught.value.details


def test_in_the_studio_no_other_version_is_chosen(
    tmp_path: Path, host: HostPackages, pool: Path
) -> None:
    package("numpy", "1.26.4").write(pool)
    with pytest.raises(StudioError) as caught:
        answer(tmp_path, host, "numpy<2", in_studio=True)
    assert caught.value.code is ErrorCode.UNSUPPORTED
    assert "2.4.6" in caught.value.message


def test_in_the_studio_only_what_it_names_is_listed(tmp_path: Path, host: HostPackages) -> None:
    assert set(answer(tmp_path, host, "scipy", in_studio=True)) == {"counter", "scipy", "numpy"}


def test_a_missing_wheel_is_named(tmp_path: Path, host: HostPackages, pool: Path) -> None:
    (pool / "beta-1.0-py3-none-any.whl").unlink()
    (pool / "beta-0.9-py3-none-any.whl").unlink()
    with pytest.raises(StudioError) as caught:
        answer(tmp_path, host, "alpha")
    assert "The wheel of “beta” is missing, which alpha needs." in caught.value.message
    assert "--find-links" in caught.value.hint


def test_source_archives_are_no_wheels(tmp_path: Path, host: HostPackages, pool: Path) -> None:
    (pool / "delta-1.0.tar.gz").write_bytes(b"setup.py would run")
    with pytest.raises(StudioError, match="delta"):
        answer(tmp_path, host, "delta")


def test_it_can_be_stopped(tmp_path: Path, host: HostPackages) -> None:
    wheel = read_wheel(plugin().write(tmp_path), host)

    def stop(words: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        resolve(wheel, [], host, tmp_path, stop)


def test_without_the_resolver_a_sentence_says_so(
    tmp_path: Path, host: HostPackages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    with pytest.raises(StudioError) as caught:
        answer(tmp_path, host)
    assert "“uv”" in caught.value.message
    assert "setup" in caught.value.hint

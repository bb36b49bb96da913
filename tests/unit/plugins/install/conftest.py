"""What tests of installing share: a studio with a few packages, and a resolver."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import pytest

from studio.plugins.install.host_packages import HostPackage, HostPackages
from studio.plugins.install.installer import Installer
from studio.plugins.install.records import PluginSet
from studio.plugins.install.store import PluginStore
from tests.unit.plugins.install.wheels import Draft


def heard(words: str) -> None:
    """Hear what is being done, and let it go on."""
    assert words


@pytest.fixture
def host() -> HostPackages:
    """A studio with numpy 2.4.6, and scipy that needs it."""
    packages = {
        "offline-studio": HostPackage("offline-studio", "0.1.0", ("torch", "msgspec>=0.19")),
        "msgspec": HostPackage("msgspec", "0.21.1"),
        "numpy": HostPackage("numpy", "2.4.6"),
        "scipy": HostPackage("scipy", "1.17.0", ("numpy>=1.26",)),
    }
    owners = {name: name for name in packages} | {"studio": "offline-studio"}
    return HostPackages(packages, owners)


@pytest.fixture
def uv() -> None:
    """The resolver, which every installed studio has."""
    assert importlib.util.find_spec("uv"), "uv is not installed here: run the setup"


@dataclass
class Shop:
    """A home with a store, and a folder of wheels to install from."""

    home: Path
    wheels: Path
    host: HostPackages

    @property
    def store(self) -> PluginStore:
        """The store as another process would see it."""
        return PluginStore(self.home / "plugins", self.home / "journals")

    @property
    def installer(self) -> Installer:
        """A new installer, as each command has."""
        return Installer(self.store, taken={"dice": "Dice"}, look=lambda: self.host)

    def put(self, draft: Draft, folder: str = "") -> PluginSet:
        """Write a wheel and install it."""
        with self.installer.read(str(draft.write(self.wheels / folder)), [self.wheels]) as plan:
            return self.installer.install(plan)

    def versions(self) -> dict[str, str]:
        """Return id → version of the current set."""
        store = self.store
        return {id: store.record(at).version for id, at in store.current().plugins.items()}

    def tree(self) -> str:
        """Return one word for all files of the home but the log, and what is in them."""
        lines = []
        for path in sorted(self.home.rglob("*")):
            if path.name not in ("plugins.lock", "plugins.jsonl"):
                data = path.read_bytes() if path.is_file() else b""
                lines.append(f"{path.relative_to(self.home)} {hashlib.sha256(data).hexdigest()}")
        return "\n".join(lines)


@pytest.fixture
def shop(tmp_path: Path, host: HostPackages, uv: None) -> Shop:
    """An empty home."""
    (tmp_path / "home/journals").mkdir(parents=True)
    (tmp_path / "home/logs").mkdir()
    (tmp_path / "wheels").mkdir()
    return Shop(tmp_path / "home", tmp_path / "wheels", host)
